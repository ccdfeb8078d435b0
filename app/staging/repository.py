"""The staging table of an import: its rows, and set-wise statements that refuse some of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.copy import copy_batch, copy_rows, staging_table
from app.storage.database import driver
from app.storage.rows import records

STAGED = "staged"

_WGS84 = {"geometry": "geometry(Geometry, 4326)"}


async def create(connection: AsyncConnection, columns: dict[str, str]) -> None:
    """An empty staging table; further columns are for what the merge finds out."""
    await staging_table(connection, STAGED, {name: _WGS84.get(pg, pg) for name, pg in columns.items()})


async def add(connection: AsyncConnection, rows: Any) -> int:
    """Copy the rows of a record batch in."""
    return await copy_batch(connection, STAGED, rows)


MANY = 1_000


async def analyse(connection: AsyncConnection, rows: int) -> None:
    """Tell the planner how the table looks, and that many rows are joined whole.

    What was loaded a moment ago has no statistics yet, and then the planner takes thousands of rows for a
    handful and joins them by nested loops: minutes instead of a second.
    """
    await connection.execute(text("ANALYZE staged"))
    if rows > MANY:
        await connection.execute(text("SET LOCAL enable_nestloop = off"))


async def merged(connection: AsyncConnection) -> None:
    """The joins of the merge are done: the planner is free again."""
    await connection.execute(text("SET LOCAL enable_nestloop = on"))


async def refuse_repeated(connection: AsyncConnection, key: Sequence[str], what: str) -> None:
    """Refuse each row whose key an earlier row of the file has; keys with a null part repeat nothing."""
    columns = sql.SQL(", ").join(map(sql.Identifier, key))
    query = sql.SQL(
        """
        UPDATE staged s
        SET reason = concat_ws('; ', s.reason, %(what)s::text || ' is in row ' || d.first || ' already')
        FROM (SELECT row, first_value(row) OVER (PARTITION BY {columns} ORDER BY row) AS first
              FROM staged WHERE num_nulls({columns}) = 0) d
        WHERE d.row = s.row AND d.first < d.row
        """
    ).format(columns=columns)
    await (await driver(connection)).execute(query, {"what": what})


async def refuse_unknown(
    connection: AsyncConnection, column: str, table: str, known: str, advice: str
) -> None:
    """Refuse each row whose ``column`` names nothing in column ``known`` of ``table``."""
    query = sql.SQL(
        """
        UPDATE staged s
        SET reason = concat_ws('; ', s.reason, format('%%s: there is no %%L; %%s', {name}::text, s.{column},
                               %(advice)s::text))
        WHERE s.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM {table} t WHERE t.{known} = s.{column})
        """
    ).format(
        name=sql.Literal(column),
        column=sql.Identifier(column),
        table=sql.Identifier(table),
        known=sql.Identifier(known),
    )
    await (await driver(connection)).execute(query, {"advice": advice})


async def refuse_unlisted(
    connection: AsyncConnection, column: str, listed: Sequence[str], advice: str
) -> None:
    """Refuse each row whose ``column`` holds something that is not listed."""
    query = sql.SQL(
        """
        UPDATE staged s
        SET reason = concat_ws('; ', s.reason, format('%%s: %%L is not one of %%s; %%s', {name}::text,
                               s.{column}, %(known)s::text, %(advice)s::text))
        WHERE s.{column} <> ALL(%(listed)s::text[])
        """
    ).format(name=sql.Literal(column), column=sql.Identifier(column))
    known = {"known": ", ".join(listed) or "none", "listed": list(listed), "advice": advice}
    await (await driver(connection)).execute(query, known)


async def refuse(connection: AsyncConnection, reasons: Iterable[tuple[int, str]]) -> None:
    """Refuse single rows by number."""
    pairs = list(reasons)
    if not pairs:
        return
    await staging_table(connection, "staged_reasons", {"row": "int4", "why": "text"})
    await copy_rows(connection, "staged_reasons", {"row": "int4", "why": "text"}, pairs)
    await connection.execute(
        text(
            "UPDATE staged s SET reason = concat_ws('; ', s.reason, r.why) "
            "FROM staged_reasons r WHERE r.row = s.row"
        )
    )


async def refuse_spans(connection: AsyncConnection, key: Sequence[str]) -> None:
    """Refuse each row whose dates are no span, or whose span overlaps an earlier row's of the same key."""
    inside = await driver(connection)
    await inside.execute(
        "UPDATE staged SET reason = concat_ws('; ', reason, "
        "format('its end %s is not behind its beginning %s', valid_to, valid_from)) "
        "WHERE valid_to <= valid_from"
    )
    same = [sql.SQL("a.{0} = b.{0}").format(sql.Identifier(column)) for column in key]
    query = sql.SQL(
        """
        UPDATE staged s SET reason = concat_ws('; ', s.reason, 'its dates overlap those of row ' || d.first
                               || ': let one end on the day on which the other begins')
        FROM (SELECT b.row, min(a.row) AS first
              FROM staged a JOIN staged b ON {same} AND a.row < b.row
               AND a.valid_from < coalesce(b.valid_to, 'infinity')
               AND b.valid_from < coalesce(a.valid_to, 'infinity')
              WHERE a.reason IS NULL AND b.reason IS NULL GROUP BY b.row) d
        WHERE d.row = s.row
        """
    ).format(same=sql.SQL(" AND ").join(same))
    await inside.execute(query)


async def counts(connection: AsyncConnection) -> tuple[int, int]:
    """Rows, and how many of them are refused."""
    row = (await connection.execute(text("SELECT count(*), count(reason) FROM staged"))).one()
    return int(row[0]), int(row[1])


async def refused(connection: AsyncConnection, after: int, limit: int) -> list[dict[str, Any]]:
    """Refused rows behind row number ``after``, in order."""
    query = text(
        "SELECT row, row_id, reason FROM staged WHERE reason IS NOT NULL AND row > :after "
        "ORDER BY row LIMIT :limit"
    )
    return records(await connection.execute(query, {"after": after, "limit": limit}))
