"""Binary COPY: the way in for many rows, into staging tables that live as long as the transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import anyio.to_thread
import pgpq
import pyarrow as pa
from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import driver

ARROW: Mapping[str, Any] = {
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float8": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "text": pa.string(),
    "bytea": pa.binary(),
    "geometry": pa.binary(),
    "uuid": pa.binary(),
}
"""The Arrow type whose values binary COPY sends as this PostgreSQL type."""

# A geometry's binary form on the wire is its EWKB, so the bytes go as they are.
_AS_SENT = {"geometry": "bytea"}


async def staging_table(connection: AsyncConnection, name: str, columns: Mapping[str, str]) -> None:
    """A temporary table (column name → PostgreSQL type), empty, dropped when the transaction ends."""
    made = sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(
        sql.Identifier(name),
        sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()
        ),
    )
    inside = await driver(connection)
    await inside.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{}").format(sql.Identifier(name)))
    await inside.execute(made)


async def copy_rows(
    connection: AsyncConnection, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]
) -> int:
    """COPY ``rows`` into ``table`` in the connection's transaction; how many there were.

    ``columns`` maps each column to its PostgreSQL type (``int8``, ``text``, ``float8``, ``bytea``, ``uuid``,
    ``date``, ``bool``, ``geometry`` …), in the order of the values of a row. Values are Python's own (no
    numpy scalars: binary COPY does not convert); a geometry is its EWKB as bytes, with the SRID inside.
    """
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    count = 0
    inside = await driver(connection)
    async with inside.cursor() as cursor, cursor.copy(command) as copy:
        copy.set_types([_AS_SENT.get(kind, kind) for kind in columns.values()])
        for row in rows:
            await copy.write_row(row)
            count += 1
    return count


def as_batch(values: Mapping[str, Any], columns: Mapping[str, str]) -> Any:
    """Columns as a record batch for :func:`copy_batch`; ``columns`` maps each name to its PostgreSQL type."""
    schema = pa.schema([(name, ARROW[kind]) for name, kind in columns.items()])
    return pa.record_batch([_typed(values[one.name], one.type) for one in schema], schema=schema)


def _typed(values: Any, kind: Any) -> Any:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


async def copy_batch(connection: AsyncConnection, table: str, batch: Any) -> int:
    """COPY a record batch of :func:`as_batch` into columns of its names; how many rows there were."""
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, batch.schema.names))
    )
    sent = await anyio.to_thread.run_sync(_encoded, batch)
    inside = await driver(connection)
    async with inside.cursor() as cursor, cursor.copy(command) as copy:
        await copy.write(sent)
    rows: int = batch.num_rows
    return rows


def _encoded(batch: Any) -> bytes:
    encoder = pgpq.ArrowToPostgresBinaryEncoder(batch.schema)
    return b"".join((encoder.write_header(), encoder.write_batch(batch), encoder.finish()))
