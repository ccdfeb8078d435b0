"""Plans in force: from a day, one at a time, and back again."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
from typing import Any

import pytest

from app.worker import work
from tests.integration.plans.conftest import (
    FIRST,
    SIDE,
    SOUTH,
    TODAY,
    WEST,
    draft,
    features,
    four,
    load,
    loaded,
    publish,
    published,
    square,
    validated,
)

DAY = dt.timedelta(days=1)
SHIFT = SIDE / 2
# G1 takes the western half of G2, so that half of G2's customers move.
WIDER = four(G1=square(0, 0, east=SHIFT), G2=square(1, 0, west=SHIFT))


def accounts(count: int = 40) -> bytes:
    """Customers a0 … along a line through G1 and G2."""
    lines = ["id,lng,lat"]
    lines += [
        f"a{n:04},{WEST + 2 * SIDE * (n + 0.5) / count:.9f},{SOUTH + SIDE / 3:.9f}" for n in range(count)
    ]
    return ("\n".join(lines) + "\n").encode()


async def load_accounts(api: Any, count: int = 40) -> None:
    await loaded(await load(api, "accounts", ("accounts.csv", accounts(count)), crs="wgs84"))


async def grid_of(api: Any, account: str, day: dt.date) -> str | None:
    answer = await api.get(
        f"/v1/accounts/{account}/assignments", params={"plane": "P", "at": day.isoformat()}
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    rows = found["assignments"] if isinstance(found, dict) else found
    assert len(rows) <= 1
    grid = rows[0]["grid"] if rows else None
    return grid["code"] if isinstance(grid, dict) else grid


async def test_the_last_day_before_and_the_first_answer_differently(city: Any) -> None:
    await load_accounts(city)
    first = await published(city, features(four()), TODAY)
    second = await published(city, features(WIDER), FIRST, base=first)
    # a0025 stands in the half of G2 that goes to G1; a0035 stays.
    assert await grid_of(city, "a0025", FIRST - DAY) == "G2"
    assert await grid_of(city, "a0025", FIRST) == "G1"
    assert await grid_of(city, "a0035", FIRST) == "G2"
    plans = (await city.get("/v1/plans", params={"plane": "P"})).json()["plans"]
    assert [(one["id"], one["status"]) for one in plans] == [(second, "published"), (first, "published")]
    spans = {one["id"]: one["terms"] for one in plans}
    assert spans[first] == [{"from": TODAY.isoformat(), "to": FIRST.isoformat()}]
    assert spans[second] == [{"from": FIRST.isoformat(), "to": None}]


async def test_a_withdrawn_plan_gives_way_to_the_one_before(city: Any) -> None:
    await load_accounts(city)
    first = await published(city, features(four()), TODAY)
    second = await published(city, features(WIDER), FIRST, base=first)
    end = FIRST + 10 * DAY
    answer = await city.post(f"/v1/plans/{second}/withdraw", {"from": end.isoformat()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["terms"] == [{"from": FIRST.isoformat(), "to": end.isoformat()}]
    days = (FIRST - DAY, FIRST, end - DAY, end)
    assert [await grid_of(city, "a0025", day) for day in days] == ["G2", "G1", "G1", "G2"]
    spans = (await city.get(f"/v1/plans/{first}")).json()["terms"]
    assert spans == [
        {"from": TODAY.isoformat(), "to": FIRST.isoformat()},
        {"from": end.isoformat(), "to": None},
    ]


async def test_a_plan_withdrawn_before_its_day_leaves_no_trace_and_may_come_later(city: Any) -> None:
    await load_accounts(city)
    first = await published(city, features(four()), TODAY)
    second = await published(city, features(WIDER), FIRST, base=first)
    answer = await city.post(f"/v1/plans/{second}/withdraw", {})
    assert (answer.status_code, answer.json()["status"], answer.json()["terms"]) == (200, "validated", [])
    assert await grid_of(city, "a0025", FIRST) == "G2"
    assert (await city.get(f"/v1/plans/{first}")).json()["terms"] == [{"from": TODAY.isoformat(), "to": None}]
    assert (await publish(city, second, FIRST + DAY)).status_code == 200
    assert [await grid_of(city, "a0025", day) for day in (FIRST, FIRST + DAY)] == ["G2", "G1"]


async def test_withdrawing_the_only_plan_leaves_none_in_force(city: Any) -> None:
    await load_accounts(city)
    only = await published(city, features(four()), TODAY)
    answer = await city.post(f"/v1/plans/{only}/withdraw", {"from": FIRST.isoformat()})
    assert answer.status_code == 200, answer.text
    assert await grid_of(city, "a0025", FIRST - DAY) == "G2"
    assert await grid_of(city, "a0025", FIRST) is None
    assert (await city.post(f"/v1/plans/{only}/withdraw", {"from": FIRST.isoformat()})).status_code == 409


async def test_a_plan_published_in_between_ends_where_the_later_one_begins(city: Any) -> None:
    first = await published(city, features(four()), TODAY)
    last = await published(city, features(WIDER), FIRST + 30 * DAY, base=first)
    middle = await published(city, features(four()), FIRST, base=first)
    spans = {plan: (await city.get(f"/v1/plans/{plan}")).json()["terms"] for plan in (first, middle, last)}
    assert spans == {
        first: [{"from": TODAY.isoformat(), "to": FIRST.isoformat()}],
        middle: [{"from": FIRST.isoformat(), "to": (FIRST + 30 * DAY).isoformat()}],
        last: [{"from": (FIRST + 30 * DAY).isoformat(), "to": None}],
    }


async def test_a_published_plan_stays_as_it_is(city: Any, database: Any) -> None:
    from app.errors import Conflict
    from app.plans import service
    from app.plans.service import GridRow

    plan = await published(city, features(four()), TODAY)
    for path, body in (
        ("publish", {"effective_from": FIRST.isoformat()}),
        ("validate", {"acknowledge": True}),
    ):
        answer = await city.post(f"/v1/plans/{plan}/{path}", body)
        assert answer.status_code == 409, answer.text
        assert answer.json()["type"].endswith("/plan-published")
    async with database.transaction(city.org_id) as connection:
        found = await service.get(connection, plan)
        with pytest.raises(Conflict):
            await service.write_grids(connection, city.org_id, found, [GridRow(None, "X")])


async def test_a_draft_has_to_be_validated_and_its_warnings_acknowledged(city: Any) -> None:
    plan = await draft(city, features(four()))
    assert (await publish(city, plan, FIRST)).status_code == 409
    warned = await city.post(f"/v1/plans/{plan}/validate", {})
    assert warned.status_code == 422
    assert warned.json()["type"].endswith("/unacknowledged-warnings")
    answer = await city.post(f"/v1/plans/{plan}/validate", {"acknowledge": True})
    assert answer.json()["status"] == "validated"
    assert answer.json()["acknowledged"]["warnings"] == {"no_owner": 4}
    assert answer.json()["acknowledged"]["by"] == "administrator"


async def test_two_plans_cannot_begin_on_one_day(city: Any) -> None:
    await published(city, features(four()), FIRST)
    second = await validated(city, features(WIDER))
    answer = await publish(city, second, FIRST)
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/day-taken")
    assert (await city.get(f"/v1/plans/{second}")).json()["status"] == "validated"


async def test_two_planners_who_publish_at_once_do_not_both_win(city: Any, database: Any) -> None:
    plans = [await validated(city, features(four())) for _ in range(4)]
    # Two workers besides the client's own, so that the publications do meet.
    others = [asyncio.create_task(work(database)) for _ in range(2)]
    answers = await asyncio.gather(*(publish(city, plan, FIRST) for plan in plans))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    lost = [answer.json()["type"].rsplit("/", 1)[1] for answer in answers if answer.status_code == 409]
    assert set(lost) == {"day-taken"}
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def test_the_past_is_not_changed_without_a_reason(city: Any) -> None:
    plan = await validated(city, features(four()))
    refused = await publish(city, plan, TODAY - 5 * DAY)
    assert refused.status_code == 422
    assert refused.json()["type"].endswith("/date-in-past")
    assert (await publish(city, plan, TODAY - 5 * DAY, reason="agreed by telephone")).status_code == 200


async def test_whoever_has_seen_an_older_version_is_told(city: Any) -> None:
    plan = await draft(city, features(four()))
    seen = (await city.get(f"/v1/plans/{plan}")).headers["ETag"]
    answer = await city.post(f"/v1/plans/{plan}/validate", {"acknowledge": True}, headers={"If-Match": seen})
    assert answer.status_code == 200
    body = {"effective_from": FIRST.isoformat()}
    stale = await city.post(f"/v1/plans/{plan}/publish", body, headers={"If-Match": seen})
    assert stale.status_code == 412
    fresh = {"If-Match": answer.headers["ETag"]}
    assert (await city.post(f"/v1/plans/{plan}/publish", body, headers=fresh)).status_code == 200


async def test_another_organisation_sees_no_plan(city: Any, new_org: Any) -> None:
    plan = await validated(city, features(four()))
    other = await new_org()
    await other.post("/v1/planes", {"code": "P", "kind": "place", "rules": ["point"]})
    for path in ("", "/grids", "/check", "/diff", "/handover"):
        assert (await other.get(f"/v1/plans/{plan}{path}")).status_code == 404, path
    for path, body in (
        ("validate", {}),
        ("publish", {"effective_from": FIRST.isoformat()}),
        ("withdraw", {}),
    ):
        assert (await other.post(f"/v1/plans/{plan}/{path}", body)).status_code == 404, path
    assert (await other.post("/v1/plans", {"plane": "P", "base": plan})).status_code == 404
    assert (await other.get("/v1/plans", params={"plane": "P"})).json()["plans"] == []


async def test_the_same_key_publishes_once(city: Any) -> None:
    plan = await validated(city, features(four()))
    headers = {"Idempotency-Key": "publish-once"}
    body = {"effective_from": FIRST.isoformat()}
    answers = [await city.post(f"/v1/plans/{plan}/publish", body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


async def test_the_handover_is_the_difference(city: Any) -> None:
    await load_accounts(city)
    people = "id,name\np1,李明\np2,王芳\n".encode()
    await loaded(await load(city, "people", ("people.csv", people)))
    owner = {"G1": "p1", "G2": "p2", "G3": "p1", "G4": "p2"}
    first = await published(city, features(four(), owner=owner), TODAY)
    second = await validated(city, features(WIDER, owner=owner), base=first)
    diff = (await city.get(f"/v1/plans/{second}/diff")).json()
    assert diff["moved"] == {
        "customers": 10,
        "buildings": 0,
        "by": [{"from": "G2", "to": "G1", "customers": 10, "buildings": 0}],
    }
    handover = (await city.get(f"/v1/plans/{second}/handover")).json()
    assert (handover["against"], len(handover["rows"])) == (first, 1)
    row = handover["rows"][0]
    assert (row["from"]["grid"], row["from"]["person_name"]) == ("G2", "王芳")
    assert (row["to"]["grid"], row["to"]["person"], row["customers"]) == ("G1", "p1", 10)
    told = await city.get(f"/v1/plans/{second}/handover", params={"format": "csv"})
    assert told.headers["content-type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(told.text)))
    assert [(line["from_grid"], line["to_person_name"], line["customers"]) for line in lines] == [
        ("G2", "李明", "10")
    ]
    # What is stored after publication moved exactly so.
    assert (await publish(city, second, FIRST)).status_code == 200
    moved = [
        n
        for n in range(40)
        if await grid_of(city, f"a{n:04}", FIRST - DAY) != await grid_of(city, f"a{n:04}", FIRST)
    ]
    assert len(moved) == 10
    after = (await city.get(f"/v1/plans/{second}/handover")).json()
    assert (after["rows"], after["day"]) == (handover["rows"], FIRST.isoformat())


async def test_owners_follow_the_plan_in_force(city: Any, database: Any) -> None:
    from app.orgs import responsibilities
    from app.planes import service as planes

    people = b"id,name\np1,One\np2,Two\n"
    await loaded(await load(city, "people", ("people.csv", people)))
    first = await published(city, features(four(), owner=dict.fromkeys(four(), "p1")), TODAY)
    second = await published(
        city, features(four(), owner={"G1": "p2", "G2": "p1", "G3": "p1"}), FIRST, base=first
    )

    async def owners(day: dt.date) -> dict[str, str]:
        grids = (await city.get(f"/v1/plans/{first}/grids")).json()["features"]
        codes = {one["id"]: one["properties"]["code"] for one in grids}
        async with database.transaction(city.org_id) as connection:
            plane = await planes.get(connection, "P")
            found = await responsibilities.owners(connection, plane.plane_id, day)
        return {codes[str(grid_id)]: person for grid_id, person in sorted(found.items())}

    everything = dict.fromkeys(four(), "p1")
    assert await owners(FIRST - DAY) == everything
    assert await owners(FIRST) == {"G1": "p2", "G2": "p1", "G3": "p1"}
    await city.post(f"/v1/plans/{second}/withdraw", {"from": (FIRST + DAY).isoformat()})
    assert await owners(FIRST) == {"G1": "p2", "G2": "p1", "G3": "p1"}
    assert await owners(FIRST + DAY) == everything


async def test_a_plan_is_listed_by_pages(city: Any) -> None:
    made = [
        (await city.post("/v1/plans", {"plane": "P", "name": f"draft {n}"})).json()["id"] for n in range(5)
    ]
    seen, token = [], None
    while True:
        params = {"plane": "P", "limit": "2"} | ({"token": token} if token else {})
        page = (await city.get("/v1/plans", params=params)).json()
        seen += [one["id"] for one in page["plans"]]
        token = page["next"]
        if token is None:
            break
    assert seen == made[::-1]
    assert (await city.get("/v1/plans", params={"plane": "P", "token": "xx"})).status_code == 422


async def test_a_split_and_a_merge_are_told_apart(city: Any) -> None:
    import shapely

    first = await draft(city, features(four()))
    half = SIDE / 2
    changed = {
        "G1": square(0, 0, east=-half),
        "G5": square(0, 0, west=half),
        "G2": square(1, 0),
        "G6": shapely.union_all([square(0, 1), square(1, 1)]),
    }
    second = await draft(city, features(changed), base=first, on_findings="draft")
    diff = (await city.get(f"/v1/plans/{second}/diff")).json()
    assert (diff["added"], diff["removed"]) == (["G5", "G6"], ["G3", "G4"])
    assert diff["split"] == [{"grid": "G1", "into": ["G1", "G5"]}]
    assert diff["merged"] == [{"grids": ["G3", "G4"], "into": "G6"}]
