"""POST /v1/assign: many places in columns, by place alone or by all the rules of a plane."""

from __future__ import annotations

from typing import Any

import pytest
import shapely
from psycopg import connect
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

WEST, EAST = shapely.box(116.0, 24.0, 116.1, 24.1), shapely.box(116.1, 24.0, 116.2, 24.1)
GRIDS = {"G1": WEST, "G2": EAST}
ASKED = {
    "crs": "wgs84",
    "plane": "lower",
    "id": ["in", "edge", "out", "null", "far"],
    "lng": [116.05, 116.1, 116.3, None, 500.0],
    "lat": [24.05] * 5,
}


async def test_places_alone(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    answer = (await world.api.post("/v1/assign", ASKED)).json()
    assert answer["id"] == ASKED["id"]
    assert answer["grid"] == ["G1", "G1", None, None, None]
    assert answer["status"] == ["assigned", "assigned", "outside", "rejected", "rejected"]
    assert answer["rule"] == ["point", "point", None, None, None]
    assert answer["tie"] == [False, True, False, False, False]
    assert answer["nearest_grid"] == [None, None, "G2", None, None]
    assert answer["distance_m"][2] == pytest.approx(10_171, abs=5)
    assert [reason is None for reason in answer["reason"]] == [True, True, True, False, False]
    assert "h3" not in answer
    with_cells = (await world.api.post("/v1/assign?include=h3", ASKED)).json()
    assert [cell is None for cell in with_cells["h3"]] == [False, False, False, True, True]


async def test_one_place_in_three_datums_is_one_answer(world: Any) -> None:
    await world.plane()
    await world.publish("lower", {"G1": shapely.box(116.4039, 39.9149, 116.4041, 39.9151)})
    for crs, lng, lat in (
        ("wgs84", 116.404, 39.915),
        ("gcj02", 116.41024449916938, 39.91640428150164),
        ("bd09", 116.41662724378733, 39.922699552216216),
    ):
        body = {"crs": crs, "plane": "lower", "id": [1], "lng": [lng], "lat": [lat]}
        assert (await world.api.post("/v1/assign", body)).json()["grid"] == ["G1"]
        params = {"lng": lng, "lat": lat, "crs": crs, "plane": "lower"}
        assert (await world.api.get("/v1/locate", params=params)).json()["grid"]["code"] == "G1"


async def test_with_a_further_column_the_planes_rules_and_covers_decide(world: Any) -> None:
    await world.plane(covers={"segment": [], "tier": ["A", "B"], "net_status": []})
    await world.publish("lower", GRIDS)
    await world.building("B", shapely.box(116.0998, 24.05, 116.1004, 24.051))
    await world.cluster("market")
    await world.owns("lower", "G2", "market")
    await world.party("works")
    await world.account("locked", 116.05, 24.05, tier="A")
    await world.locks("lower", "G2", "locked")
    await world.lists("lower", "G2", party="works")
    body = {
        "crs": "wgs84",
        "plane": "lower",
        "id": list(range(8)),
        "lng": [116.05] * 8,
        "lat": [24.05] * 8,
        "tier": [None, "A", "A", "A", "A", "A", "C", "A"],
        "account": ["locked", None, None, None, None, None, None, "nobody"],
        "party": [None, "works", None, None, None, None, None, None],
        "cluster": [None, None, "market", None, None, None, None, None],
        "building": [None, None, None, "B", None, None, None, None],
        "geocode_level": [None, None, None, None, "village", "district", None, None],
    }
    answer = (await world.api.post("/v1/assign", body)).json()
    assert answer["grid"] == ["G2", "G2", "G2", "G2", "G1", None, None, "G1"]
    assert answer["rule"] == [
        "lock", "named_list", "cluster", "building", "region", None, None, "point",
    ]  # fmt: skip
    assert answer["status"] == [*["assigned"] * 5, "quarantined", "uncovered", "assigned"]
    assert answer["reason"][7] == "no account 'nobody' is known"


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"crs": None}, 422, "missing-crs"),
        ({"crs": "no such"}, 422, "unknown-crs"),
        ({"lat": [1.0]}, 422, "bad-columns"),
        ({"id": 7}, 422, "bad-columns"),
        ({"plane": "none"}, 404, "unknown-plane"),
        ({"id": [0] * 100_001, "lng": [0] * 100_001, "lat": [0] * 100_001}, 413, "too-many-rows"),
    ],
)
async def test_a_bad_question_is_refused(world: Any, change: Any, status: int, kind: str) -> None:
    await world.plane()
    answer = await world.api.post("/v1/assign", ASKED | change)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (status, kind)


async def test_bodies_that_are_no_columns_or_hold_words_and_nan(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    answer = await world.api.post("/v1/assign", content=b"not json")
    assert answer.status_code == 422
    body = b'{"crs":"wgs84","plane":"lower","id":[1,2,3],"lng":[NaN,"east",116.05],"lat":[1,2,24.05]}'
    told = (await world.api.post("/v1/assign", content=body)).json()
    assert told["status"] == ["rejected", "rejected", "assigned"]
    assert "'east'" in told["reason"][1]


async def test_without_its_database_the_service_refuses_rather_than_guesses(
    world: Any, database_url: str
) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    params = {"lng": 116.05, "lat": 24.05, "crs": "wgs84", "plane": "lower"}
    assert (await world.api.get("/v1/locate", params=params)).json()["grid"]["code"] == "G1"
    url = make_url(database_url)
    server = url.set(database="postgres").render_as_string(hide_password=False)
    allow = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with connect(server, autocommit=True) as other:
        try:
            other.execute(allow.format(Identifier(url.database), SQL("false")))
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (url.database,)
            )
            for answer in (
                await world.api.get("/v1/locate", params=params),
                await world.api.post("/v1/assign", ASKED),
            ):
                assert answer.status_code == 503
        finally:
            other.execute(allow.format(Identifier(url.database), SQL("true")))
    assert (await world.api.get("/v1/locate", params=params)).json()["grid"]["code"] == "G1"
