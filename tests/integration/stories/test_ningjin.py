"""Ningjin: markets first, then the ground; the finest grids, one person each; everybody, on-net or not."""

from __future__ import annotations

import pytest

from tests.integration.stories.conftest import DAY, Begin, Operator, ground, spot

GRIDS = "code,name,wkt,owner\n" + "".join(
    f"NJ-{column + 4 * row + 1:03d},grid,{ground(column, row)},p{column + 4 * row + 1}\n"
    for row in range(2)
    for column in range(4)
)
"""Eight grids in two rows of four."""
PEOPLE = "id,name,capacity,lng,lat\n" + "".join(f"p{n},p{n},10000,{spot(0.5, 0.5)}\n" for n in range(1, 9))
ACCOUNTS = (
    "id,lng,lat,tier,net_status,building,cluster,prospects\n"
    f"stall1,{spot(0.5, 0.5)},C,on_net,,M1,\n"
    f"stall2,{spot(3.5, 1.5)},C,off_net,,M1,\n"
    f"tenant1,{spot(1.98, 0.5)},C,on_net,B1,,\n"
    f"tenant2,{spot(2.02, 0.5)},C,on_net,B1,,\n"
    f"tenant3,{spot(2.02, 0.5)},C,off_net,B1,,\n"
    f"shop,{spot(2.5, 0.5)},B,off_net,,,\n"
    f"hope,{spot(2.5, 1.5)},,prospect,,,2\n"
    f"vague,{spot(1.0, 0.5)},,prospect,,,\n"
)


async def _operator(begin: Begin) -> Operator:
    ningjin = await begin("single-plane")
    await ningjin.load("people", PEOPLE, crs="wgs84")
    await ningjin.publish("grid", GRIDS)
    owners = "".join(f"NJ-{n:03d},p{n},owner,2026-01-01\n" for n in range(1, 9))
    await ningjin.load("responsibilities", "grid,person,role,from\n" + owners, plane="grid")
    house = ground(1.9, 0.4, 0.3, 0.2)
    await ningjin.load("buildings", f"id,wkt,households,ports,ports_used\nB1,{house},4,8,2\n", crs="wgs84")
    await ningjin.load("clusters", "id,name,kind,grid\nM1,Market,wholesale market,NJ-008\n", plane="grid")
    await ningjin.load("accounts", ACCOUNTS, crs="wgs84")
    return ningjin


async def test_the_market_has_its_stalls_the_building_its_tenants_the_ground_the_rest(begin: Begin) -> None:
    ningjin = await _operator(begin)
    names = [line.split(",")[0] for line in ACCOUNTS.splitlines()[1:]]
    assert {name: (await ningjin.held(name, "grid"))[1:] for name in names} == {
        "stall1": ("NJ-008", "cluster"),
        "stall2": ("NJ-008", "cluster"),
        # Two thirds of the building are in the third grid, and the tenant behind the border follows it.
        "tenant1": ("NJ-003", "building"),
        "tenant2": ("NJ-003", "building"),
        "tenant3": ("NJ-003", "building"),
        "shop": ("NJ-003", "point"),
        "hope": ("NJ-007", "point"),
        "vague": ("NJ-001", "point"),
    }
    assert await ningjin.by_status("grid") == {"assigned": 8}
    building = await ningjin.get("/v1/buildings/B1")
    assert "NJ-002" in str(building)
    sums = (await ningjin.get("/v1/markets/penetration", plane="grid", by="building"))["total"]
    assert (sums["households"], sums["on_net"], sums["buildings_with_any"]) == (4, 2, 1)
    assert sums["penetration"] == pytest.approx(0.5)
    assert sums["port_use"] == pytest.approx(0.25)


async def test_one_person_owns_a_grid_and_a_second_is_refused_with_the_first(begin: Begin) -> None:
    ningjin = await _operator(begin)
    staff = await ningjin.get("/v1/planes/grid/staffing")
    assert {row["grid"]: row["owner"] for row in staff["grids"]} == {
        f"NJ-{n:03d}": f"p{n}" for n in range(1, 9)
    }
    assert staff["without_owner"] == []
    assert staff["over_capacity"] == []
    rows = "grid,person,role,from\nNJ-001,p1,owner,2026-02-01\nNJ-001,p2,owner,2026-02-01\n"
    done = await ningjin.load("responsibilities", rows, plane="grid")
    assert done["refused"] >= 1
    assert all("row" in why for why in done["why"].values()), done["why"]


async def test_a_new_owner_of_the_market_takes_its_stalls_and_nothing_else(begin: Begin) -> None:
    ningjin = await _operator(begin)
    rows = "id,name,kind,grid\nM1,Market,wholesale market,NJ-001\n"
    await ningjin.load("clusters", rows, plane="grid", since="2026-02-15")
    assert await ningjin.held("stall2", "grid", at="2026-02-14") == ("assigned", "NJ-008", "cluster")
    assert await ningjin.held("stall2", "grid") == ("assigned", "NJ-001", "cluster")
    assert await ningjin.held("shop", "grid") == ("assigned", "NJ-003", "point")
    await ningjin.nothing_drifted("grid")


async def test_a_building_that_moves_takes_its_customers_from_that_day(begin: Begin) -> None:
    ningjin = await _operator(begin)
    house = ground(0.2, 1.2, 0.3, 0.2)
    await ningjin.load("buildings", f"id,wkt\nB1,{house}\n", crs="wgs84", since="2026-02-15")
    assert (await ningjin.held("tenant1", "grid", at="2026-02-14"))[1] == "NJ-003"
    assert (await ningjin.held("tenant1", "grid", at=DAY))[1] == "NJ-005"
    await ningjin.nothing_drifted("grid")
