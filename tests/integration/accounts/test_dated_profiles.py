"""What kind of customer an account is holds over days, and decides on those days alone."""

from __future__ import annotations

from typing import Any

MAY, JUNE, JULY = "2026-05-01", "2026-06-01", "2026-07-01"


async def status(ask: Any, account: str, at: str, **more: str) -> tuple[str, str | None]:
    found = await ask(f"/v1/accounts/{account}/assignments", plane="p", at=at, **more)
    (one,) = found["assignments"]
    return one["status"], one["grid"]


async def test_a_business_that_becomes_a_household_is_covered_until_that_day(
    town: Any, load: Any, ask: Any
) -> None:
    await load("accounts", "id,lng,lat,segment\na3,116.015,24.006,household\n", crs="wgs84", since=JUNE)
    assert await status(ask, "a3", "2026-05-31") == ("assigned", "W")
    assert await status(ask, "a3", JUNE) == ("uncovered", None)
    assert (await ask("/v1/accounts/a3", at=MAY))["profile"]["segment"] == "business"
    june = (await ask("/v1/accounts/a3", at=JUNE))["profile"]
    assert (june["segment"], june["tier"], june["from"], june["to"]) == ("household", "C", JUNE, None)


async def test_a_backdated_profile_holds_until_the_next_known_change(town: Any, load: Any, ask: Any) -> None:
    await load("accounts", "id,lng,lat,tier\na1,116.005,24.005,C\n", crs="wgs84", since=JULY)
    await load("accounts", "id,lng,lat,tier\na1,116.005,24.005,B\n", crs="wgs84", since=JUNE)
    tiers = {day: (await ask("/v1/accounts/a1", at=day))["profile"]["tier"] for day in (MAY, JUNE, JULY)}
    assert tiers == {MAY: "A", JUNE: "B", JULY: "C"}


async def test_what_was_believed_stays_to_be_asked_for(town: Any, load: Any, ask: Any) -> None:
    before = (await ask("/v1/accounts/a1/history"))["profiles"][0]["recorded_at"]
    await load("accounts", "id,lng,lat,tier\na1,116.005,24.005,C\n", crs="wgs84", since=MAY)
    assert (await ask("/v1/accounts/a1", at=MAY))["profile"]["tier"] == "C"
    assert (await ask("/v1/accounts/a1", at=MAY, known_at=before))["profile"]["tier"] == "A"
    told = (await ask("/v1/accounts/a1/history"))["profiles"]
    assert [(one["tier"], one["superseded_at"] is None) for one in told] == [("A", False), ("C", True)]
    then = (await ask("/v1/accounts/a1/history", known_at=before))["profiles"]
    assert [(one["tier"], one["superseded_at"]) for one in then] == [("A", None)]


async def test_what_was_known_then_never_changes(town: Any, load: Any, ask: Any) -> None:
    await load("accounts", "id,lng,lat,locked_grid\na1,116.005,24.005,W\n", crs="wgs84")
    await load("named-lists", "account,party,grid\na1,,E\n,works,E\n", plane="p")
    moment = (await ask("/v1/accounts/a1/history"))["lists"][-1]["recorded_at"]
    asked = [
        (path, {**days, "known_at": moment})
        for days in ({"at": MAY}, {"at": JULY})
        for path in ("/v1/accounts/a1", "/v1/parties/works", "/v1/accounts", "/v1/named-lists",
                     "/v1/planes/p/conflicts")
    ] + [("/v1/accounts/a1/history", {"known_at": moment})]  # fmt: skip
    before = [await ask(path, **params) for path, params in asked]
    await load(
        "accounts",
        "id,lng,lat,tier,party,cluster,locked_grid\na1,116.015,24.005,C,,m1,E\n",
        crs="wgs84",
        since=JUNE,
    )
    await load("named-lists", "account,party,grid,list\na1,,W,\na2,,W,\n,works,W,另\n", plane="p")
    assert [await ask(path, **params) for path, params in asked] == before
    assert (await ask("/v1/accounts/a1", at=JULY))["profile"]["tier"] == "C"


async def test_a_party_counts_while_the_account_is_of_it(town: Any, load: Any, ask: Any) -> None:
    await load("named-lists", "party,grid,list\nworks,E,大客户\n", plane="p")
    assert await status(ask, "a1", MAY) == ("assigned", "E")
    await load("accounts", "id,lng,lat,party\na1,116.005,24.005,\n", crs="wgs84", since=JUNE)
    assert await status(ask, "a1", "2026-05-31") == ("assigned", "E")
    assert await status(ask, "a1", JUNE) == ("assigned", "W")
    assert (await ask("/v1/accounts/a1", at=MAY))["lists"][0]["party"] == "works"
    assert (await ask("/v1/accounts/a1", at=JUNE))["lists"] == []


async def test_a_list_of_a_party_reaches_those_who_were_of_it_then(town: Any, load: Any, ask: Any) -> None:
    await load("accounts", "id,lng,lat,party\na1,116.005,24.005,\n", crs="wgs84", since=JUNE)
    done = await load("named-lists", "party,grid,from,to\nworks,E,2026-05-01,2026-05-20\n", plane="p")
    assert done["assignments"][0]["accounts"] == 2
    assert await status(ask, "a1", MAY) == ("assigned", "E")
    assert await status(ask, "a1", "2026-05-20") == ("assigned", "W")


async def test_what_moves_nobody_reassigns_nobody(town: Any, load: Any, ask: Any) -> None:
    again = await load(
        "accounts", "id,lng,lat,visits,名片\na1,116.005,24.005,9,有\n", crs="wgs84", since=JUNE
    )
    assert again["changed"] == 1
    assert "assignments" not in again
    assert (await ask("/v1/accounts/a1", at=MAY))["profile"]["visits"] == 2
    assert (await ask("/v1/accounts/a1", at=JUNE))["profile"]["visits"] == 9
    assert (await load("accounts", "id,lng,lat,tier\na1,116.005,24.005,A\n", crs="wgs84", since=JUNE))[
        "changed"
    ] == 0


async def test_new_coordinates_alone_keep_all_but_what_depends_on_them(
    town: Any, load: Any, ask: Any
) -> None:
    await load("accounts", "id,lng,lat,geocode_level\na1,116.016,24.004,point\n", crs="wgs84", since=MAY)
    told = await ask("/v1/accounts/a1", at=MAY)
    assert (told["place"]["lng"], told["place"]["address"]) == (116.016, "一路 1 号")
    assert (told["profile"]["tier"], told["profile"]["party"], told["name"]) == ("A", "works", "甲")
    assert await status(ask, "a1", MAY) == ("assigned", "E")


async def test_unknown_party_region_and_grid_are_refused_by_row(town: Any, load: Any) -> None:
    file = "id,lng,lat,party,region,confirmed\nb1,116.005,24.005,nobody,,\nb2,116.005,24.005,,nowhere,\n"
    file += "b3,116.005,24.005,,,2026-04-30\nb4,116.005,24.005,,,2026-13-01\n"
    done = await load("accounts", file, crs="wgs84")
    assert (done["accepted"], done["refused"]) == (1, 3)
    assert "there is no 'nobody'; load the parties first" in done["why"][1]
    assert "there is no 'nowhere'; load the regions first" in done["why"][2]
    assert "confirmed" in done["why"][4]
    lists = "account,grid,from,to\na1,W,2026-06-01,2026-05-01\na1,X,,\nz9,W,,\na2,W,,\n"
    done = await load("named-lists", lists, plane="p")
    assert (done["accepted"], done["refused"]) == (1, 3)
    assert "not behind its beginning" in done["why"][1]
    assert "there is no 'X'" in done["why"][2]
    assert "there is no 'z9'" in done["why"][3]
