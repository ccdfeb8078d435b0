"""A bulk question as JSON and as an Arrow stream: equal columns are equal questions with equal answers."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from app.assignments.decide import Known
from app.assignments.locators import Ground
from app.coverage import arrow_columns, bulk, json_columns
from app.coverage.answer import Answer
from app.coverage.columns import MAX_ROWS, Question
from app.errors import DomainError, Invalid, TooLarge, Unsupported
from app.plans.model import GridTable
from geo.precedence import Rule, parse_rules

GRIDS = {
    "东": shapely.box(116.1, 24.0, 116.2, 24.1),
    "西": shapely.box(116.0, 24.0, 116.1, 24.1),
}


def ground(shapes: dict[str, Any]) -> Ground:
    n = len(shapes)
    codes = sorted(shapes)
    return Ground(
        GridTable(
            uuid.uuid4(),
            1,
            [uuid.uuid4() for _ in codes],
            codes,
            [None] * n,
            [None] * n,
            [None] * n,
            [None] * n,
            np.zeros(n, bool),
            [{}] * n,
            [code.encode() for code in codes],
            np.array([shapes[code] for code in codes], dtype=object),
            np.ones(n),
        )
    )


GROUND = ground(GRIDS)
LISTS = ground({"名单": None})


def stream(table: Any, batch: int | None = None, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table, batch)
    told: bytes = sink.getvalue().to_pybytes()
    return told


def as_arrow(columns: dict[str, list[Any]]) -> Any:
    kinds = {"lng": pa.float64(), "lat": pa.float64(), "radius_m": pa.float64()}
    return pa.table({name: pa.array(values, kinds.get(name)) for name, values in columns.items()})


def answer_to(asked: Question) -> Answer:
    if not asked.by_rules:
        return bulk.by_place(asked, GROUND, "place", True)
    known = Known.of(asked.lng, asked.lat, level=asked.level, radius_m=asked.radius_m)
    return bulk.by_rules(asked, GROUND, parse_rules(["point", "region"]), known, None, asked.reason, True)


def told_in_json(answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(json_columns.encode(answer))
    return told


def told_in_arrow(answer: Answer) -> dict[str, Any]:
    table = pa.ipc.open_stream(arrow_columns.encode(answer)).read_all()
    told: dict[str, Any] = table.to_pydict()
    told["plan"] = (table.schema.metadata or {}).get(b"plan", b"").decode() or None
    told["h3"] = [None if cell is None else f"{cell:x}" for cell in told["h3"]]
    return told


def parse(table: Any, batch: int | None = None, **options: Any) -> Question:
    return arrow_columns.parse(stream(table, batch, **options), "lower", "wgs84")


SOME: dict[str, list[Any]] = {
    "id": ["a", "b", "c"],
    "lng": [116.05, 116.15, 116.1],
    "lat": [24.05, 24.05, 24.05],
}

numbers = st.none() | st.sampled_from([116.05, 116.1, 116.3, -0.0, 500.0]) | st.floats(115.9, 116.3)
row = st.fixed_dictionaries(
    {"lng": numbers, "lat": st.sampled_from([24.05, 24.0, 24.1, None, 91.0]) | st.floats(23.9, 24.2)},
    optional={},
)
ids = st.one_of(
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, list[Any]]:
    names = draw(ids)
    n = len(names)
    rows = draw(st.lists(row, min_size=n, max_size=n))
    columns: dict[str, list[Any]] = {
        "id": names,
        "lng": [one["lng"] for one in rows],
        "lat": [one["lat"] for one in rows],
    }
    if draw(st.booleans()):
        levels = st.sampled_from([None, "", "point", "street", "village", "district", "planet"])
        columns["geocode_level"] = draw(st.lists(levels, min_size=n, max_size=n))
    if draw(st.booleans()):
        radii = st.none() | st.floats(-10, 5_000)
        columns["radius_m"] = draw(st.lists(radii, min_size=n, max_size=n))
    return columns


@settings(deadline=None)
@given(questions(), st.sampled_from(["wgs84", "gcj02"]), st.integers(1, 4), st.booleans())
def test_equal_columns_are_equal_answers(
    columns: dict[str, list[Any]], crs: str, batch: int, dictionary: bool
) -> None:
    table = as_arrow(columns)
    if dictionary:
        table = table.set_column(0, "id", table.column("id").dictionary_encode())
    in_json = json_columns.parse(orjson.dumps({"crs": crs, "plane": "lower"} | columns))
    in_arrow = arrow_columns.parse(stream(table, batch), "lower", crs)
    answers = (answer_to(in_json), answer_to(in_arrow))
    told = [tell(answer) for answer in answers for tell in (told_in_json, told_in_arrow)]
    assert told[0]["id"] == columns["id"]
    assert all(one == told[0] for one in told[1:])


@settings(deadline=None)
@given(questions(), st.sampled_from(["place", "list"]))
def test_a_place_alone_is_decided_as_the_rule_point_decides(columns: dict[str, list[Any]], kind: str) -> None:
    places = {name: columns[name] for name in ("id", "lng", "lat")}
    asked = json_columns.parse(orjson.dumps({"crs": "wgs84", "plane": "lower"} | places))
    ground = GROUND if kind == "place" else LISTS
    rules = (Rule.POINT,) if kind == "place" else ()
    short = bulk.by_place(asked, ground, kind, True)
    long = bulk.by_rules(asked, ground, rules, Known.of(asked.lng, asked.lat), None, asked.reason, True)
    assert told_in_json(short) == told_in_json(long)


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.int32(), pa.uint16(), pa.float32(), pa.float64(), pa.float16()], ids=str
)
def test_numbers_of_any_width_are_numbers(kind: Any) -> None:
    table = pa.table({"id": [1, 2], "lng": pa.array([116, None], kind), "lat": pa.array([24, 24], kind)})
    asked = parse(table)
    assert (asked.lng[0], asked.lat[0]) == (116, 24)
    assert list(asked.rejected) == [False, True]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", "b", "a"], pa.large_string()),
        pa.array(["a", "b", "a"], pa.string_view()),
        pa.array(["a", "b", "a"]).dictionary_encode(),
        pa.array(["a", "b", "a"]).cast(pa.dictionary(pa.int8(), pa.large_string())),
    ],
    ids=lambda column: str(column.type),
)
def test_text_in_any_form_is_text(column: Any) -> None:
    table = as_arrow(SOME).set_column(0, "id", column).append_column("tier", column)
    asked = parse(table)
    assert told_in_arrow(answer_to(asked))["id"] == told_in_json(answer_to(asked))["id"] == ["a", "b", "a"]
    assert asked.texts["tier"] == ["a", "b", "a"]


def test_several_batches_are_one_question_and_other_columns_are_left_alone() -> None:
    table = as_arrow(SOME).append_column("more", pa.array([[1], [2, 3], None]))
    assert list(answer_to(parse(table, 1)).grid) == list(answer_to(parse(table)).grid)
    replaced = pa.concat_tables(
        as_arrow(SOME).set_column(0, "id", pa.array(names).dictionary_encode())
        for names in (["a", "b", "a"], ["c", "c", "d"])
    )
    assert parse(replaced).ids.to_pylist() == ["a", "b", "a", "c", "c", "d"]


def test_no_rows_are_no_answers() -> None:
    columns: dict[str, list[Any]] = {"id": [], "lng": [], "lat": []}
    told = told_in_arrow(answer_to(parse(as_arrow(columns))))
    assert told["grid"] == told["id"] == []
    in_json = json_columns.parse(orjson.dumps({"crs": "wgs84", "plane": "lower"} | columns))
    assert told_in_json(answer_to(in_json))["grid"] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.drop_columns("lat"), "no column lat"),
        (lambda t: t.set_column(1, "lng", pa.array(["116.1", "1", "2"])), "lng is of type string"),
        (lambda t: t.set_column(1, "lng", pa.array([True, False, True])), "lng is of type bool"),
        (lambda t: t.set_column(1, "lng", t.column("lng").dictionary_encode()), "lng is of type dictionary"),
        (lambda t: t.set_column(0, "id", pa.array([[1], [2], [3]])), "id is of type list"),
        (lambda t: t.set_column(0, "id", pa.array([1.5, 2.5, 3.5])), "id is of type double"),
        (lambda t: t.append_column("lat", t.column("lat")), "several columns lat"),
        (lambda t: t.append_column("tier", pa.array([{"a": 1}] * 3)), "tier is of type struct"),
    ],
)
def test_columns_that_are_none_are_named(change: Any, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        parse(change(as_arrow(SOME)))


@pytest.mark.parametrize("body", [b"", b"not arrow", b"\xff" * 64, b"ARROW1\0\0" + bytes(100), bytes(4096)])
def test_noise_is_no_stream(body: bytes) -> None:
    for tail in (b"", b"\xff\xff\xff\xff\0\0\0\0"):
        with pytest.raises(Invalid):
            arrow_columns.parse(body + tail, "lower", "wgs84")


def test_a_stream_that_is_cut_off_anywhere_is_refused() -> None:
    whole = stream(as_arrow(SOME), 1)
    for length in range(len(whole)):
        with pytest.raises(Invalid):
            arrow_columns.parse(whole[:length], "lower", "wgs84")


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_stream_is_refused_or_read_but_never_breaks(damage: list[tuple[int, int]]) -> None:
    table = as_arrow(SOME).set_column(0, "id", pa.array(["a", "b", "a"]).dictionary_encode())
    damaged = bytearray(stream(table, 2))
    for at, value in damage:
        damaged[at % len(damaged)] = value
    try:
        answer = answer_to(arrow_columns.parse(bytes(damaged), "lower", "wgs84"))
        told_in_json(answer)
        told_in_arrow(answer)
    except DomainError:
        pass


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_what_would_have_to_be_unpacked_is_refused_unseen(codec: str) -> None:
    table = pa.table({"id": [0] * 90_000, "lng": [0.0] * 90_000, "lat": [0.0] * 90_000})
    with pytest.raises(Unsupported, match="compressed"):
        parse(table, compression=codec)
    packed_words = as_arrow(SOME).set_column(0, "id", pa.array(["a" * 10_000] * 3).dictionary_encode())
    with pytest.raises(Unsupported, match="compressed"):
        parse(packed_words, compression=codec)


def test_one_long_text_said_many_times_is_bounded() -> None:
    n = 90_000
    again = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int8)), pa.array(["x" * 1_000_000]))
    table = pa.table({"id": again, "lng": pa.nulls(n), "lat": pa.nulls(n)})
    with pytest.raises(TooLarge, match="id"):
        parse(table)


def test_too_many_rows_are_refused_before_they_are_read() -> None:
    n = MAX_ROWS + 1
    with pytest.raises(TooLarge, match="100,001 rows"):
        parse(pa.table({"id": pa.nulls(n), "lng": pa.nulls(n), "lat": pa.nulls(n)}), 60_000)
    asked = parse(pa.table({"id": pa.nulls(3), "lng": pa.nulls(3), "lat": pa.nulls(3)}))
    assert asked.rejected.all()


def test_ids_of_several_kinds_are_no_arrow_column() -> None:
    body = orjson.dumps({"crs": "wgs84", "plane": "lower"} | SOME | {"id": [1, "b", [2]]})
    answer = answer_to(json_columns.parse(body))
    assert told_in_json(answer)["id"] == [1, "b", [2]]
    with pytest.raises(Invalid, match="several kinds"):
        arrow_columns.encode(answer)
