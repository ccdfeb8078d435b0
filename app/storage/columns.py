"""Reading many rows as numpy columns: one value on the wire for each column, not one for each cell."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import BigInteger, Integer, LargeBinary, Text, cast, column, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

Kind = Literal["int64", "float64", "bool", "day", "uuid", "text", "bytes"]
OPEN = int(np.iinfo(np.int32).max)
"""The day of a span without an end."""

_EPOCH = text("DATE '1970-01-01'")
_NOTHING = cast(text("''"), LargeBinary)


def _sent(name: str, kind: Kind) -> list[ColumnElement[Any]]:
    value: Any = column(name)
    if kind == "text":
        return [cast(func.json_agg(value), Text)]
    if kind == "bytes":
        value = func.coalesce(value, _NOTHING)
        return [_together(func.int4send(func.octet_length(value))), _together(value)]
    sent = {
        "int64": lambda: func.int8send(cast(func.coalesce(value, -1), BigInteger)),
        "float64": lambda: func.float8send(func.coalesce(value, text("'NaN'::float8"))),
        "bool": lambda: func.boolsend(func.coalesce(value, text("false"))),
        "day": lambda: func.int4send(cast(func.coalesce(value.op("-")(_EPOCH), OPEN), Integer)),
        "uuid": lambda: func.uuid_send(
            func.coalesce(value, text("'00000000-0000-0000-0000-000000000000'::uuid"))
        ),
    }
    return [_together(sent[kind]())]


def _together(value: Any) -> ColumnElement[Any]:
    together: ColumnElement[Any] = func.string_agg(value, _NOTHING, type_=LargeBinary)
    return together


_WIRE: dict[str, str] = {"int64": ">i8", "float64": ">f8", "bool": "?", "day": ">i4", "uuid": "V16"}
_HERE: dict[str, str] = {"int64": "i8", "float64": "f8", "bool": "?", "day": "i4", "uuid": "V16"}


def as_array(keys: NDArray[np.int64]) -> str:
    """Keys as a parameter for ``CAST(:keys AS bigint[])``: one text, made at once instead of key by key."""
    texts = pa.array(keys).cast(pa.string())
    whole: str = pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), ",")[0].as_py()
    return "{" + whole + "}"


_MANY = 1_000


@asynccontextmanager
async def by_index(connection: AsyncConnection, keys: NDArray[np.int64]) -> AsyncIterator[None]:
    """Inside, the rows of many keys are found through indexes: a question costs by the keys that it asks for,
    not by the rows there are. Left alone the planner reads a whole table for some thousands of keys.

    For a question of one table; a failure leaves the transaction useless in any case.
    """
    if len(keys) > _MANY:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))
    yield
    if len(keys) > _MANY:
        await connection.execute(text("SET LOCAL enable_seqscan = on"))


async def read_columns(
    connection: AsyncConnection, query: str, kinds: Mapping[str, Kind], **params: Any
) -> dict[str, NDArray[Any]]:
    """The rows of ``query`` as arrays of one length, one for each named column.

    Kinds and what a NULL becomes: ``int64`` −1, ``float64`` NaN, ``bool`` false, ``day`` (int32, days since
    1970-01-01) :data:`OPEN`, ``uuid`` (16 raw bytes) zeros, ``text`` None, ``bytes`` (for geometry: WKB)
    empty. The order of rows is the query's own only if it has an ORDER BY.
    """
    rows = text(query).columns(*(column(name) for name in kinds)).subquery("rows")
    sent = [part for name, kind in kinds.items() for part in _sent(name, kind)]
    answer = list((await connection.execute(select(*sent).select_from(rows), params)).one())
    return {name: _received(kind, answer) for name, kind in kinds.items()}


def _received(kind: Kind, answer: list[Any]) -> NDArray[Any]:
    first = answer.pop(0)
    if kind == "text":
        return _objects(orjson.loads(first) if first is not None else [])
    if kind == "bytes":
        ends = np.cumsum(np.frombuffer(first or b"", ">i4"), dtype=np.int64)
        whole = answer.pop(0) or b""
        return _objects([whole[a:b] for a, b in zip(np.r_[0, ends][:-1], ends, strict=True)])
    return np.frombuffer(first or b"", _WIRE[kind]).astype(_HERE[kind])


def _objects(values: list[Any]) -> NDArray[Any]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
