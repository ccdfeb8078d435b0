"""Meizhou: areas of class A and B, grids evened out within each class, owners by residence and capacity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.integration.stories.conftest import Begin, Operator, ground, spot

AREAS = (
    "code,name,parent,kind,nbs_code\n"
    "MZ,Meizhou,,headquarters,\nMJ,Meijiang,MZ,branch,111\nPY,Pingyuan,MZ,branch,220\n"
)
GRIDS = (
    "code,name,area,wkt\n"
    f"MJ-01,one,MJ,{ground(0, 0, 2, 2)}\nMJ-02,two,MJ,{ground(2, 0, 2, 2)}\n"
    f"PY-01,three,PY,{ground(0, 2, 2, 2)}\nPY-02,four,PY,{ground(2, 2, 2, 2)}\n"
)
PEOPLE = (
    "id,name,area,capacity,lng,lat\n"
    f"mei,Mei,MJ,6000,{spot(1, 1)}\nlin,Lin,MJ,30000,{spot(3, 1)}\n"
    f"pan,Pan,PY,30000,{spot(1, 3)}\nyao,Yao,PY,30000,{spot(-20, 3)}\n"
)
OWNERS = "grid,person,role,from\n" + "".join(
    f"{grid},{person},owner,2026-01-01\n"
    for grid, person in {"MJ-01": "mei", "MJ-02": "lin", "PY-01": "pan", "PY-02": "yao"}.items()
)
CUSTOMERS = {"MJ-01": (0, 0, 120), "MJ-02": (2, 0, 40), "PY-01": (0, 2, 50), "PY-02": (2, 2, 50)}
EFFECTIVE = "2026-06-01"


def _accounts() -> str:
    rng = np.random.default_rng(3)
    rows = ["id,lng,lat,tier"]
    for grid, (column, row, count) in CUSTOMERS.items():
        for number, (x, y) in enumerate(rng.uniform(0.05, 1.95, (count, 2)).tolist()):
            rows.append(f"{grid}-{number},{spot(column + x, row + y)},C")
    return "\n".join(rows) + "\n"


async def _operator(begin: Begin) -> tuple[Operator, str]:
    meizhou = await begin("ab-classes")
    await meizhou.load("areas", AREAS)
    await meizhou.load("people", PEOPLE, crs="wgs84")
    plan = await meizhou.publish("grid", GRIDS)
    await meizhou.load("responsibilities", OWNERS, plane="grid")
    await meizhou.load("accounts", _accounts(), crs="wgs84")
    return meizhou, plan


async def _by(operator: Operator, by: str, **asked: Any) -> dict[str, int]:
    rows = (await operator.get("/v1/coverage/summary", plane="grid", by=by, **asked))["rows"]
    return {row[by]: row["customers"] for row in rows}


async def test_grids_have_the_class_of_their_area_and_minutes_follow(begin: Begin) -> None:
    meizhou, _ = await _operator(begin)
    assert await _by(meizhou, "grid") == {grid: count for grid, (_, _, count) in CUSTOMERS.items()}
    assert await _by(meizhou, "class") == {"A": 160, "B": 100}
    rows = (await meizhou.get("/v1/planes/grid/workload"))["rows"]
    each = {row["grid"]: (row["class"], row["visits"] / row["customers"]) for row in rows}
    assert each == {
        "MJ-01": ("A", pytest.approx(30)),
        "MJ-02": ("A", pytest.approx(30)),
        "PY-01": ("B", pytest.approx(45)),
        "PY-02": ("B", pytest.approx(45)),
    }
    travel = {row["grid"]: row["travel"] / row["customers"] for row in rows}
    assert travel["PY-01"] > travel["MJ-01"] > 0
    staff = await meizhou.get("/v1/planes/grid/staffing")
    near, far = staff["grids"][2], staff["grids"][3]
    assert near["distance_m"] < 1_500
    # Yao lives 23 sides of a grid, 23.4 km, west of the middle of the grid.
    assert far["distance_m"] == pytest.approx(23_400, rel=0.03)
    assert far["way_minutes"] > 10 * near["way_minutes"]


async def test_a_redraw_evens_out_the_town_and_leaves_the_country_as_it_is(begin: Begin) -> None:
    meizhou, plan = await _operator(begin)
    wanted = {"tolerance": 0.1, "weights": ["customers"], "seed": 3, "time_limit": 30, "within": "branch"}
    made = await meizhou.api.done(await meizhou.api.post(f"/v1/plans/{plan}/rebalances", wanted))
    report = made["report"]
    assert report["feasible"]
    moved = {(one["from"], one["to"]) for step in report["moves"] for one in step["transfers"]}
    assert moved == {("MJ-01", "MJ-02")}
    assert report["moved"]["customers"] >= 32

    await meizhou.in_force(made["plan"], EFFECTIVE)
    before, after = await _by(meizhou, "grid", at="2026-05-31"), await _by(meizhou, "grid", at=EFFECTIVE)
    assert before == {grid: count for grid, (_, _, count) in CUSTOMERS.items()}
    assert (after["PY-01"], after["PY-02"]) == (50, 50)
    assert after["MJ-01"] + after["MJ-02"] == 160
    assert 72 <= after["MJ-01"] <= 88
    assert before["MJ-01"] - after["MJ-01"] == report["moved"]["customers"]
    assert await _by(meizhou, "class", at=EFFECTIVE) == {"A": 160, "B": 100}
    load = {
        day: {one["person"]: one["load"] for one in staff["people"]}
        for day in ("2026-05-31", EFFECTIVE)
        for staff in [await meizhou.get("/v1/planes/grid/staffing", at=day)]
    }
    assert load[EFFECTIVE]["mei"] < load["2026-05-31"]["mei"]
    assert load[EFFECTIVE]["lin"] > load["2026-05-31"]["lin"]
    await meizhou.nothing_drifted("grid")


async def test_country_that_becomes_town_shows_what_it_does_before_it_is_done(begin: Begin) -> None:
    meizhou, _ = await _operator(begin)
    said = {"class": "A", "from": EFFECTIVE, "reason": "the town grows"}
    shown = await meizhou.api.post("/v1/areas/PY/reclass", said)
    assert shown.status_code == 200, shown.text
    effect = shown.json()
    assert (effect["done"], effect["class"]) == (False, {"before": "B", "after": "A"})
    (plane,) = effect["planes"]
    assert [grid["grid"] for grid in plane["grids"]] == ["PY-01", "PY-02"]
    assert plane["minutes"]["after"] < plane["minutes"]["before"]
    assert await _by(meizhou, "class", at=EFFECTIVE) == {"A": 160, "B": 100}
    done = await meizhou.api.post("/v1/areas/PY/reclass", said | {"dry_run": False})
    assert done.status_code == 200, done.text
    assert await _by(meizhou, "class", at="2026-05-31") == {"A": 160, "B": 100}
    assert await _by(meizhou, "class", at=EFFECTIVE) == {"A": 260}
