"""Outside the scope not a byte changes; inside, work is evened out as if there were nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest_asyncio
import shapely

from tests.integration.conftest import Api
from tests.integration.plans.conftest import SIDE, draft, features, load, loaded, square

# All of one class: A1 and A2 uneven beside each other, A3 and A4 above them even less even.
GRIDS = {"A1": square(0, 0), "A2": square(1, 0), "A3": square(0, 1), "A4": square(1, 1)}
NUMBER = {"A1": 160, "A2": 60, "A3": 300, "A4": 20}


def accounts(number: dict[str, int], grids: dict[str, Any]) -> bytes:
    """Customers scattered over each grid."""
    rng = np.random.default_rng(8)
    lines = ["id,lng,lat"]
    for code, count in number.items():
        west, south, east, north = grids[code].bounds
        for n in range(count):
            x, y = rng.uniform(west + 1e-4, east - 1e-4), rng.uniform(south + 1e-4, north - 1e-4)
            lines.append(f"{code}-{n},{x:.9f},{y:.9f}")
    return ("\n".join(lines) + "\n").encode()


@pytest_asyncio.fixture
async def four(api: Api) -> str:
    """A plan of four grids with customers."""
    made = await api.post("/v1/planes", {"code": "P", "kind": "place", "rules": ["building", "point"]})
    assert made.status_code == 201, made.text
    base = await draft(api, features(GRIDS))
    await loaded(await load(api, "accounts", ("a.csv", accounts(NUMBER, GRIDS)), crs="wgs84"))
    return base


async def shapes(api: Api, plan: str) -> dict[str, bytes]:
    """The ground of each grid, to the last byte."""
    found = (await api.told(f"/v1/plans/{plan}/grids"))["features"]
    return {one["properties"]["code"]: shapely.geometry.shape(one["geometry"]).wkb for one in found}


async def test_outside_the_scope_not_even_a_vertex_changes(api: Api, four: str) -> None:
    wanted = {"scope": ["A1", "A2"], "tolerance": 0.1, "time_limit": 30}
    done = await api.done(await api.post(f"/v1/plans/{four}/rebalances", wanted))
    report = done["report"]
    assert report["feasible"]
    assert {row["grid"] for row in report["grids"]} == {"A1", "A2"}
    assert all(row["target"]["customers"] == 110 for row in report["grids"])
    assert report["moved"]["customers"] >= 39

    before, after = await shapes(api, four), await shapes(api, done["plan"])
    assert (after["A3"], after["A4"]) == (before["A3"], before["A4"])
    assert after["A1"] != before["A1"]
    # No vertex that A3 and A4 lack is on their border, or the grids would not match edge by edge.
    check = await api.told(f"/v1/plans/{done['plan']}/check")
    assert [one for one in check["findings"] if one["severity"] == "error"] == []
    diff = await api.told(f"/v1/plans/{done['plan']}/diff", against=four)
    assert diff["reshaped"] == ["A1", "A2"]
    assert {(one["from"], one["to"]) for one in diff["moved"]["by"]} == {("A1", "A2")}


async def test_a_scope_of_one_grid_has_nothing_to_do(api: Api, four: str) -> None:
    done = await api.done(await api.post(f"/v1/plans/{four}/rebalances", {"scope": ["A3"]}))
    assert done["report"]["feasible"]
    assert done["report"]["moved"]["customers"] == 0
    assert await shapes(api, done["plan"]) == await shapes(api, four)


async def test_a_grid_is_added_and_another_dissolved(api: Api, four: str) -> None:
    wanted = {
        "add": [{"code": "A9", "name": "the new one"}],
        "dissolve": ["A4"],
        "tolerance": 0.15,
        "time_limit": 60,
    }
    done = await api.done(await api.post(f"/v1/plans/{four}/rebalances", wanted))
    report = done["report"]
    assert report["feasible"], report["certificates"]
    assert sorted(row["grid"] for row in report["grids"]) == ["A1", "A2", "A3", "A9"]
    found = (await api.told(f"/v1/plans/{done['plan']}/grids"))["features"]
    of = {one["properties"]["code"]: one for one in found}
    assert sorted(of) == ["A1", "A2", "A3", "A9"]
    assert of["A9"]["properties"]["name"] == "the new one"
    ground = np.array([shapely.geometry.shape(one["geometry"]) for one in found], dtype=object)
    assert shapely.coverage_is_valid(ground)
    assert abs(shapely.area(ground).sum() - 4 * SIDE**2) < 1e-12
    steps = (await api.told(f"/v1/plans/{done['plan']}/steps"))["features"]
    assert {"A9"} == {one["properties"]["to"] for one in steps if one["properties"]["to"] not in GRIDS}
    handed = await api.told(f"/v1/plans/{done['plan']}/handover/list", what="customer")
    assert len(handed["rows"]) == report["moved"]["customers"]
    assert all(row["step"] for row in handed["rows"])
    check = await api.told(f"/v1/plans/{done['plan']}/check")
    assert [one for one in check["findings"] if one["severity"] == "error"] == []
