"""Bringing a table of things without dates to what a staging table says, writing only what differs."""

import uuid
from collections.abc import Sequence

from psycopg import sql
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import driver

MERGED = "merged"
"""Temporary table that :func:`merge` leaves: the key of every row it added or changed, and ``added``."""


async def merge(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    table: Table,
    key: Sequence[str],
    columns: Sequence[str],
    source: str,
) -> tuple[int, int]:
    """Add to ``table`` what it lacks of the temporary table ``source``, change what differs: how many each.

    ``source`` has ``key`` and ``columns`` and one row a key. The caller holds a lock that keeps other writers
    of the table away. ``updated_at``, where the table has it, is set on a change.
    """
    stamp = sql.SQL(", updated_at = clock_timestamp()" if "updated_at" in table.columns else "")
    words = {
        "merged": sql.Identifier(MERGED),
        "table": sql.Identifier(table.name),
        "source": sql.Identifier(source),
        "key": _list(key),
        "target_key": _list(key, "t"),
        "columns": _list([*key, *columns]),
        "new": _list([*key, *columns], "s"),
        "match": sql.SQL(" AND ").join(
            sql.SQL("{} = {}").format(sql.Identifier("t", k), sql.Identifier("s", k)) for k in key
        ),
        "set": sql.SQL(", ").join(
            sql.SQL("{} = {}").format(sql.Identifier(c), sql.Identifier("s", c)) for c in columns
        ),
        "held": _list(columns, "t"),
        "said": _list(columns, "s"),
        "stamp": stamp,
    }
    inside = await driver(connection)
    for statement in (
        "DROP TABLE IF EXISTS pg_temp.{merged}",
        "CREATE TEMPORARY TABLE {merged} ON COMMIT DROP AS "
        "SELECT {key}, false AS added FROM {source} LIMIT 0",
        "ANALYZE {source}",
    ):
        await inside.execute(sql.SQL(statement).format(**words))
    changed = await inside.execute(sql.SQL(_CHANGE).format(**words))
    added = await inside.execute(sql.SQL(_ADD).format(**words), {"org": org_id})
    await inside.execute(sql.SQL("ANALYZE {merged}").format(**words))
    return added.rowcount, changed.rowcount


_CHANGE = """
    WITH written AS (
        UPDATE {table} t SET {set}{stamp} FROM {source} s
        WHERE {match} AND ROW({held}) IS DISTINCT FROM ROW({said})
        RETURNING {target_key}
    )
    INSERT INTO {merged} SELECT {key}, false FROM written
"""
_ADD = """
    WITH written AS (
        INSERT INTO {table} AS t (org_id, {columns})
        SELECT %(org)s, {new} FROM {source} s WHERE NOT EXISTS (SELECT FROM {table} t WHERE {match})
        RETURNING {target_key}
    )
    INSERT INTO {merged} SELECT {key}, true FROM written
"""


def _list(names: Sequence[str], prefix: str | None = None) -> sql.Composed:
    parts = [sql.Identifier(prefix, name) if prefix else sql.Identifier(name) for name in names]
    return sql.SQL(", ").join(parts)
