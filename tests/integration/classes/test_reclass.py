"""A town that grows: what another class does is shown, then done, from a day on."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

DAY = "2026-06-01"
GROWN = {"class": "A", "from": DAY, "reason": "the town has grown"}


async def put(api: Any, path: str, body: dict[str, Any]) -> Any:
    return await api.ask("PUT", path, json=body)


async def classes(api: Any, at: str) -> dict[str, str]:
    """The class of each grid on a day, as coverage tells it."""
    answer = await api.get("/v1/coverage/summary", params={"plane": "p", "at": at})
    return {row["grid"]: row["class"] for row in answer.json()["rows"]}


async def test_the_effect_is_shown_before_it_is_done(api: Any, county: Any) -> None:
    await county()
    answer = await api.post("/v1/areas/T/reclass", GROWN)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["done"], told["class"], told["from"], told["to"]) == (
        False,
        {"before": "", "after": "A"},
        DAY,
        None,
    )
    assert told["areas"] == [{"area": "T", "before": "B", "after": "A"}]
    (plane,) = told["planes"]
    assert [(g["grid"], g["before"], g["after"], g["customers"]) for g in plane["grids"]] == [
        ("T1", "B", "A", 2),
        ("T2", "B", "A", 1),
    ]
    assert plane["customers"] == 3
    # The default policy: A has four visits a month, C one; 30 or 40 minutes each, and the way between.
    for grid, visits in zip(plane["grids"], (5, 4), strict=True):
        assert grid["minutes"]["before"] == pytest.approx(visits * _visit(40, 1.45, 2, 35), abs=0.01)
        assert grid["minutes"]["after"] == pytest.approx(visits * _visit(30, 1.35, 100, 15), abs=0.01)
    country = 4 * _visit(40, 1.45, 2, 35)
    town = 9 * _visit(30, 1.35, 100, 15)
    assert plane["minutes"]["after"] == pytest.approx(country + town, abs=0.01)
    rows = {row["class"]: row for row in plane["classes"]}
    assert rows["A"]["grids"] == {"before": 0, "after": 2}
    assert rows["A"]["target"]["before"] is None
    assert rows["A"]["target"]["after"] == pytest.approx(town / 2, abs=0.01)
    assert rows["B"]["target"]["after"] == pytest.approx(country, abs=0.01)
    assert plane["mixed_class"] == {"before": [], "after": []}

    assert await classes(api, DAY) == {"T1": "B", "T2": "B", "C1": "B"}
    again = await api.post("/v1/areas/T/reclass", GROWN | {"dry_run": False})
    assert again.json() == told | {"done": True}
    assert await classes(api, "2026-05-31") == {"T1": "B", "T2": "B", "C1": "B"}
    assert await classes(api, DAY) == {"T1": "A", "T2": "A", "C1": "B"}
    located = await api.get(
        "/v1/locate", params={"plane": "p", "lng": 116.005, "lat": 24.005, "at": DAY, "crs": "wgs84"}
    )
    assert located.json()["grid"]["class"] == "A"
    for day, wanted in (("2026-05-31", "B"), (DAY, "A")):
        drawn = (await api.get(f"/v1/plans/{plane['plan']}/grids", params={"at": day})).json()["features"]
        assert {one["properties"]["code"]: one["properties"]["class"] for one in drawn}["T1"] == wanted


def _visit(spot: float, detour: float, density: float, speed: float) -> float:
    """Minutes of a visit: on the spot and on the way."""
    return float(spot + 60 * 0.7124 * detour / (density**0.5 * speed))


async def test_owners_over_their_capacity_are_named_over_all_their_grids(api: Any, county: Any) -> None:
    await county()
    # From B to A work falls; back to B it rises above what the owner of T2 and C1 can do.
    done = await put(api, "/v1/areas/T/class", GROWN | {"from": "2026-02-01"})
    assert done.status_code == 200, done.text
    told = (await api.post("/v1/areas/T/reclass", GROWN | {"class": "B"})).json()
    people = {row["person"]: row for row in told["people"]}
    each = 4 * _visit(40, 1.45, 2, 35)
    assert people["p2"]["minutes"]["after"] == pytest.approx(2 * each, abs=0.01)
    assert people["p2"]["over_capacity"] == {"before": False, "after": True}
    assert people["p1"]["over_capacity"] == {"before": False, "after": False}
    assert told["over_capacity"] == ["p2"]


async def test_a_grid_with_a_class_of_its_own_keeps_it(api: Any, county: Any) -> None:
    await county(own="A")
    told = (await api.post("/v1/areas/T/reclass", GROWN | {"dry_run": False})).json()
    (plane,) = told["planes"]
    assert [grid["grid"] for grid in plane["grids"]] == ["T1"]
    assert plane["mixed_class"] == {"before": ["T2"], "after": []}
    assert await classes(api, DAY) == {"T1": "A", "T2": "A", "C1": "B"}


async def test_a_class_known_for_later_ends_the_change(api: Any, county: Any, load: Any) -> None:
    await county()
    await put(api, "/v1/areas/T/class", GROWN | {"from": "2026-09-01"})
    # A later name is no class: the change goes through it.
    await load("areas", "code,name\nT,city\n", since="2026-03-01")
    told = (await put(api, "/v1/areas/T/class", {"class": "B", "from": "2026-02-01", "reason": "x"})).json()
    assert told["to"] == "2026-09-01"
    found = (await api.get("/v1/areas", params={"at": "2026-04-01"})).json()["areas"]
    town = next(one for one in found if one["code"] == "T")
    assert (town["name"], town["class"], town["class_reason"]) == ("city", "B", "x")
    assert (await classes(api, "2026-09-01"))["T1"] == "A"


async def test_half_a_grid_of_another_class_is_refused_with_the_place(api: Any, county: Any) -> None:
    areas = (
        "code,name,parent,kind,class,wkt\nH,county,,branch,B,\n"
        'T,town,H,community,,"POLYGON((116 24,116.02 24,116.02 24.004,116 24.004,116 24))"\n'
        "C,country,H,community,,\n"
    )
    await county(areas=areas)
    answer = await api.post("/v1/areas/T/reclass", GROWN | {"dry_run": False})
    assert answer.status_code == 422
    told = answer.json()
    assert told["type"].endswith("/class-cuts-grid")
    assert [one["codes"] for one in told["findings"]] == [["T1"], ["T2"]]
    assert "60 %" in told["findings"][0]["detail"]
    west, south, east, north = _bounds(told["findings"][0]["geometry"])
    assert (west, east) == (116.0, 116.01)
    assert (south, north) == pytest.approx((24.004, 24.01))
    assert "split the grid" in told["title"]
    assert await classes(api, DAY) == {"T1": "B", "T2": "B", "C1": "B"}
    same = await put(api, "/v1/areas/T/class", GROWN | {"class": "B"})
    assert same.status_code == 200


async def test_a_file_cannot_make_half_a_grid_of_another_class_either(
    api: Any, county: Any, load: Any
) -> None:
    await county()
    header = "code,name,parent,class,wkt\n"
    half = "POLYGON((116 24,116.03 24,116.03 24.01,116 24.01,116 24))"
    whole = "POLYGON((116 24,116.02 24,116.02 24.01,116 24.01,116 24))"
    done = await load("areas", f'{header}T,town,H,A,"{half}"\nN,new,H,,\n', crs="wgs84", since=DAY)
    assert (done["accepted"], done["refused"]) == (1, 1)
    assert "cuts grid C1 (50 % of the grid" in done["why"][1]
    assert "split the grid" in done["why"][1]
    assert await classes(api, DAY) == {"T1": "B", "T2": "B", "C1": "B"}
    assert (await api.get("/v1/areas/N", params={"at": DAY})).status_code == 200
    done = await load("areas", f'{header}T,town,H,A,"{whole}"\n', crs="wgs84", since=DAY)
    assert done["refused"] == 0
    assert await classes(api, DAY) == {"T1": "A", "T2": "A", "C1": "B"}


async def test_a_draft_with_half_a_grid_on_land_of_another_class_is_warned_of(
    api: Any, county: Any, load: Any
) -> None:
    town = "POLYGON((116 24,116.02 24,116.02 24.01,116 24.01,116 24))"
    areas = f'code,name,parent,class,wkt\nH,county,,B,\nT,town,H,A,"{town}"\nC,country,H,,\n'
    await county(areas=areas)
    grids = (
        'code,area,wkt\nT1,T,"POLYGON((116 24,116.01 24,116.01 24.01,116 24.01,116 24))"\n'
        'C1,C,"POLYGON((116.01 24,116.03 24,116.03 24.01,116.01 24.01,116.01 24))"\n'
    )
    plan = (await load("grids", grids, plane="p", crs="wgs84"))["plan"]
    found = (await api.get(f"/v1/plans/{plan}/check")).json()["findings"]
    mixed = [one for one in found if one["kind"] == "mixed_class"]
    assert [(one["codes"], one["severity"]) for one in mixed] == [(["C1"], "warning")]
    assert _bounds(mixed[0]["geometry"])[::2] == (116.01, 116.02)


def _bounds(geometry: dict[str, Any]) -> tuple[float, float, float, float]:
    ring = geometry["coordinates"][0]
    return min(x for x, _ in ring), min(y for _, y in ring), max(x for x, _ in ring), max(y for _, y in ring)


@pytest.mark.parametrize(
    ("code", "body", "status"),
    [
        ("X", GROWN, 404),
        ("T", GROWN | {"from": "2025-12-31"}, 404),
        ("T", GROWN | {"class": "C"}, 422),
        ("T", {"class": "A"}, 422),
        ("T", GROWN | {"reason": " "}, 422),
        ("T", GROWN | {"since": DAY}, 422),
    ],
)
async def test_what_cannot_be_is_refused(
    api: Any, load: Any, code: str, body: dict[str, Any], status: int
) -> None:
    await load("areas", "code,name\nT,town\n", since="2026-01-01")
    assert (await put(api, f"/v1/areas/{code}/class", body)).status_code == status


async def test_who_changed_what_is_written_down(api: Any, county: Any, database: Any) -> None:
    await county()
    await put(api, "/v1/areas/T/class", GROWN)
    async with database.transaction(api.org_id) as connection:
        found = (
            await connection.execute(
                text("SELECT reason, before, after FROM audit_events WHERE action = 'area.reclass'")
            )
        ).one()
    assert found.reason == GROWN["reason"]
    assert found.before["class"] == ""
    assert (found.after["class"], found.after["grids"]) == ("A", ["p/T1", "p/T2"])
