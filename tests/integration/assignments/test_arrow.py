"""POST /v1/assign with Arrow streams: the same question, the same answer, by content type."""

from __future__ import annotations

import uuid
from typing import Any

import pyarrow as pa
import pytest
import shapely

ARROW = "application/vnd.apache.arrow.stream"
GRIDS = {"G1": shapely.box(116.0, 24.0, 116.1, 24.1), "G2": shapely.box(116.1, 24.0, 116.2, 24.1)}
COLUMNS: dict[str, list[Any]] = {
    "id": ["in", "edge", "out", "null", "far"],
    "lng": [116.05, 116.1, 116.3, None, 500.0],
    "lat": [24.05] * 5,
}
ASKED = "/v1/assign?crs=wgs84&plane=lower"


def stream(columns: dict[str, list[Any]]) -> bytes:
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table, 2)
    told: bytes = sink.getvalue().to_pybytes()
    return told


async def ask(world: Any, body: bytes, path: str = ASKED, **headers: str) -> Any:
    return await world.api.post(path, content=body, headers={"Content-Type": ARROW} | headers)


async def test_the_answer_is_that_of_json(world: Any) -> None:
    await world.plane()
    plan = await world.publish("lower", GRIDS)
    in_json = (
        await world.api.post("/v1/assign?include=h3", {"crs": "wgs84", "plane": "lower"} | COLUMNS)
    ).json()
    answer = await ask(world, stream(COLUMNS), ASKED + "&include=h3")
    assert (answer.status_code, answer.headers["content-type"]) == (200, ARROW)
    table = pa.ipc.open_stream(answer.content).read_all()
    assert uuid.UUID(table.schema.metadata[b"plan"].decode()) == plan
    told = table.to_pydict()
    told["h3"] = [None if cell is None else f"{cell:x}" for cell in told["h3"]]
    assert told | {"plan": str(plan)} == in_json
    assert told["grid"] == ["G1", "G1", None, None, None]


async def test_accept_chooses_the_form_of_the_answer(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    answer = await ask(world, stream(COLUMNS), Accept="application/json")
    assert answer.json()["grid"][:2] == ["G1", "G1"]
    question = {"crs": "wgs84", "plane": "lower"} | COLUMNS
    answer = await world.api.post("/v1/assign", question, headers={"Accept": ARROW})
    assert answer.headers["content-type"] == ARROW
    assert pa.ipc.open_stream(answer.content).read_all().column("id").to_pylist() == COLUMNS["id"]


async def test_further_columns_let_the_rules_decide(world: Any) -> None:
    await world.plane(covers={"segment": [], "tier": ["A"], "net_status": []})
    await world.publish("lower", GRIDS)
    await world.account("locked", 116.05, 24.05, tier="A")
    await world.locks("lower", "G2", "locked")
    columns: dict[str, list[Any]] = {
        "id": [1, 2, 3, 4],
        "lng": [116.05] * 4,
        "lat": [24.05] * 4,
        "account": ["locked", None, None, "nobody"],
        "tier": [None, "A", "C", "A"],
        "geocode_level": [None, "village", None, None],
        "radius_m": [None, 100.0, None, None],
    }
    in_json = await world.api.post("/v1/assign", {"crs": "wgs84", "plane": "lower"} | columns)
    answer = await ask(world, stream(columns), Accept="application/json")
    assert answer.json() == in_json.json()
    assert answer.json()["rule"] == ["lock", "region", None, "point"]


async def test_before_any_publication_nobody_is_responsible(world: Any) -> None:
    await world.plane()
    table = pa.ipc.open_stream((await ask(world, stream(COLUMNS))).content).read_all()
    assert table.schema.metadata is None
    assert table.column("status").to_pylist() == [*["unassigned"] * 3, *["rejected"] * 2]


async def test_it_asks_of_other_days_and_of_what_was_believed(world: Any) -> None:
    await world.plane()
    await world.publish("lower", GRIDS)
    before = await ask(world, stream(COLUMNS), ASKED + "&at=2026-04-30", Accept="application/json")
    assert before.json()["plan"] is None
    believed = await ask(world, stream(COLUMNS), ASKED + "&known_at=2999-01-01", Accept="application/json")
    assert believed.json()["grid"][:2] == ["G1", "G1"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "kind"),
    [
        ("/v1/assign?plane=lower", stream(COLUMNS), {}, 422, "missing-crs"),
        ("/v1/assign?plane=lower&crs=none", stream(COLUMNS), {}, 422, "unknown-crs"),
        ("/v1/assign?crs=wgs84", stream(COLUMNS), {}, 422, "invalid-request"),
        ("/v1/assign?crs=wgs84&plane=none", stream(COLUMNS), {}, 404, "unknown-plane"),
        (ASKED, b"noise", {}, 422, "invalid-request"),
        (ASKED, stream(COLUMNS)[:-9], {}, 422, "invalid-request"),
        (ASKED, stream({"id": ["a"], "lng": [1.0]}), {}, 422, "bad-columns"),
        (ASKED, b"id,lng,lat", {"Content-Type": "text/csv"}, 415, "unsupported-content"),
        (ASKED, b" " * ((64 << 20) + 1), {}, 413, "too-large"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else str(value),
)
async def test_a_bad_question_is_refused(
    world: Any, path: str, body: bytes, headers: dict[str, str], status: int, kind: str
) -> None:
    await world.plane()
    answer = await ask(world, body, path, **headers)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[1]) == (status, kind)
