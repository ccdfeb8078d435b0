"""`gridwright org` and `gridwright load` on the server's machine, as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pytest

from tests.integration.conftest import Api
from tests.integration.plans.conftest import RULES, four

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def gridwright(database_url: str, tmp_path: Path) -> Run:
    """Run the command in an empty folder, on the module's database."""
    command = [sys.executable, "-c", "from app.cli import main; main()"]
    environment = {**os.environ, "GRIDWRIGHT_DATABASE_URL": database_url}

    def run(*args: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *map(str, args)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def made(gridwright: Run, client: httpx.AsyncClient) -> Api:
    """An organisation that the command has made, and its key."""
    done = gridwright("org", "create", f"company {uuid.uuid4().hex}", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert set(said) == {"org", "key"}
    return Api(client, uuid.UUID(said["org"]), said["key"])


async def test_a_new_organisation_has_a_key_that_works_and_no_plane(made: Api, gridwright: Run) -> None:
    assert (await made.get("/v1/planes")).json() == {"planes": [], "next": None}
    assert (await made.post("/v1/planes", {"code": "P", "kind": "place", "rules": RULES})).status_code == 201
    listed = json.loads(gridwright("org", "list", "--json").stdout)
    name = next(one["name"] for one in listed if one["org"] == str(made.org_id))
    again = gridwright("org", "create", name)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1)
    assert "already" in again.stderr


async def test_a_file_loads_as_it_does_over_http(made: Api, gridwright: Run, tmp_path: Path) -> None:
    await made.post("/v1/planes", {"code": "P", "kind": "place", "rules": RULES})
    grids = gpd.GeoDataFrame({"code": list(four())}, geometry=list(four().values()), crs=4326)
    grids.to_file(tmp_path / "grids.shp")
    who = ("--org", made.org_id)
    done = gridwright("load", "grids", "grids.shp", "--crs", "wgs84", "--plane", "P", "--json", *who)
    assert (done.returncode, done.stderr) == (0, "")
    job: dict[str, Any] = json.loads(done.stdout)
    assert (job["status"], job["result"]["accepted"], job["result"]["findings"]) == ("succeeded", 4, [])
    assert (await made.get(f"/v1/plans/{job['result']['plan']}")).json()["grids"] == 4
    assert (await made.get(f"/v1/jobs/{job['id']}")).json()["result"] == job["result"]

    (tmp_path / "a.csv").write_text("id,lng,lat\nA1,116.01,24.01\nA1,116.01,24.01\nA2,,24\n")
    done = gridwright("load", "accounts", "a.csv", "--crs", "wgs84", "--key", made.key)
    assert done.returncode == 0
    assert done.stdout.startswith("3 rows: 1 accepted, 2 refused")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["row 2 (A1)", "row 3 (A2)"]


async def test_what_cannot_be_loaded_is_one_line_and_changes_nothing(
    made: Api, gridwright: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text("id,lng,lat\nA1,116.01,24.01\n")
    who = ("--org", made.org_id)
    for args, words in (
        (("accounts", "a.csv", *who), "crs"),
        (("accounts", "a.csv", "--crs", "mars2", *who), "mars2"),
        (("accounts", "a.csv", "--crs", "wgs84"), "--org"),
    ):
        done = gridwright("load", *args)
        told = f"{args}: {done.stdout}{done.stderr}"
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), told
        assert words in done.stderr
    assert (await made.get("/v1/accounts/A1/assignments")).status_code == 404


async def test_an_organisation_begins_with_the_planes_and_policies_of_a_profile(
    gridwright: Run, client: httpx.AsyncClient
) -> None:
    name = f"company {uuid.uuid4().hex}"
    done = gridwright("org", "create", name, "--profile", "two-planes", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    api = Api(client, uuid.UUID(said["org"]), said["key"])
    planes = (await api.get("/v1/planes")).json()["planes"]
    assert [(one["code"], one["kind"]) for one in planes] == [("lower", "place"), ("upper", "list")]
    policy = (await api.get("/v1/policies/workload", params={"at": "2001-01-01"})).json()
    assert policy["effective"]["visits"]["C"] == 0.5
    profiles = json.loads(gridwright("org", "profiles", "--json").stdout)
    assert "two-planes" in [one["name"] for one in profiles]
    other = f"company {uuid.uuid4().hex}"
    unknown = gridwright("org", "create", other, "--profile", "three-planes")
    assert (unknown.returncode, unknown.stderr.count("\n")) == (2, 1)
    assert other not in gridwright("org", "list").stdout
