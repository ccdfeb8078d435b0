"""Who works which grid on a day, how much and how far from home, and what is missing."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

DAY = "2026-03-01"
PEOPLE = (
    "id,name,capacity,lng,lat,to\n"
    "p1,一,100,116.005,24.005,\n"
    "p2,二,100000,116.015,24.105,2026-05-01\n"
    "p3,三,100000,,,\n"
    "p4,四,,,,\n"
)
RESPONSIBILITIES = (
    "grid,person,role,from,to\n"
    "G1,p1,owner,2026-01-01,2026-04-01\n"
    "G1,p3,owner,2026-04-01,\n"
    "G1,p3,stand_in,2026-01-01,\n"
    "G2,p2,owner,2026-01-01,2026-05-01\n"
    "G2,p3,stand_in,2026-01-01,\n"
    "G2,p1,defence,2026-02-01,\n"
)
ACCOUNTS = (
    "id,lng,lat,tier\na1,116.005,24.005,A\na2,116.005,24.006,C\na3,116.015,24.005,A\na4,116.025,24.005,A\n"
)


async def _city(load: Any, published: Any) -> None:
    await published()
    await load("people", PEOPLE, crs="wgs84")
    await load("responsibilities", RESPONSIBILITIES, plane="p")
    await load("accounts", ACCOUNTS, crs="wgs84", since="2026-01-01")


async def _staffing(api: Any, plane: str = "p", **asked: Any) -> dict[str, Any]:
    answer = await api.get(f"/v1/planes/{plane}/staffing", params={"at": DAY} | asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_every_grid_has_its_owner_work_and_way(api: Any, load: Any, published: Any) -> None:
    await _city(load, published)
    told = await _staffing(api)
    grids = {row["grid"]: row for row in told["grids"]}
    one, two, three = grids["G1"], grids["G2"], grids["G3"]
    assert (one["owner"], one["acting"], one["stand_ins"]) == ("p1", "p1", ["p3"])
    assert (three["owner"], three["acting"], three["customers"]) == (None, None, 1)
    assert (one["customers"], two["customers"]) == (2, 1)
    # The A customer weighs more than the C customer 110.8 m away; 11,075 m to the one of G2.
    assert 0 < one["distance_m"] < 110.8 / 2
    assert one["distance_p90_m"] == pytest.approx(0.9 * 110.77, abs=1)
    assert two["distance_m"] == pytest.approx(11_075, abs=10)
    assert two["way_minutes"] > one["way_minutes"] > 0
    work = (await api.get("/v1/planes/p/workload", params={"at": DAY})).json()
    minutes = {row["grid"]: row["minutes"] for row in work["rows"]}
    assert one["minutes"] == pytest.approx(minutes["G1"], abs=0.01)


async def test_people_against_their_capacity_and_what_is_missing(api: Any, load: Any, published: Any) -> None:
    await _city(load, published)
    told = await _staffing(api)
    people = {row["person"]: row for row in told["people"]}
    assert told["over_capacity"] == ["p1"]
    assert people["p1"]["load"] == pytest.approx(
        people["p1"]["minutes"] + people["p1"]["way_minutes"], abs=0.01
    )
    assert people["p1"]["share"] > 1
    assert people["p3"]["load"] == 0
    assert [row["person"] for row in told["without_grids"]] == ["p4"]
    (missing,) = told["without_owner"]
    assert missing["grid"] == "G3"
    assert missing["why"].startswith("nobody owns the grid")


async def test_a_stand_in_works_the_grid_of_an_owner_who_left(api: Any, load: Any, published: Any) -> None:
    await _city(load, published)
    # Whoever leaves earlier than was known leaves a responsibility behind that nobody fulfils.
    await load("people", "id,name,to\np2,二,2026-02-15\n", since="2026-01-01")
    told = await _staffing(api)
    row = told["grids"][1]
    assert (row["owner"], row["acting"], row["acting_as"]) == (None, "p3", "stand_in")
    missing = {one["grid"]: one for one in told["without_owner"]}
    assert missing["G2"]["stand_in"] == "p3"
    assert "p2 is not in service on 2026-03-01" in missing["G2"]["why"]
    people = {one["person"]: one for one in told["people"]}
    assert people["p3"]["grids"] == [{"plane": "p", "grid": "G2"}]
    assert people["p3"]["customers"] == 1
    assert "p2" not in people


async def test_the_load_of_a_person_is_summed_over_planes(api: Any, load: Any, published: Any) -> None:
    await _city(load, published)
    await published("u", "code,name\nL1,list one\nL2,list two\n", kind="list", rules=("named_list",))
    await load("responsibilities", "grid,person,from\nL1,p1,2026-01-01\n", plane="u")
    await load("named-lists", "account,grid,from\na4,L1,2026-01-01\n", plane="u")
    before = {row["person"]: row for row in (await _staffing(api))["people"]}["p1"]
    assert before["grids"] == [{"plane": "p", "grid": "G1"}, {"plane": "u", "grid": "L1"}]
    assert before["customers"] == 3
    above = await _staffing(api, "u")
    assert above["people"][0]["load"] == before["load"]
    (missing,) = above["without_owner"]
    assert missing["grid"] == "L2"
    assert missing["why"].startswith("a list without owner")


async def test_staffing_by_pages_and_as_a_table(api: Any, load: Any, published: Any) -> None:
    await _city(load, published)
    first = await _staffing(api, limit=2)
    assert [row["grid"] for row in first["grids"]] == ["G1", "G2"]
    second = await _staffing(api, limit=2, token=first["next"])
    assert ([row["grid"] for row in second["grids"]], second["next"]) == (["G3"], None)
    table = await api.get("/v1/planes/p/staffing", params={"at": DAY, "format": "csv", "of": "people"})
    assert table.text.splitlines()[1].startswith("p1,一")
    assert (await api.get("/v1/planes/x/staffing")).status_code == 404
    none = await api.get("/v1/planes/p/staffing", params={"at": "2025-01-01"})
    assert none.json()["type"].endswith("/no-plan-in-force")


async def test_responsibilities_as_of_a_day_and_as_known_then(api: Any, load: Any, published: Any) -> None:
    await _city(load, published)

    async def held(**asked: Any) -> list[tuple[str, str, str]]:
        answer = await api.get("/v1/responsibilities", params=asked)
        assert answer.status_code == 200, answer.text
        return [(row["grid"], row["person"], row["role"]) for row in answer.json()["responsibilities"]]

    assert await held(at=DAY) == [
        ("G1", "p1", "owner"),
        ("G1", "p3", "stand_in"),
        ("G2", "p2", "owner"),
        ("G2", "p1", "defence"),
        ("G2", "p3", "stand_in"),
    ]
    assert await held(at="2026-04-01", plane="p", grid="G1", role="owner") == [("G1", "p3", "owner")]
    assert await held(at=DAY, person="p1") == [("G1", "p1", "owner"), ("G2", "p1", "defence")]
    everything = await held(at=DAY, grid="G1", role="owner", history=True)
    assert everything == [("G1", "p1", "owner"), ("G1", "p3", "owner")]
    page = (await api.get("/v1/responsibilities", params={"at": DAY, "limit": 3})).json()
    rest = await held(at=DAY, limit=3, token=page["next"])
    assert rest == [("G2", "p1", "defence"), ("G2", "p3", "stand_in")]
    before = dt.datetime.now(dt.UTC).isoformat()
    await load("responsibilities", "grid,person,from,to\nG1,p4,2026-02-01,2026-04-01\n", plane="p")
    assert await held(at=DAY, grid="G1", role="owner") == [("G1", "p4", "owner")]
    assert await held(at=DAY, grid="G1", role="owner", known_at=before) == [("G1", "p1", "owner")]
    assert await held(at="2026-01-31", grid="G1", role="owner") == [("G1", "p1", "owner")]
    unknown = await api.get("/v1/responsibilities", params={"grid": "GX", "plane": "p"})
    assert unknown.json()["type"].endswith("/unknown-grid")


async def test_a_person_with_service_grids_and_load(api: Any, load: Any, published: Any) -> None:
    await _city(load, published)
    answer = await api.get("/v1/people/p2", params={"at": DAY})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["service"] == [{"from": "0001-01-01", "to": "2026-05-01"}]
    assert told["load"]["grids"] == [{"plane": "p", "grid": "G2"}]
    assert [(row["grid"], row["role"], row["to"]) for row in told["responsibilities"]] == [
        ("G2", "owner", "2026-05-01")
    ]
    gone = (await api.get("/v1/people/p2", params={"at": "2026-06-01"})).json()
    assert (gone["in_service"], gone["capacity"], gone["load"], gone["name"]) == (False, None, None, "二")
    assert (await api.get("/v1/people/nobody")).json()["type"].endswith("/unknown-person")
