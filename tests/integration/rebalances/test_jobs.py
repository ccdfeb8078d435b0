"""A redraw as a job: followed, finished early, cancelled, killed, and two of them at once."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app import worker
from app.plans import service as plans
from app.plans.service import GridRow
from app.storage.database import Database
from tests.integration.conftest import Api, family
from tests.integration.rebalances.conftest import PLANE, Town

ENDLESS = {"tolerance": 0.0, "weights": ["customers", "minutes"], "time_limit": 600}
"""To have every grid exactly even takes longer than a look at the job."""

LEFT = "SELECT (SELECT count(*) FROM plans), (SELECT count(*) FROM plan_steps), (SELECT count(*) FROM shapes)"


def descendants(pid: int) -> list[int]:
    """A process and all that it began, and those began."""
    children = family(pid)[1:]
    return [pid, *(one for child in children for one in descendants(child))]


def redraws(pid: int) -> bool:
    """Whether the process is one that redraws."""
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def redrawing(pid: int) -> list[int]:
    """The processes below this one that redraw."""
    return [one for one in descendants(pid)[1:] if redraws(one)]


async def seeking(api: Api, job: str) -> dict[str, Any]:
    """The job once it seeks a plan."""
    async with asyncio.timeout(120):
        while True:
            told: dict[str, Any] = await api.told(f"/v1/jobs/{job}")
            assert told["status"] in ("queued", "running"), told
            if (told["detail"] or {}).get("violation") is not None:
                return told
            await asyncio.sleep(0.05)


async def begun(api: Api, plan: str, wanted: dict[str, Any]) -> str:
    answer = await api.post(f"/v1/plans/{plan}/rebalances", wanted)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def test_progress_says_how_good_the_plan_is_so_far(town: Town) -> None:
    job = await begun(town.api, town.plan, ENDLESS)
    told = await seeking(town.api, job)
    assert told["detail"]["stage"] in ("search", "proof", "steps")
    assert {"violation", "moved_share", "bound", "estimate"} <= set(told["detail"])
    assert 0 < told["progress"] < 1
    assert (await town.api.delete(f"/v1/jobs/{job}")).status_code == 200
    events = (await town.api.get(f"/v1/jobs/{job}/events")).text
    last = json.loads(events.split("data: ")[-1].split("\r\n")[0])
    assert last["status"] == "cancelled"


async def test_finished_early_it_is_the_best_plan_so_far(town: Town) -> None:
    job = await begun(town.api, town.plan, ENDLESS)
    await seeking(town.api, job)
    # Validating changes no grid: it is no reason to begin anew.
    answer = await town.api.post(f"/v1/plans/{town.plan}/validate", {"acknowledge": True})
    assert answer.status_code == 200, answer.text
    answer = await town.api.post(f"/v1/jobs/{job}/finish")
    assert answer.status_code == 200, answer.text
    ended = await town.api.ended(job)
    assert ended["status"] == "succeeded", ended["problem"]
    report = ended["result"]["report"]
    assert report["violation"] <= report["before"]["violation"]
    assert all(row["pieces"] == 1 for row in report["grids"])
    again = await town.api.post(f"/v1/jobs/{job}/finish")
    assert (again.status_code, again.json()["type"].rsplit("/")[-1]) == (409, "job-ended")


async def test_finished_before_it_seeks_it_seeks_no_more(town: Town) -> None:
    job = await begun(town.api, town.plan, ENDLESS)
    assert (await town.api.post(f"/v1/jobs/{job}/finish")).status_code == 200
    ended = await town.api.ended(job)
    assert ended["status"] == "succeeded", ended["problem"]
    assert ended["result"]["report"]["stopped_by"] == "cancelled"


async def test_only_a_redraw_can_be_finished_early(town: Town) -> None:
    answer = await town.api.ask(
        "POST",
        "/v1/imports/accounts",
        data={"crs": "wgs84"},
        files={"file": ("a.csv", b"id,lng,lat\nx,116.1,24.3\n")},
    )
    job = answer.json()["id"]
    told = await town.api.post(f"/v1/jobs/{job}/finish")
    assert (told.status_code, told.json()["type"].rsplit("/")[-1]) == (409, "cannot-finish-early")
    await town.api.ended(job)


async def test_two_redraws_of_one_plan_at_once_do_not_disturb_each_other(
    town: Town, database: Database
) -> None:
    second = asyncio.create_task(worker.work(database))
    wanted = {"tolerance": 0.05, "seed": 3, "time_limit": 30}
    two = await asyncio.gather(*(begun(town.api, town.plan, wanted) for _ in range(2)))
    ended = await asyncio.gather(*(town.api.ended(job) for job in two))
    assert [one["status"] for one in ended] == ["succeeded", "succeeded"], ended
    reports = [one["result"]["report"] for one in ended]
    for report in reports:
        report.pop("seconds")
    assert reports[0] == reports[1]
    assert ended[0]["result"]["plan"] != ended[1]["result"]["plan"]
    ids = [await _shape_ids(database, town.api, one["result"]["plan"]) for one in ended]
    assert ids[0] == ids[1]
    second.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await second


async def _shape_ids(database: Database, api: Api, plan: str) -> dict[str, str]:
    """The shape version of each grid of a plan."""
    async with database.transaction(api.org_id) as connection:
        query = text("SELECT code, encode(shape_id, 'hex') AS shape FROM plan_grids WHERE plan_id = :plan")
        return {row.code: row.shape for row in await connection.execute(query, {"plan": plan})}


async def test_a_plan_that_changes_meanwhile_is_a_conflict(town: Town, database: Database) -> None:
    job = await begun(town.api, town.plan, ENDLESS)
    await seeking(town.api, job)
    async with database.transaction(town.api.org_id) as connection:
        plan = await plans.get(connection, uuid.UUID(town.plan))
        table = await plans.grid_table(connection, plan.plan_id)
        rows = [
            GridRow(table.grid_ids[g], code, polygon=table.geometries[g], grid_class=table.own_classes[g])
            for g, code in enumerate(table.codes[1:], 1)
        ]
        await plans.write_grids(connection, town.api.org_id, plan, rows)
    await town.api.post(f"/v1/jobs/{job}/finish")
    ended = await town.api.ended(job)
    assert (ended["status"], ended["problem"]["type"].rsplit("/")[-1]) == ("failed", "plan-changed")
    assert len((await town.api.told("/v1/plans", plane=PLANE))["plans"]) == 1


async def test_cancelled_it_leaves_nothing_and_no_process(town: Town, database: Database) -> None:
    async with database.transaction(town.api.org_id) as connection:
        before = (await connection.execute(text(LEFT))).one()
    job = await begun(town.api, town.plan, ENDLESS)
    await seeking(town.api, job)
    [child] = redrawing(os.getpid())
    assert (await town.api.delete(f"/v1/jobs/{job}")).status_code == 200
    assert (await town.api.ended(job))["status"] == "cancelled"
    async with asyncio.timeout(30):
        while Path(f"/proc/{child}").exists():
            await asyncio.sleep(0.05)
    async with database.transaction(town.api.org_id) as connection:
        assert (await connection.execute(text(LEFT))).one() == before


async def test_a_killed_child_fails_the_job_and_leaves_nothing(town: Town, database: Database) -> None:
    async with database.transaction(town.api.org_id) as connection:
        before = (await connection.execute(text(LEFT))).one()
    job = await begun(town.api, town.plan, ENDLESS)
    await seeking(town.api, job)
    [child] = redrawing(os.getpid())
    os.kill(child, signal.SIGKILL)
    ended = await town.api.ended(job)
    assert (ended["status"], ended["problem"]["type"].rsplit("/")[-1]) == ("failed", "child-died")
    async with database.transaction(town.api.org_id) as connection:
        assert (await connection.execute(text(LEFT))).one() == before
