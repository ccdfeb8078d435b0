"""What decides has its days: profiles, rules, covers, policy, regions, piles, owners; and beliefs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import shapely
from sqlalchemy import text

from app.accounts.models import AccountProfile
from app.audit.service import By
from app.planes import service as planes
from app.policies import service as policies

DAY = dt.date(2026, 5, 1)
LATER = dt.date(2026, 5, 20)
EVE = LATER - dt.timedelta(days=1)
WEST, EAST = shapely.box(116.0, 24.0, 116.1, 24.1), shapely.box(116.1, 24.0, 116.2, 24.1)
GRIDS = {"G1": WEST, "G2": EAST}


async def begin(world: Any, **plane: Any) -> None:
    await world.plane(**plane)
    await world.publish("lower", GRIDS)


async def now(world: Any) -> str:
    async with world.writing() as connection:
        when: dt.datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return when.isoformat()


async def explain(world: Any, account: str, at: dt.date, **asked: str) -> Any:
    answer = await world.api.get(f"/v1/accounts/{account}/explain", params={"at": at.isoformat(), **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()["planes"][0]


async def test_whom_a_plane_covers_is_asked_of_the_profile_of_the_day(world: Any) -> None:
    await begin(world, covers={"tier": ["A"]})
    await world.account("grown", 116.05, 24.05)
    await world.profile("grown", LATER, tier="A")
    async with world.writing() as connection:
        await connection.execute(
            text("UPDATE account_profiles SET valid_to = :day WHERE tier IS NULL"), {"day": LATER}
        )
    await world.assign()
    held = [await world.held("grown", day) for day in (EVE, LATER)]
    assert [(one["status"], one["grid"]) for one in held] == [("uncovered", None), ("assigned", "G1")]


async def test_rules_and_covers_change_from_a_day_on(world: Any) -> None:
    await begin(world, rules=["point"])
    await world.account("a", 116.05, 24.05, tier="B")
    await world.locks("lower", "G2", "a")
    await world.assign()
    async with world.writing() as connection:
        plane = world.planes["lower"]
        await planes.put(connection, world.api.org_id, plane, LATER, rules=["lock", "point"])
    done = await world.assign(since=LATER)
    assert [(await world.held("a", day))["grid"] for day in (DAY, EVE, LATER)] == ["G1", "G1", "G2"]
    assert done.moves == [
        {
            "before": {"status": "assigned", "rule": "point"},
            "after": {"status": "assigned", "rule": "lock"},
            "accounts": 1,
        }
    ]
    why = await explain(world, "a", EVE)
    assert (why["grid"], [step["rule"] for step in why["steps"]]) == ("G1", ["point", None])
    assert [step["rule"] for step in (await explain(world, "a", LATER))["steps"]] == ["lock", "point", None]
    again = await world.assign()
    assert (again.inserted, again.superseded, again.moves) == (0, 0, [])


async def test_the_policy_of_geocodes_decides_from_its_day_on(world: Any) -> None:
    await begin(world)
    await world.account("doubtful", 116.05, 24.05, level="village")
    await world.assign()
    async with world.writing() as connection:
        by = By(world.api.org_id, "tests", None)
        document = {"radius_m": {"village": 20_000}}
        await policies.put(connection, world.api.org_id, "geocodes", document, LATER, by)
    await world.assign(since=LATER)
    held = [await world.held("doubtful", day) for day in (EVE, LATER)]
    assert [one["status"] for one in held] == ["assigned", "quarantined"]
    assert held[1]["evidence"]["radius_m"] == 20_000


async def test_a_region_of_doubt_may_be_a_polygon(world: Any) -> None:
    await begin(world)
    await world.region("inside", shapely.box(116.05, 24.05, 116.07, 24.07))
    await world.region("across", shapely.box(116.09, 24.05, 116.11, 24.07))
    # Of their radius alone the first would be quarantined and the second assigned.
    await world.account("in", 116.0999, 24.05, level="village", region="inside")
    await world.account("over", 116.05, 24.05, level="village", radius_m=10, region="across")
    await world.assign()
    held, over = await world.held("in"), await world.held("over")
    assert (held["grid"], held["rule"], held["evidence"]) == (
        "G1", "region", {"level": "village", "region": "inside"},
    )  # fmt: skip
    assert over["status"] == "quarantined"
    assert over["evidence"] == {"level": "village", "region": "across", "grids": ["G1", "G2"]}
    (step,) = (s for s in (await explain(world, "over", DAY))["steps"] if s["rule"] == "region")
    assert "region 'across', which meets the grids G1, G2" in step["text"]


async def test_a_crowded_point_is_a_district_while_it_is_crowded_except_for_who_has_a_building(
    world: Any,
) -> None:
    await begin(world)
    await world.pile(116.05, 24.05, DAY, LATER)
    await world.pile(116.06, 24.05, DAY, verdict="genuine")
    await world.building("B", shapely.box(116.04, 24.04, 116.055, 24.055))
    await world.account("piled", 116.05, 24.05)
    await world.account("genuine", 116.06, 24.05)
    await world.account("housed", 116.05, 24.05, building="B")
    await world.assign()
    held = [await world.held("piled", day) for day in (EVE, LATER)]
    assert [one["status"] for one in held] == ["quarantined", "assigned"]
    assert held[0]["evidence"] == {"level": "district", "pile": True, "claimed": "point"}
    assert "centre of a district" in (await explain(world, "piled", EVE))["steps"][-2]["text"]
    assert (await world.held("genuine"))["rule"] == "point"
    assert (await world.held("housed"))["rule"] == "building"
    body = {"crs": "wgs84", "plane": "lower", "id": [1], "lng": [116.05], "lat": [24.05]}
    body |= {"account": ["piled"]}
    for day, status in ((EVE, "quarantined"), (LATER, "assigned")):
        asked = await world.api.post("/v1/assign", body, params={"at": day.isoformat()})
        assert asked.json()["status"] == [status]


async def test_a_moved_building_moves_with_its_customers_on_the_day(world: Any) -> None:
    await begin(world)
    await world.building("B", shapely.box(116.04, 24.04, 116.05, 24.05))
    await world.account("in", 116.045, 24.045, building="B")
    await world.assign()
    async with world.writing() as connection:
        await connection.execute(text("UPDATE building_versions SET valid_to = :day"), {"day": LATER})
    await world.stands("B", shapely.box(116.14, 24.04, 116.15, 24.05), LATER)
    await world.assign(since=LATER, buildings=["B"])
    assert [(await world.held("in", day))["grid"] for day in (DAY, EVE, LATER)] == ["G1", "G1", "G2"]
    for day, grid in ((EVE, "G1"), (LATER, "G2")):
        answer = await world.api.get("/v1/buildings/B/assignments", params={"at": day.isoformat()})
        assert answer.json()["assignments"][0]["grid"] == grid


async def test_of_two_owners_of_a_market_the_lowest_code_has_it_and_the_other_is_named(world: Any) -> None:
    await begin(world)
    await world.cluster("market")
    await world.owns("lower", "G2", "market")
    await world.owns("lower", "G1", "market", since=LATER)
    await world.account("stall", 116.15, 24.05)
    await world.joins("stall", "market")
    await world.assign()
    before, after = await world.held("stall", EVE), await world.held("stall", LATER)
    assert (before["grid"], before["evidence"]) == ("G2", {"cluster": "market"})
    assert (after["grid"], after["rule"]) == ("G1", "cluster")
    assert after["evidence"] == {"cluster": "market", "competing": [{"grid": "G2"}]}
    told = [step["text"] for step in (await explain(world, "stall", LATER))["steps"]]
    assert any("market 'market'" in one and "G2 owns the market too" in one for one in told)


async def test_why_names_the_lists_that_compete(world: Any) -> None:
    await begin(world)
    await world.party("works")
    await world.account("site", 116.05, 24.05, party_id="works")
    await world.lists("lower", "G2", party="works", name="a")
    await world.lists("lower", "G1", account="site", name="b")
    await world.assign()
    why = await explain(world, "site", DAY)
    assert (why["grid"], why["rule"]) == ("G2", "named_list")
    (step,) = (one for one in why["steps"] if one["rule"] == "named_list")
    assert "list 'a' through its party 'works'" in step["text"]
    assert "list 'b' gives it to grid G1" in step["text"]


async def test_an_explanation_is_of_what_was_believed_then(world: Any) -> None:
    await begin(world)
    await world.account("a", 116.05, 24.05)
    await world.assign()
    then = await now(world)
    await world.locks("lower", "G2", "a")
    await world.assign(accounts=["a"])
    believed, known = await explain(world, "a", DAY, known_at=then), await explain(world, "a", DAY)
    assert (believed["grid"], believed["rule"]) == ("G1", "point")
    assert (known["grid"], known["rule"]) == ("G2", "lock")
    assert then[:19] in believed["basis"][0].replace("Z", "")
    held = await world.held("a", known_at=then)
    assert (held["grid"], held["rule"]) == ("G1", "point")
    body = {"crs": "wgs84", "plane": "lower", "id": [1], "lng": [116.05], "lat": [24.05], "account": ["a"]}
    for asked, rule in (({"known_at": then}, "point"), ({}, "lock")):
        answer = (await world.api.post("/v1/assign", body, params={"at": DAY.isoformat()} | asked)).json()
        assert answer["rule"] == [rule]


async def test_many_places_are_asked_of_what_was_believed_then(world: Any) -> None:
    await world.plane(covers={"tier": ["A"]})
    unpublished = await now(world)
    await world.publish("lower", GRIDS)
    for name in ("locked", "listed", "market member", "graded"):
        await world.account(name, tier=None if name == "graded" else "A")
    then = await now(world)
    await world.building("B", shapely.box(116.14, 24.04, 116.15, 24.05))
    await world.cluster("market")
    await world.owns("lower", "G2", "market")
    await world.joins("market member", "market")
    await world.party("works")
    await world.lists("lower", "G2", party="works")
    await world.lists("lower", "G2", account="listed")
    await world.locks("lower", "G2", "locked")
    await world.end(AccountProfile, account_pk=world.accounts["graded"])
    await world.profile("graded", DAY, tier="A")
    await world.pile(116.07, 24.05, DAY)
    async with world.writing() as connection:
        await planes.put(
            connection, world.api.org_id, world.planes["lower"], DAY, covers={"tier": ["A", "B"]}
        )
        near = {"radius_m": {"village": 10}}
        await policies.put(connection, world.api.org_id, "geocodes", near, DAY, By(world.api.org_id, "t"))
    rows: list[dict[str, Any]] = [
        {"account": "locked"}, {"account": "listed"}, {"account": "market member"}, {"account": "graded"},
        {"cluster": "market"}, {"party": "works"}, {"building": "B"}, {"lng": 116.07},
        {"tier": "B"}, {"lng": 116.095, "geocode_level": "village"},
    ]  # fmt: skip
    columns = ("account", "cluster", "party", "building", "geocode_level")
    body = {"crs": "wgs84", "plane": "lower", "id": list(range(len(rows))), "lat": [24.05] * len(rows)}
    body |= {"lng": [row.get("lng", 116.05) for row in rows]}
    body |= {"tier": [None if "account" in row else row.get("tier", "A") for row in rows]}
    body |= {name: [row.get(name) for row in rows] for name in columns}

    async def ask(**asked: str) -> Any:
        answer = await world.api.post("/v1/assign", body, params={"at": DAY.isoformat(), **asked})
        assert answer.status_code == 200, answer.text
        return answer.json()

    known, believed = await ask(), await ask(known_at=then)
    assert known["rule"] == [
        "lock", "named_list", "cluster", "point", "cluster", "named_list", "building", None,
        "point", "region",
    ]  # fmt: skip
    assert believed["rule"] == ["point", "point", "point", None, *["point"] * 4, None, None]
    assert (known["status"][3], believed["status"][3]) == ("assigned", "uncovered")
    assert (known["status"][7], believed["status"][7]) == ("quarantined", "assigned")
    assert believed["status"][8:] == ["uncovered", "quarantined"]
    assert (await ask(known_at=unpublished))["plan"] is None


async def test_deciding_a_plane_again_writes_only_what_had_drifted(world: Any) -> None:
    await begin(world)
    await world.account("a", 116.05, 24.05)
    await world.account("b", 116.05, 24.05)
    await world.assign()
    await world.lists("lower", "G2", account="b", since=LATER)
    ask = {"from": DAY.isoformat()}
    done = await world.api.done(await world.api.post("/v1/planes/lower/reassign", ask))
    assert (done["accounts"], done["inserted"], done["superseded"]) == (2, 2, 1)
    assert done["moves"] == [
        {
            "before": {"status": "assigned", "rule": "point"},
            "after": {"status": "assigned", "rule": "named_list"},
            "accounts": 1,
        }
    ]
    done = await world.api.done(await world.api.post("/v1/planes/lower/reassign", ask))
    assert (done["inserted"], done["superseded"], done["moves"]) == (0, 0, [])
    assert (await world.api.post("/v1/planes/none/reassign", ask)).status_code == 404
    assert (await world.api.post("/v1/planes/lower/reassign", {})).status_code == 422
