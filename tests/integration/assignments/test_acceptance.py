"""Whose is this customer: each behaviour an operator relies on, asked over HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import shapely
from sqlalchemy import text

DAY = dt.date(2026, 5, 1)
WEST, EAST = shapely.box(116.0, 24.0, 116.1, 24.1), shapely.box(116.1, 24.0, 116.2, 24.1)
GRIDS = {"G1": WEST, "G2": EAST}
ACROSS = shapely.box(116.0998, 24.05, 116.1004, 24.051)
"""A third of it is in the west."""


async def test_a_customer_on_a_shared_edge_has_the_lowest_code_whatever_the_order(world: Any) -> None:
    await world.plane("lower")
    await world.plane("other")
    await world.publish("lower", GRIDS)
    await world.publish("other", dict(reversed(GRIDS.items())))
    await world.account("edge", 116.1, 24.05)
    for plane in ("lower", "other"):
        await world.assign(plane)
        held = await world.held("edge", plane=plane)
        assert (held["grid"], held["tie"], held["rule"]) == ("G1", True, "point")
        assert held["evidence"] == {"on_edge_of": ["G1", "G2"]}


async def test_on_a_shared_edge_the_buildings_grid_goes_before_the_lowest_code(world: Any) -> None:
    await world.plane(rules=["point"])
    await world.publish("lower", GRIDS)
    await world.building("B", ACROSS)
    await world.account("edge", 116.1, 24.0505, building="B")
    await world.assign()
    held = await world.held("edge")
    assert (held["grid"], held["tie"], held["rule"]) == ("G2", True, "point")


async def test_a_building_across_a_border_has_one_grid_and_its_customers_follow(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    await world.building("B/1 栋", ACROSS)
    for name, lng in (("west", 116.0999), ("east", 116.1003)):
        await world.account(name, lng, 24.0505, building="B/1 栋")
    await world.assign()
    answer = await world.api.get("/v1/buildings/B/1 栋/assignments", params={"at": "2026-05-01"})
    building = answer.json()["assignments"][0]
    assert (building["grid"], building["share"]) == ("G2", pytest.approx(2 / 3))
    assert building["evidence"]["shares"] == pytest.approx({"G1": 1 / 3, "G2": 2 / 3})
    for name in ("west", "east"):
        held = await world.held(name)
        assert (held["grid"], held["rule"]) == ("G2", "building")
        assert held["evidence"]["building"] == "B/1 栋"


async def test_a_point_outside_has_no_grid_but_a_nearest_and_a_distance(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    lng = 116.2 + 500 / 101_700
    await world.account("out", lng, 24.05)
    await world.assign()
    held = await world.held("out")
    assert (held["status"], held["grid"], held["evidence"]["nearest"]) == ("outside", None, "G2")
    assert held["evidence"]["distance_m"] == pytest.approx(500, abs=5)
    params = {"lng": lng, "lat": 24.05, "crs": "wgs84", "plane": "lower"}
    located = (await world.api.get("/v1/locate", params=params)).json()
    assert located["grid"] is None
    assert located["nearest"] == {"code": "G2", "distance_m": held["evidence"]["distance_m"]}


async def test_a_coarse_geocode_is_decided_only_where_its_whole_region_lies_in_one_grid(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    await world.account("inside", 116.05, 24.05, level="village")
    await world.account("crossing", 116.095, 24.05, level="village")
    await world.account("narrow", 116.095, 24.05, level="village", radius_m=300)
    await world.account("district", 116.05, 24.05, level="district")
    await world.assign()
    inside, crossing = await world.held("inside"), await world.held("crossing")
    assert (inside["status"], inside["grid"], inside["rule"]) == ("assigned", "G1", "region")
    assert (crossing["status"], crossing["grid"]) == ("quarantined", None)
    assert crossing["evidence"] == {"level": "village", "radius_m": 1000, "grids": ["G1", "G2"]}
    assert (await world.held("narrow"))["rule"] == "region"
    assert (await world.held("district"))["status"] == "quarantined"


async def test_a_stall_in_one_grid_whose_market_another_owns_goes_with_the_market(world: Any) -> None:
    await world.plane("lower", rules=["cluster", "building", "point"])
    await world.publish("lower", GRIDS)
    await world.cluster("market")
    await world.owns("lower", "G2", "market")
    await world.account("stall", 116.05, 24.05)
    await world.joins("stall", "market")
    await world.assign()
    held = await world.held("stall")
    assert (held["grid"], held["rule"]) == ("G2", "cluster")
    assert held["evidence"] == {"cluster": "market"}


async def test_two_planes_give_a_customer_two_owners(world: Any) -> None:
    await world.plane("upper", "list", ["named_list", "cluster"])
    await world.plane("lower", rules=["building", "point"])
    await world.publish("upper", {"G2": None})
    await world.publish("lower", GRIDS)
    await world.account("stall", 116.05, 24.05)
    await world.account("shop", 116.05, 24.05)
    await world.lists("upper", "G2", account="stall")
    for plane in ("upper", "lower"):
        await world.assign(plane)
    answer = await world.api.get("/v1/accounts/stall/assignments", params={"at": "2026-05-01"})
    by_plane = {row["plane"]: (row["grid"], row["rule"]) for row in answer.json()["assignments"]}
    assert by_plane == {"lower": ("G1", "point"), "upper": ("G2", "named_list")}
    assert (await world.held("shop", plane="upper"))["status"] == "unassigned"


async def test_a_household_is_not_covered_by_a_business_plane(world: Any) -> None:
    await world.plane(covers={"segment": ["business"], "tier": [], "net_status": []})
    await world.publish("lower", GRIDS)
    await world.account("home", 116.05, 24.05, segment="household")
    await world.account("shop", 116.05, 24.05, segment="business")
    await world.assign()
    assert (await world.held("home"))["status"] == "uncovered"
    assert (await world.held("shop"))["grid"] == "G1"
    summary = (await world.api.get("/v1/coverage/summary", params={"plane": "lower", "at": DAY})).json()
    assert summary["total"]["by_status"] == {
        "assigned": 1, "outside": 0, "quarantined": 0, "uncovered": 1, "unassigned": 0,
    }  # fmt: skip
    assert [(row["grid"], row["customers"]) for row in summary["rows"]] == [("G1", 1), ("G2", 0)]


async def test_of_two_lists_the_first_by_name_decides_and_the_other_is_told(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    await world.party("works")
    await world.account("site", 116.05, 24.05, party_id="works")
    await world.lists("lower", "G2", party="works", name="a list")
    await world.lists("lower", "G1", account="site", name="b list")
    await world.assign()
    held = await world.held("site")
    assert (held["grid"], held["rule"]) == ("G2", "named_list")
    assert held["evidence"] == {
        "list": "a list",
        "party": "works",
        "competing": [{"list": "b list", "grid": "G1"}],
    }


async def test_a_lock_goes_before_everything(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    await world.account("held", 116.05, 24.05)
    await world.lists("lower", "G1", account="held")
    await world.locks("lower", "G2", "held", until=dt.date(2026, 6, 1))
    await world.assign()
    assert [(await world.held("held", at=day))["rule"] for day in (DAY, dt.date(2026, 6, 1))] == [
        "lock",
        "named_list",
    ]


async def test_a_later_plan_answers_from_its_day_and_a_customer_it_leaves_costs_nothing(world: Any) -> None:
    june = dt.date(2026, 6, 1)
    await world.plane()
    first = await world.publish("lower", GRIDS)
    narrow = {"G1": shapely.box(116.0, 24.0, 116.05, 24.1), "G2": shapely.box(116.05, 24.0, 116.2, 24.1)}
    await world.publish("lower", narrow, june, base=first)
    await world.account("moved", 116.07, 24.05)
    await world.account("left", 116.02, 24.05)
    done = await world.assign()
    assert done.inserted == 3
    assert (await world.held("moved", dt.date(2026, 5, 31)))["grid"] == "G1"
    assert (await world.held("moved", june))["grid"] == "G2"
    left = await world.held("left", june)
    assert (left["grid"], left["from"], left["to"]) == ("G1", "2026-05-01", None)
    for at, code in (("2026-05-31", "G1"), ("2026-06-01", "G2")):
        params = {"lng": 116.07, "lat": 24.05, "crs": "wgs84", "plane": "lower", "at": at}
        assert (await world.api.get("/v1/locate", params=params)).json()["grid"]["code"] == code


async def test_a_correction_leaves_what_was_known_before(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    await world.account("a", 116.05, 24.05)
    await world.assign()
    async with world.writing() as connection:
        then = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    await world.lists("lower", "G2", account="a", since=dt.date(2026, 5, 10))
    await world.assign(since=dt.date(2026, 5, 10), accounts=["a"])
    day = dt.date(2026, 5, 20)
    assert (await world.held("a", day))["grid"] == "G2"
    before = await world.held("a", day, known_at=then.isoformat())
    assert (before["grid"], before["to"]) == ("G1", None)
    assert (await world.held("a", dt.date(2026, 5, 9)))["grid"] == "G1"
    assert await world.held("a", day, known_at="2026-01-01") is None


async def test_before_a_place_or_a_plan_there_is_no_assignment(world: Any) -> None:
    await world.plane()
    params = {"lng": 116.05, "lat": 24.05, "crs": "wgs84", "plane": "lower", "at": "2026-04-30"}
    await world.publish("lower", GRIDS)
    await world.account("early", 116.05, 24.05, dt.date(2020, 1, 1))
    await world.account("late", 116.05, 24.05, dt.date(2026, 5, 10))
    await world.assign(since=dt.date(2020, 1, 1))
    assert await world.held("early", dt.date(2026, 4, 30)) is None
    assert (await world.held("early"))["grid"] == "G1"
    assert await world.held("late", dt.date(2026, 5, 9)) is None
    assert (await world.held("late", dt.date(2026, 5, 10)))["grid"] == "G1"
    located = (await world.api.get("/v1/locate", params=params)).json()
    assert (located["grid"], located["plan"], located["nearest"]) == (None, None, None)


async def test_an_explanation_names_every_rule_in_order(world: Any) -> None:
    await world.plane(rules=["lock", "cluster", "point"])
    await world.publish("lower", GRIDS)
    await world.account("网点/1", 116.05, 24.05)
    await world.assign()
    answer = await world.api.get("/v1/accounts/网点/1/explain", params={"at": "2026-05-01"})
    told = answer.json()["planes"][0]
    assert (told["status"], told["grid"], told["rule"]) == ("assigned", "G1", "point")
    assert [(step["rule"], step["outcome"]) for step in told["steps"]] == [
        ("lock", "passed"),
        ("cluster", "passed"),
        ("point", "decided"),
        (None, "assigned"),
    ]


async def test_an_account_of_another_organisation_is_not_found(world: Any, new_org: Any) -> None:
    await world.account("a", 116.05, 24.05)
    other = await new_org()
    assert (await other.get("/v1/accounts/a/assignments")).status_code == 404
