"""Every customer and building that a redraw moves is listed with its step, from whom and to whom."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import pytest
import shapely

from tests.integration.rebalances.conftest import PLANE, Town

WANTED = {"tolerance": 0.05, "seed": 3, "time_limit": 30}


async def _all(town: Town, plan: str, limit: int, **asked: Any) -> list[dict[str, Any]]:
    """The whole list, page by page."""
    rows: list[dict[str, Any]] = []
    token = None
    while True:
        page = await town.api.told(
            f"/v1/plans/{plan}/handover/list", limit=limit, **asked, **({"token": token} if token else {})
        )
        rows += page["rows"]
        token = page["next"]
        if token is None:
            return rows
        assert len(page["rows"]) == limit


async def test_steps_of_a_redraw_are_handed_over_one_by_one(town: Town) -> None:
    await town.api.load("people", "id,name\np1,Li\np2,Wang\n")
    await town.api.load("responsibilities", "grid,person,role\nA1,p1,owner\nA2,p2,owner\n", plane=PLANE)
    done = await town.api.done(await town.api.post(f"/v1/plans/{town.plan}/rebalances", WANTED))
    plan, report = done["plan"], done["report"]
    rows = await _all(town, plan, 7)
    assert rows == await _all(town, plan, 10_000)
    keys = [(row["step"], row["what"], row["id"]) for row in rows]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)

    # What each step moves, as the report counts it; and in all what the plain comparison counts.
    steps = [step["step"] for step in report["moves"]]
    assert len(steps) > 1
    for what, name in (("customer", "customers"), ("building", "buildings")):
        counted = Counter(row["step"] for row in rows if row["what"] == what)
        assert [counted[step] for step in steps] == [step[name] for step in report["moves"]]
        assert sum(counted.values()) == report["moved"][name] > 0
    minutes = sum(step["minutes"] for step in report["moves"])
    assert minutes == pytest.approx(report["moved"]["minutes"], abs=0.001 * len(steps))
    diff = (await town.api.told(f"/v1/plans/{plan}/diff"))["moved"]
    assert (diff["customers"], diff["buildings"]) == (
        report["moved"]["customers"],
        report["moved"]["buildings"],
    )

    # From whom to whom, and a customer goes with its building.
    persons = {(row["from"]["person_name"], row["to"]["person_name"]) for row in rows}
    assert persons == {("Li", "Wang")}
    step_of = {row["id"]: row["step"] for row in rows if row["what"] == "building"}
    housed = [row for row in rows if row["what"] == "customer" and row["building"]]
    assert housed
    assert all(row["step"] == step_of[row["building"]] for row in housed)

    one = steps[1]
    some = await _all(town, plan, 1_000, step=one, what="customer")
    assert some == [row for row in rows if (row["step"], row["what"]) == (one, "customer")]
    assert await _all(town, plan, 1_000, grid="B1") == []
    assert len(await _all(town, plan, 1_000, grid="A2")) == len(rows)

    await _is_a_table_too(town, plan, len(rows))

    # Each moved customer stands on the ground that its step moves.
    lands = (await town.api.told(f"/v1/plans/{plan}/steps"))["features"]
    assert {one["properties"]["step"] for one in lands} == set(steps)
    ground = {one["properties"]["step"]: shapely.geometry.shape(one["geometry"]) for one in lands}
    for row in housed[:5]:
        foot = town.footprints[int(row["building"][1:]) // 4]
        assert shapely.dwithin(ground[row["step"]], shapely.point_on_surface(foot), 1e-6)


async def _is_a_table_too(town: Town, plan: str, number: int) -> None:
    path = f"/v1/plans/{plan}/handover/list"
    answer = await town.api.get(path, params={"format": "csv", "limit": 5})
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 5
    assert list(rows[0])[:6] == ["step", "what", "id", "name", "building", "from_grid"]
    assert {(row["from_grid"], row["to_person_name"]) for row in rows} == {("A1", "Wang")}
    more = await town.api.get(path, params={"format": "csv", "token": answer.headers["Gridwright-Next"]})
    rest = list(csv.DictReader(io.StringIO(more.content.decode("utf-8-sig"))))
    assert len(rows) + len(rest) == number


async def test_without_a_redraw_no_step_moves_anything(town: Town) -> None:
    made = await town.api.post("/v1/plans", {"plane": PLANE, "base": town.plan, "name": "a copy"})
    listed = await town.api.told(f"/v1/plans/{made.json()['id']}/handover/list")
    assert listed["rows"] == []
    assert (await town.api.told(f"/v1/plans/{made.json()['id']}/steps"))["features"] == []
    wrong = await town.api.get(f"/v1/plans/{town.plan}/handover/list", params={"token": "nonsense"})
    assert wrong.status_code == 422
