"""Redrawing a plan over HTTP: even, whole, nothing else touched, every move listed, or why it cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape

from tests.integration.conftest import Api
from tests.integration.rebalances.conftest import Town


async def _rebalanced(town: Town, **wanted: Any) -> dict[str, Any]:
    wanted = {"tolerance": 0.05, "seed": 3, "time_limit": 30} | wanted
    return await town.api.done(await town.api.post(f"/v1/plans/{town.plan}/rebalances", wanted))


async def _polygons(api: Api, plan: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/plans/{plan}/grids")
    assert answer.status_code == 200, answer.text
    return {f["properties"]["code"]: shape(f["geometry"]) for f in answer.json()["features"]}


async def test_two_uneven_grids_come_within_tolerance_and_nothing_else_changes(town: Town) -> None:
    made = await _rebalanced(town)
    report = made["report"]
    assert report["feasible"]
    assert report["violation"] <= 1 + 1e-9
    assert {row["grid"]: row["pieces"] for row in report["grids"]} == {"A1": 1, "A2": 1, "B1": 1}
    assert report["bound"]["share"] <= report["moved"]["share"]["customers"]
    assert report["moved"]["customers"] >= 55
    assert report["footprints"]["newly_cut"] == 0
    moved = {(t["from"], t["to"]) for step in report["moves"] for t in step["transfers"]}
    assert moved == {("A1", "A2")}
    listed = [unit for step in report["moves"] for t in step["transfers"] for unit in t["units"]]
    assert len(listed) == len(set(listed)) == report["moved"]["units"]

    before, after = await _polygons(town.api, town.plan), await _polygons(town.api, made["plan"])
    # A new border may meet B1's old one and leave a vertex there; B1's ground stays.
    assert shapely.symmetric_difference(before["B1"], after["B1"]).area < 1e-12
    assert set(shapely.get_coordinates(before["B1"]).view(complex).ravel()) <= set(
        shapely.get_coordinates(after["B1"]).view(complex).ravel()
    )
    shapes = np.array(list(after.values()), dtype=object)
    assert shapely.coverage_is_valid(shapes)
    assert shapely.get_num_geometries(shapes).tolist() == [1, 1, 1]
    for ground in after.values():
        cut = shapely.crosses(shapely.boundary(ground), town.footprints)
        old = np.any([shapely.crosses(shapely.boundary(g), town.footprints) for g in before.values()], axis=0)
        assert not (cut & ~old).any()

    check = (await town.api.get(f"/v1/plans/{made['plan']}/check")).json()
    assert [f for f in check["findings"] if f["severity"] == "error"] == []
    plan = (await town.api.get(f"/v1/plans/{made['plan']}")).json()
    assert plan["status"] == "draft"
    moves = (await town.api.get(f"/v1/plans/{made['plan']}/diff?against={town.plan}")).json()["moved"]
    assert moves["customers"] == report["moved"]["customers"]


async def test_the_same_request_and_seed_give_the_same_draft(town: Town) -> None:
    one, two = await _rebalanced(town), await _rebalanced(town)
    assert one["plan"] != two["plan"]
    for made in (one, two):
        made["report"].pop("seconds")
    assert one["report"] == two["report"]
    first, second = await _polygons(town.api, one["plan"]), await _polygons(town.api, two["plan"])
    assert {code: ground.wkb for code, ground in first.items()} == {
        code: ground.wkb for code, ground in second.items()
    }


async def test_everything_locked_is_infeasible_with_the_reason(town: Town) -> None:
    report = (await _rebalanced(town, locked_grids=["A1", "A2", "B1"]))["report"]
    assert not report["feasible"]
    assert report["moved"]["units"] == 0
    reasons = report["certificates"]
    assert "locks" in {reason["kind"] for reason in reasons}
    assert any("A1" in reason["grids"] for reason in reasons)


async def test_a_locked_grid_stays_as_it_is_and_is_the_reason(town: Town) -> None:
    made = await _rebalanced(town, locked_grids=["A1"])
    assert not made["report"]["feasible"]
    assert made["report"]["moved"]["customers"] == 0
    assert made["report"]["locked"]["grids"] == ["A1"]


async def test_supplied_polygons_are_the_units(town: Town) -> None:
    strips = [
        {
            "type": "Polygon",
            "coordinates": [[[w, 24.27], [w + 0.002, 24.27], [w + 0.002, 24.33], [w, 24.33], [w, 24.27]]],
        }
        for w in (116.098 + 0.002 * k for k in range(24))
    ]
    given = {"mode": "polygons", "polygons": {"type": "GeometryCollection", "geometries": strips}}
    report = (await _rebalanced(town, tolerance=0.2, units=given))["report"]
    assert report["units"]["mode"] == "polygons"
    assert report["feasible"]
    assert report["border"]["straightened"] == 0

    rows = [f'v{n},"{shape(one).wkt}",village' for n, one in enumerate(strips)]
    await town.api.load("regions", "\n".join(["id,geometry,kind", *rows]), crs="wgs84")
    again = (await _rebalanced(town, tolerance=0.2, units={"regions": "village"}))["report"]
    assert {name: again[name] for name in ("units", "grids", "moves")} == {
        name: report[name] for name in ("units", "grids", "moves")
    }


async def test_a_frontier_is_several_drafts_none_dominated(town: Town) -> None:
    made = await _rebalanced(town, frontier=4)
    rows = made["report"]["frontier"]
    assert len(made["plans"]) == len(rows) == len(made["report"]["plans"]) >= 2
    for a in rows:
        for b in rows:
            better = a["share"] <= b["share"] and a["violation"] <= b["violation"]
            assert a is b or not (better and a["polsby_popper"] >= b["polsby_popper"])


async def test_wrong_requests_are_refused_with_what_to_do(town: Town) -> None:
    path = f"/v1/plans/{town.plan}/rebalances"
    for wanted, kind in (
        ({"weights": ["customers", "customers"]}, "invalid-weights"),
        ({"weights": ["customers", "minutes"], "tolerance": {"customers": 0.1}}, "invalid-tolerance"),
        ({"tolerance": -1}, "invalid-request"),
        ({"speed": 3}, "invalid-request"),
        ({"scope": []}, "invalid-request"),
        ({"scope": ["Z9"]}, "unknown-grid"),
        ({"locked_grids": ["Z9"]}, "unknown-grid"),
        ({"dissolve": ["Z9"]}, "unknown-grid"),
        ({"dissolve": ["A1"], "locked_grids": ["A1"]}, "locked-and-dissolved"),
        ({"dissolve": ["A1"], "scope": ["A2", "B1"]}, "outside-scope"),
        ({"add": [{"code": "A1", "class": "A"}]}, "duplicate-code"),
        ({"add": [{"code": "A9"}]}, "missing-class"),
        ({"add": [{"code": "A9", "class": ""}]}, "no-ground"),
        ({"add": [{"code": "A9", "area": "nowhere"}]}, "unknown-area"),
        ({"weights": ["revenue"]}, "unknown-measure"),
        ({"within": "branch"}, "unknown-area-kind"),
    ):
        answer = await town.api.post(path, wanted)
        assert (answer.status_code, answer.json()["type"].rsplit("/")[-1]) == (422, kind), answer.text
    line = {"type": "LineString", "coordinates": [[116.1, 24.3], [116.2, 24.4]]}
    for wanted, kind in (
        ({"units": {"mode": "polygons"}}, "not-polygons"),
        ({"units": {"regions": "village"}}, "not-polygons"),
        ({"units": {"mode": "h3", "regions": "village"}}, "not-polygons"),
        ({"locked_land": {"polygons": {"geometries": [line]}}}, "not-polygons"),
        ({"locked_buildings": ["b9999"]}, "unknown-building"),
    ):
        job = await town.api.ended((await town.api.post(path, wanted)).json()["id"])
        assert job["status"] == "failed"
        assert (job["problem"]["status"], job["problem"]["type"].rsplit("/")[-1]) == (422, kind), job


async def test_another_organisation_s_plan_is_not_there(town: Town, new_org: Any) -> None:
    stranger = await new_org()
    answer = await stranger.post(f"/v1/plans/{town.plan}/rebalances", {})
    assert answer.status_code == 404
