"""Jinan: above, lists and markets attack; below, grids on the ground defend the C tier of business."""

from __future__ import annotations

from typing import Any

from tests.integration.stories.conftest import DAY, Begin, Operator, ground, spot

ACCOUNTS = (
    "id,lng,lat,segment,tier,net_status,cluster,party\n"
    f"key,{spot(0.5, 0.5)},business,A,on_net,,group\n"
    f"branch,{spot(1.5, 0.5)},business,B,off_net,,group\n"
    f"stall,{spot(0.2, 0.2)},business,C,on_net,M1,\n"
    f"stall2,{spot(1.2, 0.2)},business,C,prospect,M1,\n"
    f"shop,{spot(1.7, 0.7)},business,C,on_net,,\n"
    f"firm,{spot(0.7, 0.7)},business,B,prospect,,\n"
    f"home,{spot(0.3, 0.3)},household,,on_net,,\n"
)


async def _operator(begin: Begin) -> Operator:
    jinan = await begin("two-planes")
    await jinan.publish("upper", "code,name\nL1,hunters\nL2,market team\nL3,party team\n")
    await jinan.publish("lower", f"code,name,wkt\nG1,west,{ground(0, 0)}\nG2,east,{ground(1, 0)}\n")
    await jinan.load("parties", "id,name\ngroup,Group\n")
    await jinan.load("clusters", "id,name,kind,grid\nM1,Market,wholesale market,L2\n", plane="upper")
    await jinan.load("accounts", ACCOUNTS, crs="wgs84")
    await jinan.load("named-lists", "account,grid,list,from\nkey,L1,top,2026-01-01\n", plane="upper")
    return jinan


async def test_two_planes_two_answers(begin: Begin) -> None:
    jinan = await _operator(begin)
    names = ("key", "branch", "stall", "stall2", "shop", "firm", "home")
    assert {name: await jinan.held(name, "upper") for name in names} == {
        "key": ("assigned", "L1", "named_list"),
        "branch": ("unassigned", None, None),
        "stall": ("assigned", "L2", "cluster"),
        "stall2": ("assigned", "L2", "cluster"),
        "shop": ("unassigned", None, None),
        "firm": ("unassigned", None, None),
        "home": ("uncovered", None, None),
    }
    assert {name: await jinan.held(name, "lower") for name in names} == {
        "key": ("uncovered", None, None),
        "branch": ("uncovered", None, None),
        "stall": ("assigned", "G1", "point"),
        "stall2": ("assigned", "G2", "point"),
        "shop": ("assigned", "G2", "point"),
        "firm": ("uncovered", None, None),
        "home": ("uncovered", None, None),
    }
    assert await jinan.by_status("upper") == {"assigned": 3, "unassigned": 3, "uncovered": 1}
    assert await jinan.by_status("lower") == {"assigned": 3, "uncovered": 4}
    targets = await jinan.get("/v1/accounts", plane="upper", status="unassigned", net_status="prospect")
    assert [one["id"] for one in targets["accounts"]] == ["firm"]
    for plane in ("upper", "lower"):
        await jinan.nothing_drifted(plane)


async def test_a_backdated_list_decides_again_from_its_day_and_what_was_known_stays(begin: Begin) -> None:
    jinan = await _operator(begin)
    told = await jinan.get("/v1/accounts/firm/history")
    known = max(one["recorded_at"] for one in told["assignments"])
    row = "account,grid,list,from\nfirm,L1,new,2026-02-01\n"
    result = await jinan.load("named-lists", row, plane="upper")
    assert result["accepted"] == 1
    assert await jinan.held("firm", "upper", at="2026-01-31") == ("unassigned", None, None)
    assert await jinan.held("firm", "upper", at="2026-02-01") == ("assigned", "L1", "named_list")
    assert await jinan.held("firm", "upper", at=DAY, known_at=known) == ("unassigned", None, None)
    told = await jinan.get("/v1/accounts/firm/explain", plane="upper")
    assert "L1" in str(told)


async def test_claims_that_contradict_each_other_are_listed_with_what_decided(begin: Begin) -> None:
    jinan = await _operator(begin)
    rows = "account,party,grid,list,from\nkey,,L2,zz,2026-01-01\n,group,L3,parties,2026-01-01\n"
    await jinan.load("named-lists", rows, plane="upper")
    told = await jinan.get("/v1/planes/upper/conflicts")
    found: dict[str, Any] = {one["kind"]: one for one in told["conflicts"] if one["account"] == "key"}
    assert found, told
    for one in found.values():
        assert one["assigned"]["grid"] == (await jinan.held("key", "upper"))[1]
        assert len({claim["grid"] for claim in one["claims"]}) > 1
        assert one["text"]
    assert (await jinan.held("branch", "upper"))[:2] == ("assigned", "L3")
    await jinan.nothing_drifted("upper")


async def test_covers_that_grow_take_tier_b_into_the_lower_plane_from_a_day(begin: Begin) -> None:
    jinan = await _operator(begin)
    said = {"covers": {"segment": ["business"], "tier": ["B", "C"]}, "from": "2026-04-01"}
    done = await jinan.api.done(await jinan.api.ask("PATCH", "/v1/planes/lower", json=said))
    assert done["changed"]
    assert await jinan.by_status("lower", at="2026-03-31") == {"assigned": 3, "uncovered": 4}
    assert await jinan.by_status("lower", at="2026-04-01") == {"assigned": 5, "uncovered": 2}
    assert await jinan.held("firm", "lower", at="2026-04-01") == ("assigned", "G1", "point")
    await jinan.nothing_drifted("lower")
