"""Binary COPY: the way in for many rows, into staging tables that live as long as the transaction."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import driver

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
