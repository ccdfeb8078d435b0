"""Many customers at one identical point are a coarse geocode, over the days on which they are many."""

import datetime as dt
import random

from app.geocodes import repository
from app.geocodes import service as geocodes

CENTRE = (116.005, 24.005)
SINCE = "2026-05-01"
FOOTPRINT = "POLYGON((116.0049 24.0049,116.0051 24.0049,116.0051 24.0051,116.0049 24.0051,116.0049 24.0049))"


async def test_a_crowd_at_one_point_is_a_pile_while_it_is_there(ground):
    await ground.crowd("a", "b")
    assert await ground.piles() == []
    assert await ground.held("a") == ("assigned", "G1")

    await ground.crowd("c", since="2026-06-01")
    (pile,) = await ground.piles("2026-06-01")
    assert (pile["lng"], pile["lat"]) == CENTRE
    assert (pile["verdict"], pile["customers"], pile["at_point"]) == ("coarse", 3, 3)
    assert (pile["from"], pile["to"]) == ("2026-06-01", None)
    assert await ground.piles("2026-05-31") == []
    assert [await ground.held(who, "2026-06-01") for who in "abc"] == [("quarantined", None)] * 3
    assert await ground.held("a", "2026-05-31") == ("assigned", "G1")

    await ground.crowd("b", at=(116.015, 24.005), since="2026-07-01")
    assert await ground.piles("2026-07-01") == []
    (pile,) = await ground.piles("2026-06-30")
    assert pile["to"] == "2026-07-01"
    assert await ground.held("a", "2026-06-30") == ("quarantined", None)
    assert await ground.held("a", "2026-07-01") == ("assigned", "G1")
    assert await ground.held("b", "2026-07-01") == ("assigned", "G2")


async def test_crowds_are_found_slice_by_slice_of_what_is_asked(ground, monkeypatch):
    monkeypatch.setattr(repository, "_SLICE", 1)
    other = (116.015, 24.005)
    await ground.crowd("a", "b", "c")
    await ground.crowd("d", "e", "f", at=other)
    assert sorted((pile["lng"], pile["customers"]) for pile in await ground.piles()) == [
        (CENTRE[0], 3),
        (other[0], 3),
    ]
    await ground.crowd("c", at=other)
    assert [(pile["lng"], pile["at_point"]) for pile in await ground.piles()] == [(other[0], 4)]


async def test_a_crowd_that_grows_is_the_pile_that_is_known(ground):
    await ground.crowd("a", "b", "c")
    before = await ground.piles()
    await ground.crowd("d", "e")
    after = await ground.piles()
    assert [{**pile, "at_point": 0} for pile in before] == [{**pile, "at_point": 0} for pile in after]
    assert after[0]["at_point"] == 5
    assert await ground.held("e") == ("quarantined", None)


async def test_what_was_believed_before_stays_known(ground, api):
    await ground.crowd("a", "b")
    earlier = (await api.get("/v1/accounts/a/assignments", params={"at": SINCE})).json()
    async with ground.database.transaction(api.org_id) as connection:
        moment = (await connection.exec_driver_sql("SELECT clock_timestamp()")).scalar_one().isoformat()
    await ground.crowd("c")
    assert await ground.held("a") == ("quarantined", None)
    assert await ground.held("a", known_at=moment) == ("assigned", "G1")
    assert await ground.piles(known_at=moment) == []
    assert len(earlier["assignments"]) == 1


async def test_whatever_they_claim_but_not_the_middle_of_one_village(ground):
    await ground.crowd("a", level="point")
    await ground.crowd("b", level="building")
    await ground.crowd("c", level="street")
    assert [await ground.held(who) for who in "abc"] == [("quarantined", None)] * 3
    village = (116.0121, 24.005)
    await ground.crowd("v", "w", "x", at=village, level="street")
    assert len(await ground.piles()) == 1
    assert await ground.held("v") == ("assigned", "G2"), "its 200 m are within G2"


async def test_a_tower_is_no_pile(ground):
    await ground.load("buildings", f'id,wkt\nT,"{FOOTPRINT}"\n', since=SINCE)
    await ground.crowd("a", "b", "c")
    assert await ground.piles() == []
    assert await ground.held("a") == ("assigned", "G1")


async def test_customers_of_a_building_are_no_crowd(ground):
    await ground.load("buildings", f"id,lng,lat\nT,{CENTRE[0]},{CENTRE[1]}\n", since=SINCE)
    rows = "".join(f"{who},{CENTRE[0]},{CENTRE[1]},T\n" for who in "abc")
    await ground.load("accounts", "id,lng,lat,building\n" + rows, since=SINCE)
    assert await ground.piles() == []


async def test_a_footprint_that_comes_later_ends_the_pile(ground):
    await ground.crowd("a", "b", "c")
    assert await ground.held("a", "2026-06-01") == ("quarantined", None)
    await ground.load("buildings", "id,lng,lat\nT,116.018,24.008\n", since=SINCE)
    assert len(await ground.piles("2026-06-01")) == 1
    await ground.load("buildings", f'id,wkt\nT,"{FOOTPRINT}"\n', since="2026-06-01")
    assert await ground.piles("2026-06-01") == []
    assert len(await ground.piles("2026-05-31")) == 1
    assert await ground.held("a", "2026-05-31") == ("quarantined", None)
    assert await ground.held("a", "2026-06-01") == ("assigned", "G1")


async def test_the_policy_says_how_many_are_a_crowd(ground):
    await ground.crowd("a", "b", "c")
    await ground.policy({"pile": {"customers": 4}}, "2026-06-01")
    assert await ground.held("a", "2026-05-31") == ("quarantined", None)
    assert await ground.held("a", "2026-06-01") == ("assigned", "G1")
    assert await ground.piles("2026-06-01") == []


async def test_a_planner_can_call_it_genuine_and_take_that_back(ground, api):
    await ground.crowd("a", "b", "c")

    async def mark(verdict: str, since: str = "2026-06-01", at=CENTRE):
        said = {"lng": at[0], "lat": at[1], "crs": "wgs84", "verdict": verdict, "from": since}
        return await api.ask("PUT", "/v1/geocodes/piles", json=said)

    done = await mark("genuine")
    assert done.status_code == 200, done.text
    assert done.json()["customers"] == 3
    (plane,) = done.json()["assignments"]
    assert (plane["plane"], plane["accounts"], plane["by_status"]) == ("p", 3, {"assigned": 3})
    assert await ground.held("a", "2026-05-31") == ("quarantined", None)
    assert await ground.held("a", "2026-06-01") == ("assigned", "G1")

    await ground.crowd("d", since="2026-06-01")
    assert await ground.held("d", "2026-06-01") == ("assigned", "G1"), "recognition never overrules a planner"
    (pile,) = await ground.piles("2026-06-01")
    assert (pile["verdict"], pile["at_point"]) == ("genuine", 4)
    assert await ground.piles("2026-06-01", verdict="coarse") == []

    assert (await mark("coarse", "2026-07-01")).status_code == 200
    assert await ground.held("a", "2026-06-30") == ("assigned", "G1")
    assert await ground.held("a", "2026-07-01") == ("quarantined", None)
    assert [pile["customers"] for pile in await ground.piles("2026-07-01")] == [4]

    nobody = await mark("genuine", at=(116.011, 24.001))
    assert nobody.status_code == 404, nobody.text
    await ground.crowd("alone", at=(116.012, 24.002))
    few = await mark("coarse", at=(116.012, 24.002))
    assert few.status_code == 409, few.text
    assert "begins at 3" in few.json()["title"]


async def test_deciding_everything_again_changes_nothing(ground, api):
    await ground.crowd("a", "b")
    await ground.crowd("c", since="2026-06-01")
    await ground.crowd("b", at=(116.015, 24.005), since="2026-07-01")
    await ground.crowd("d", since="2026-05-15")
    again = await api.post("/v1/planes/p/reassign", {"from": "2020-01-01"})
    result = await api.done(again) if again.status_code == 202 else again.json()
    assert (result["inserted"], result["superseded"]) == (0, 0), result


async def test_counting_every_point_again_finds_nothing_more(ground, api, database):
    chance = random.Random(7)
    points = [CENTRE, (116.015, 24.005), (116.002, 24.002)]
    for _ in range(10):
        some = chance.sample("abcdef", chance.randint(1, 4))
        day = f"2026-05-{chance.randint(1, 6):02}"
        await ground.crowd(
            *some, at=chance.choice(points), since=day, level=chance.choice(["point", "village"])
        )
    assert [pile for day in range(1, 7) for pile in await ground.piles(f"2026-05-0{day}")]
    async with database.transaction(api.org_id) as connection:
        before = (await connection.exec_driver_sql("SELECT * FROM piles ORDER BY pile_id")).all()
        found = await geocodes.recognise(connection, api.org_id, dt.date(2020, 1, 1), None)
        after = (await connection.exec_driver_sql("SELECT * FROM piles ORDER BY pile_id")).all()
    assert len(found) == 0
    assert before == after
