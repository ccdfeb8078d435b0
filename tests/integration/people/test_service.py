"""People over their days: who is in service when, what was known of it, and what leaving does."""

from __future__ import annotations

import datetime as dt
from typing import Any

Load = Any


async def _people(api: Any, at: str, known_at: str | None = None) -> dict[str, dict[str, Any]]:
    params = {"at": at} | ({"known_at": known_at} if known_at else {})
    answer = await api.get("/v1/people", params=params)
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.json()["people"]}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()


async def test_somebody_new_is_in_service_always_or_from_the_day_given(api: Any, load: Load) -> None:
    await load("people", "id,name,from,to\np1,一,,\np2,二,2026-03-01,\np3,三,2026-01-01,2026-05-01\n")
    assert set(await _people(api, "2020-01-01")) == {"p1"}
    assert set(await _people(api, "2026-02-28")) == {"p1", "p3"}
    assert set(await _people(api, "2026-03-01")) == {"p1", "p2", "p3"}
    assert set(await _people(api, "2026-05-01")) == {"p1", "p2"}
    assert (await _people(api, "2026-04-30"))["p3"]["to"] == "2026-05-01"


async def test_what_is_said_later_holds_from_since_on_and_nothing_is_overwritten(
    api: Any, load: Load
) -> None:
    await load("people", "id,name,capacity\np1,old,100\n")
    before = _now()
    done = await load("people", "id,name,capacity\np1,new,200\n", since="2026-06-01")
    assert done["changed"] == 1
    assert (await _people(api, "2026-05-31"))["p1"]["capacity"] == 100
    assert (await _people(api, "2026-06-01"))["p1"] | {"area": None} == {
        "id": "p1",
        "name": "new",
        "area": None,
        "capacity": 200,
        "lng": None,
        "lat": None,
        "from": "2026-06-01",
        "to": None,
    }
    assert (await _people(api, "2026-06-01", before))["p1"]["name"] == "old"
    again = await load("people", "id,name,capacity\np1,new,200\n", since="2026-06-01")
    assert again["changed"] == 0
    # A change of an earlier day lasts until the one that is known already; a lacking column stays.
    await load("people", "id,name\np1,middle\n", since="2026-04-01")
    assert (await _people(api, "2026-05-31"))["p1"]["name"] == "middle"
    assert (await _people(api, "2026-05-31"))["p1"]["capacity"] == 100
    assert (await _people(api, "2026-06-01"))["p1"]["name"] == "new"


async def test_service_that_begins_and_ends_again(api: Any, load: Load) -> None:
    await load("people", "id,name\np1,one\n")
    await load("people", "id,name,from,to\np1,one,2026-02-01,2026-05-01\n", since="2026-01-01")
    for day, there in (("2026-01-31", False), ("2026-02-01", True), ("2026-05-01", False)):
        assert ("p1" in await _people(api, day)) is there, day
    # Back again; the earlier service stays.
    await load("people", "id,name,from\np1,one,2026-08-01\n", since="2026-08-01")
    for day, there in (("2026-04-30", True), ("2026-07-31", False), ("2026-08-01", True)):
        assert ("p1" in await _people(api, day)) is there, day
    # An empty cell under ``to``: nothing is known of an end.
    await load("people", "id,name,from,to\np2,two,2026-01-01,2026-05-01\n", since="2026-01-01")
    await load("people", "id,name,to\np2,two,\n", since="2026-03-01")
    assert "p2" in await _people(api, "2026-12-01")


async def test_bad_days_of_service_are_refused(load: Load) -> None:
    done = await load("people", "id,name,from,to\np1,one,2026-05-01,2026-04-01\np2,two,x,\n")
    assert done["accepted"] == 0
    assert "end 2026-04-01 is not behind its beginning 2026-05-01" in done["why"][1]
    assert "not a date" in done["why"][2]


async def test_nobody_is_responsible_on_days_without_service(load: Load, published: Any, api: Any) -> None:
    await published()
    await load("people", "id,name,from,to\np1,one,,2026-05-01\np2,two,2026-06-01,\np3,three,,\n")
    done = await load(
        "responsibilities",
        "grid,person,role,from,to\n"
        "G1,p1,owner,2026-01-01,\n"
        "G1,p1,owner,2026-05-01,2026-07-01\n"
        "G2,p2,owner,2026-05-01,\n"
        "G2,p1,owner,2026-01-01,2026-05-01\n"
        "G2,p2,owner,2026-06-01,\n"
        "G3,p3,owner,2026-03-01,\n"
        "G3,p1,owner,2026-04-01,2026-05-01\n"
        "G3,p2,attack,2026-06-01,\n"
        "G3,p3,attack,2026-06-01,\n"
        "GX,p3,owner,2026-06-01,\n"
        "G1,pX,owner,2026-06-01,\n",
        plane="p",
    )
    assert done["accepted"] == 5
    why = done["why"]
    assert "p1 leaves on 2026-05-01" in why[1]
    assert "let it end then" in why[1]
    assert "p1 left on 2026-05-01" in why[2]
    assert "name somebody" in why[2]
    assert "only from 2026-06-01" in why[3]
    assert "overlap those of row 6" in why[7]
    assert "GX" in why[10]
    assert "pX" in why[11]
    located = await api.get(
        "/v1/locate",
        params={"lng": 116.025, "lat": 24.005, "crs": "wgs84", "plane": "p", "at": "2026-06-02"},
    )
    people = [(one["person"], one["role"]) for one in located.json()["grid"]["responsible"]]
    assert people == [("p3", "owner"), ("p2", "attack"), ("p3", "attack")]


async def test_whoever_leaves_grids_behind_is_named_in_a_warning(load: Load, published: Any) -> None:
    await published()
    await load("people", "id,name\np1,one\n")
    await load("responsibilities", "grid,person,from\nG2,p1,2026-01-01\nG1,p1,2026-01-01\n", plane="p")
    done = await load("people", "id,name,to\np1,one,2026-05-01\n", since="2026-04-01")
    (warning,) = done["warnings"]
    assert (warning["kind"], warning["person"]) == ("responsible-after-leaving", "p1")
    assert (warning["from"], warning["grids"]) == ("2026-05-01", ["G1", "G2"])


async def test_a_file_of_grids_does_not_name_an_owner_who_left(load: Load, api: Any) -> None:
    await load("people", "id,name,to\np1,一,2026-05-01\n")
    await api.post("/v1/planes", {"code": "u", "kind": "list", "rules": ["named_list"]})
    done = await load("grids", "code,name,owner\nG1,one,p1\n", plane="u", since="2026-06-01")
    assert done["accepted"] == 0
    assert "p1 left on 2026-05-01" in done["why"][1]


async def test_a_plan_whose_owner_left_is_not_published(load: Load, published: Any, api: Any) -> None:
    await load("people", "id,name\np1,一\n")
    await published("u", "code,name,owner\nG1,one,p1\nG2,two,\n", kind="list", rules=("named_list",))
    again = await load("grids", "code,name,owner\nG1,one,p1\nG2,two,\n", plane="u")
    await load("people", "id,name,to\np1,一,2026-03-01\n", since="2026-01-01")
    checked = (await api.get(f"/v1/plans/{again['plan']}/check")).json()
    found = {(one["kind"], *one["codes"]): one["detail"] for one in checked["findings"]}
    assert set(found) == {("owner_away", "G1"), ("no_owner", "G2")}
    assert all(text.startswith("a list without owner") for text in found.values())
    checked = (await api.get(f"/v1/plans/{again['plan']}/check")).json()
    found = {(one["kind"], *one["codes"]): one["detail"] for one in checked["findings"]}
    assert set(found) == {("owner_away", "G1"), ("no_owner", "G2")}
    assert all(text.startswith("a list without owner") for text in found.values())
    await api.post(f"/v1/plans/{again['plan']}/validate", {"acknowledge": True})
    answer = await api.post(
        f"/v1/plans/{again['plan']}/publish", {"effective_from": "2026-04-01", "reason": "late"}
    )
    assert answer.status_code == 409, answer.text
    assert answer.json()["grids"] == [{"grid": "G1", "person": "p1"}]
    answer = await api.post(
        f"/v1/plans/{again['plan']}/publish", {"effective_from": "2026-02-01", "reason": "late"}
    )
    assert answer.status_code == 200, answer.text
    held = (await api.get("/v1/responsibilities", params={"plane": "u", "at": "2026-02-01"})).json()
    assert [(one["grid"], one["person"], one["to"]) for one in held["responsibilities"]] == [
        ("G1", "p1", "2026-03-01")
    ]
