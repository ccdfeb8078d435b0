"""Files of grids become drafts, or are refused with everything that is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest
import shapely

from tests.integration.plans.conftest import SIDE, draft, features, four, load, load_grids, loaded, square


async def test_edge_matched_grids_load_without_a_finding(city: Any) -> None:
    result = await loaded(await load_grids(city, features(four())))
    assert (result["rows"], result["accepted"], result["refused"], result["findings"]) == (4, 4, 0, [])
    plan = (await city.get(f"/v1/plans/{result['plan']}")).json()
    assert (plan["status"], plan["grids"], plan["base"]) == ("draft", 4, None)
    check = (await city.get(f"/v1/plans/{result['plan']}/check")).json()
    assert check["valid"]
    assert {finding["kind"] for finding in check["findings"]} == {"no_owner"}


async def test_grids_come_back_byte_for_byte(city: Any) -> None:
    shape = shapely.Polygon([(116.000000001, 24.1), (116.123456789, 24.1), (116.1, 24.200000003)])
    plan = await draft(city, features({"T": shape}, name={"T": "三角"}))
    answer = await city.get(f"/v1/plans/{plan}/grids")
    assert answer.headers["content-type"] == "application/geo+json"
    feature = answer.json()["features"][0]
    assert shapely.geometry.shape(feature["geometry"]).wkb == shape.wkb
    assert feature["properties"]["name"] == "三角"
    drawn = (await city.get(f"/v1/plans/{plan}/grids", params={"datum": "gcj02"})).json()
    moved = shapely.geometry.shape(drawn["features"][0]["geometry"])
    assert 300e-5 < moved.distance(shapely.Point(0, 0)) - shape.distance(shapely.Point(0, 0)) < 800e-5


WRONG = four(
    G2=square(1, 0, west=-0.00003),  # three metres over its neighbour
    G3=shapely.difference(square(0, 1), shapely.box(116.005, 24.025, 116.01, 24.03)),  # half a kilometre
)


async def test_overlaps_and_holes_are_refused_and_named(city: Any) -> None:
    answer = await load_grids(city, features(WRONG))
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["type"].endswith("/invalid-coverage")
    assert answer.headers["content-type"] == "application/problem+json"
    named = {finding["kind"]: finding for finding in problem["findings"]}
    assert named["overlap"]["codes"] == ["G1", "G2"]
    assert named["overlap"]["area_m2"] == pytest.approx(3.05 * 2215, rel=0.02)
    assert named["gap"]["codes"] == ["G3"]
    assert named["gap"]["area_m2"] == pytest.approx(508 * 554, rel=0.01)
    for finding in named.values():
        assert shapely.geometry.shape(finding["geometry"]).area > 0
    # Nothing was kept.
    assert (await city.get("/v1/plans", params={"plane": "P"})).json()["plans"] == []


async def test_the_same_grids_load_as_a_draft_that_cannot_be_validated(city: Any) -> None:
    result = await loaded(await load_grids(city, features(WRONG), on_findings="draft"))
    assert {finding["kind"] for finding in result["findings"]} == {"overlap", "gap"}
    assert not result["valid"]
    check = (await city.get(f"/v1/plans/{result['plan']}/check")).json()
    assert not check["valid"]
    blocked = await city.post(f"/v1/plans/{result['plan']}/validate", {"acknowledge": True})
    assert blocked.status_code == 422
    assert blocked.json()["type"].endswith("/invalid-plan")
    assert (await city.get(f"/v1/plans/{result['plan']}")).json()["status"] == "draft"


async def test_an_exclusion_is_no_gap(city: Any) -> None:
    lake = shapely.box(116.005, 24.025, 116.01, 24.03)
    answer = await load(city, "exclusions", ("lake.geojson", features({"L": lake})), crs="wgs84")
    assert answer.status_code == 201, answer.text
    hole = four(G3=shapely.difference(square(0, 1), lake))
    assert (await loaded(await load_grids(city, features(hole))))["findings"] == []


async def test_bad_rows_are_refused_with_reasons_and_the_rest_is_loaded(city: Any) -> None:
    rows = {
        **four(),
        "G1#again": square(5, 5),
        "empty": None,
        "line": shapely.LineString([(116, 24), (117, 24)]),
        "swapped": shapely.box(24.0, 116.0, 24.02, 116.02),
        "": square(7, 7),
    }
    answer = await load_grids(city, features(rows, owner={"G4": "nobody"}), on_findings="draft")
    result = await loaded(answer)
    assert (result["rows"], result["accepted"], result["refused"]) == (9, 3, 6)
    refused = (await city.get(f"/v1/jobs/{answer.json()['id']}/rows")).json()["rows"]
    assert [row["row"] for row in refused] == [4, 5, 6, 7, 8, 9]
    for row, said in zip(
        refused, ["'nobody'", "row 1", "missing", "LineString", "swapped", "code"], strict=True
    ):
        assert said in row["reason"]


async def test_a_polygon_over_the_antimeridian_is_refused_and_one_cut_there_is_not(city: Any) -> None:
    over = shapely.Polygon([(179, 0), (-179, 0), (-179, 1), (179, 1)])
    cut = shapely.MultiPolygon([shapely.box(179, 2, 180, 3), shapely.box(-180, 2, -179, 3)])
    answer = await load_grids(city, features({"over": over, "cut": cut}), on_findings="draft")
    assert (await loaded(answer))["accepted"] == 1
    (refused,) = (await city.get(f"/v1/jobs/{answer.json()['id']}/rows")).json()["rows"]
    assert refused["row"] == 1
    assert "cut the polygon at the antimeridian" in refused["reason"]


async def test_an_invalid_polygon_is_named_with_where_and_mended_only_when_asked(city: Any) -> None:
    bow = shapely.Polygon([(117, 24), (117.02, 24.02), (117.02, 24), (117, 24.02)])
    content = features({**four(), "BOW": bow})
    answer = await load_grids(city, content)
    assert answer.status_code == 422
    finding = next(one for one in answer.json()["findings"] if one["kind"] == "invalid")
    assert finding["codes"] == ["BOW"]
    assert shapely.geometry.shape(finding["geometry"]).equals_exact(shapely.Point(117.01, 24.01), 1e-9)

    as_is = await draft(city, content, on_findings="draft")
    kept = (await city.get(f"/v1/plans/{as_is}/grids")).json()["features"][0]
    assert shapely.geometry.shape(kept["geometry"]).wkb == bow.wkb

    result = await loaded(await load_grids(city, content, repair="valid"))
    assert result["repaired"] == 1
    assert {finding["severity"] for finding in result["findings"]} <= {"warning"}


async def test_a_code_that_the_base_has_keeps_its_identity(city: Any) -> None:
    first = await draft(city, features(four()))
    wider = four(G1=square(0, 0, east=0.001), G2=square(1, 0, west=0.001))
    second = await draft(city, features({**wider, "G5": square(2, 0)}), base=first)

    async def ids(plan: str) -> dict[str, str]:
        grids = (await city.get(f"/v1/plans/{plan}/grids")).json()["features"]
        return {one["properties"]["code"]: one["id"] for one in grids}

    before, after = await ids(first), await ids(second)
    assert {code: after[code] for code in before} == before
    assert after["G5"] not in before.values()
    diff = (await city.get(f"/v1/plans/{second}/diff")).json()
    assert (diff["against"], diff["added"], diff["removed"]) == (first, ["G5"], [])
    assert diff["reshaped"] == ["G1", "G2"]
    assert [(one["from"], one["to"]) for one in diff["land"]] == [("G2", "G1")]


async def test_area_class_and_owner_are_looked_up(city: Any) -> None:
    areas = b"code,name,class\nA1,Centre,A\nB1,County,B\n"
    people = "id,name\np1,李明\np2,王芳\n".encode()
    assert (await load(city, "areas", ("areas.csv", areas))).status_code == 201
    assert (await load(city, "people", ("people.csv", people))).status_code == 201
    content = features(
        four(),
        area={"G1": "A1", "G2": "A1", "G3": "B1", "G4": "B1"},
        owner={"G1": "p1", "G2": "李明", "G3": "p2", "G4": "王芳"},
        **{"class": {"G4": "A"}},
    )
    plan = await draft(city, content)
    grids = (await city.get(f"/v1/plans/{plan}/grids")).json()["features"]
    said = {one["properties"]["code"]: one["properties"] for one in grids}
    assert {code: one["class"] for code, one in said.items()} == {"G1": "A", "G2": "A", "G3": "B", "G4": "A"}
    assert {code: one["owner"] for code, one in said.items()} == {
        "G1": "p1",
        "G2": "p1",
        "G3": "p2",
        "G4": "p2",
    }
    check = (await city.get(f"/v1/plans/{plan}/check")).json()
    assert [(one["kind"], one["codes"]) for one in check["findings"]] == [("mixed_class", ["G4"])]


async def test_a_barrier_without_a_bridge_is_a_warning(city: Any) -> None:
    plan = await draft(city, features(four()))
    river = b'kind,geometry\nriver,"LINESTRING (115.9 24.01, 116.03 24.01)"\n'
    assert (await load(city, "barriers", ("river.csv", river), crs="wgs84")).status_code == 201
    check = (await city.get(f"/v1/plans/{plan}/check")).json()
    # The river ends in the middle of G2: there is a way round.
    assert [one["codes"] for one in check["findings"] if one["kind"] == "barrier_crossed"] == [["G1"]]


async def test_grids_of_a_list_plane_have_no_ground(city: Any) -> None:
    await city.post("/v1/planes", {"code": "L", "kind": "list", "rules": ["named_list"]})
    result = await loaded(
        await load(city, "grids", ("lists.csv", "code,name\nL1,名单\nL2,大客户\n".encode()), plane="L")
    )
    grids = (await city.get(f"/v1/plans/{result['plan']}/grids")).json()["features"]
    assert [(one["properties"]["code"], one["geometry"]) for one in grids] == [("L1", None), ("L2", None)]
    assert (await city.get(f"/v1/plans/{result['plan']}/check")).json()["valid"]


async def test_a_projected_file_stays_edge_matched(city: Any) -> None:
    import pyproj

    to = pyproj.Transformer.from_crs(4326, 32650, always_xy=True)
    cut = [116.0, 116.0 + SIDE, 116.0 + 2 * SIDE]
    projected = {
        f"U{n}": shapely.transform(
            shapely.box(cut[n], 24.0, cut[n + 1], 24.0 + SIDE),
            lambda x, y: to.transform(x, y),
            interleaved=False,
        )
        for n in range(2)
    }
    answer = await load(city, "grids", ("utm.geojson", features(projected)), crs="epsg:32650", plane="P")
    assert (await loaded(answer))["findings"] == []
