"""Planes that change from a day on, planes without polygons, and customers whom a plane does not cover."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.integration.plans.conftest import (
    RULES,
    TODAY,
    features,
    four,
    load,
    loaded,
    publish,
    published,
)

YESTERDAY, LATER = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=30)
ACCOUNTS = (
    b"id,lng,lat,segment,tier\n"
    b"shop,116.01,24.01,business,C\nhome,116.03,24.01,household,\nkey,116.01,24.03,business,A\n"
)


async def _held(api: Any, account: str, **asked: Any) -> dict[str, Any]:
    answer = await api.get(f"/v1/accounts/{account}/assignments", params=asked)
    assert answer.status_code == 200, answer.text
    return {row["plane"]: row for row in answer.json()["assignments"]}


async def _city(api: Any) -> None:
    """Two planes: grids with polygons for business customers, and a list for key accounts."""
    covers = {"segment": ["business"]}
    for code, kind, rules in (("P", "place", RULES), ("upper", "list", ["lock", "named_list"])):
        body = {"code": code, "kind": kind, "rules": rules, "covers": covers}
        assert (await api.post("/v1/planes", body)).status_code == 201
    await published(api, features(four()), TODAY)
    await loaded(await load(api, "accounts", ("a.csv", ACCOUNTS), crs="wgs84"))


async def test_a_change_of_covers_holds_from_its_day_and_the_days_before_keep_their_answers(api: Any) -> None:
    await _city(api)
    before = (await api.get("/v1/planes/P")).json()
    assert (await _held(api, "home"))["P"]["status"] == "uncovered"
    said = {"covers": {}, "name": "Everyone", "from": LATER.isoformat(), "reason": "households too"}
    answer = await api.ask("PATCH", "/v1/planes/P", json=said)
    result = await api.done(answer)
    assert result["changed"] is True
    assert result["plane"] | {"code": "P"} == before | {"covers": {}, "name": "Everyone"}
    assert result["reassigned"]["inserted"] > 0

    assert (await _held(api, "home"))["P"]["status"] == "uncovered"
    late = (await _held(api, "home", at=LATER.isoformat()))["P"]
    assert (late["status"], late["grid"], late["from"]) == ("assigned", "G2", LATER.isoformat())
    assert (await api.get("/v1/planes/P")).json() == before
    then = await api.get("/v1/planes/P", params={"at": LATER.isoformat()})
    assert then.json()["covers"] == {}
    spans = (await api.get("/v1/planes/P/versions")).json()["versions"]
    assert [(one["from"], one["to"], one["name"]) for one in spans] == [
        ("0001-01-01", LATER.isoformat(), "P"),
        (LATER.isoformat(), None, "Everyone"),
    ]
    again = await api.done(await api.ask("PATCH", "/v1/planes/P", json=said))
    assert (again["changed"], again["reassigned"]) == (False, None)


async def test_what_was_known_of_a_plane_before_a_correction_is_still_answered(api: Any) -> None:
    await _city(api)
    known = (await api.get("/v1/planes/P/versions")).json()["versions"][0]["recorded_at"]
    rules = ["lock", "point", "region"]
    await api.done(
        await api.ask("PATCH", "/v1/planes/P", json={"rules": rules, "from": YESTERDAY.isoformat()})
    )
    assert (await api.get("/v1/planes/P")).json()["rules"] == rules
    then = (await api.get("/v1/planes/P", params={"known_at": known})).json()
    assert then["rules"] == RULES
    listed = (await api.get("/v1/planes", params={"known_at": "2001-01-01"})).json()
    assert listed["planes"] == []
    assert (await api.get("/v1/planes/P", params={"known_at": "2001-01-01"})).status_code == 404


async def test_rules_that_a_plane_cannot_have_are_refused_at_once(api: Any) -> None:
    await _city(api)
    day = TODAY.isoformat()
    for body in (
        {"rules": ["point"], "from": day},
        {"rules": ["lock", "lock"], "from": day},
        {"from": day},
        {"rules": ["lock"]},
    ):
        answer = await api.ask("PATCH", "/v1/planes/upper", json=body)
        assert answer.status_code == 422, (body, answer.text)
    assert (await api.ask("PATCH", "/v1/planes/none", json={"name": "x", "from": day})).status_code == 404


async def test_planes_are_listed_page_by_page(api: Any) -> None:
    await _city(api)
    first = (await api.get("/v1/planes", params={"limit": 1})).json()
    second = (await api.get("/v1/planes", params={"limit": 1, "token": first["next"]})).json()
    assert [one["code"] for page in (first, second) for one in page["planes"]] == ["P", "upper"]
    assert second["next"] is None


async def test_a_list_plane_has_grids_without_ground_and_only_its_lists_decide(api: Any) -> None:
    await _city(api)
    grids = b"code,name\nL1,Key customers\nL2,Hospitals\n"
    plan = (await loaded(await load(api, "grids", ("l.csv", grids), plane="upper")))["plan"]
    ready = await api.post(f"/v1/plans/{plan}/validate", {"acknowledge": True})
    assert ready.status_code == 200, ready.text
    assert (await publish(api, plan, TODAY)).status_code == 200
    shapes = (await api.get(f"/v1/plans/{plan}/grids")).json()["features"]
    assert [(one["properties"]["code"], one["geometry"]) for one in shapes] == [("L1", None), ("L2", None)]
    checked = await api.get(f"/v1/plans/{plan}/check")
    assert {one["kind"] for one in checked.json()["findings"]} == {"no_owner"}

    entry = b"account,grid,list\nkey,L1,key customers\n"
    await loaded(await load(api, "named-lists", ("n.csv", entry), plane="upper"))
    held = {name: (await _held(api, name))["upper"] for name in ("shop", "home", "key")}
    assert {name: (one["status"], one["grid"], one["rule"]) for name, one in held.items()} == {
        "shop": ("unassigned", None, None),
        "home": ("uncovered", None, None),
        "key": ("assigned", "L1", "named_list"),
    }
    place = {"lng": 116.01, "lat": 24.01, "crs": "wgs84", "plane": "upper"}
    located = (await api.get("/v1/locate", params=place)).json()
    assert (located["grid"], located["nearest"], located["plan"]) == (None, None, plan)
    columns = {"crs": "wgs84", "plane": "upper", "id": ["1"], "lng": [116.01], "lat": [24.01]}
    bulk = await api.post("/v1/assign", columns)
    assert (bulk.json()["grid"], bulk.json()["status"]) == ([None], ["unassigned"])


async def test_a_household_never_counts_as_unassigned_in_a_business_plane(api: Any) -> None:
    await _city(api)
    total = (await api.get("/v1/coverage/summary", params={"plane": "P"})).json()["total"]
    assert {status: n for status, n in total["by_status"].items() if n} == {"assigned": 2, "uncovered": 1}
