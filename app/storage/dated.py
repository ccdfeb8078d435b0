"""Writing dated facts set-wise: what is said of a span of days replaces what was said of it before.

Nothing is overwritten: a row that no longer holds as it stood is superseded, what is left of it on either
side of the span is written anew, and then the new fact. A fact that says what is known already
writes nothing.
"""

import datetime as dt
import uuid
from collections.abc import Sequence

from psycopg import sql
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.copy import staging_table
from app.storage.database import driver

_TIMES = ("valid_from", "valid_to", "recorded_at", "superseded_at")

CHANGED = "overlay_changed"
"""Temporary table that :func:`overlay` leaves: the rows of its source that changed something."""


async def moment(connection: AsyncConnection) -> dt.datetime:
    """The time that a merge's corrections carry, so that what ends and what begins meet exactly."""
    now: dt.datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return now


def known(alias: str, known_at: dt.datetime | None = None) -> str:
    """SQL: that a row of a dated table was known then; ``:known_at`` is a parameter only where it is given.

    Two texts rather than one with an OR: the indexes over what is known now serve a plain IS NULL alone.
    """
    if known_at is None:
        return f"{alias}.superseded_at IS NULL"
    return (
        f"({alias}.recorded_at <= :known_at"
        f" AND ({alias}.superseded_at IS NULL OR :known_at < {alias}.superseded_at))"
    )


def on_day(alias: str, known_at: dt.datetime | None = None) -> str:
    """SQL: that a row of a dated table holds on the day ``:at``, as known then."""
    return (
        f"({known(alias, known_at)} AND {alias}.valid_from <= :at"
        f" AND ({alias}.valid_to IS NULL OR :at < {alias}.valid_to))"
    )


def between(alias: str, known_at: dt.datetime | None = None) -> str:
    """SQL: that a row of a dated table holds, as known then, on some day from ``:since`` up to ``:until``."""
    return (
        f"({known(alias, known_at)} AND coalesce({alias}.valid_to, 'infinity') > CAST(:since AS date)"
        f" AND {alias}.valid_from < coalesce(CAST(:until AS date), 'infinity'))"
    )


async def until_next_change(
    connection: AsyncConnection, table: Table, key: Sequence[str], source: str
) -> None:
    """Set ``valid_to`` in the temporary table ``source`` to where the next known fact of the key begins.

    Facts that hold from a day on hold until something later was known to begin, or what holds now ends.
    """
    query = sql.SQL(
        """
        UPDATE {source} s SET valid_to = n.until
        FROM (
            SELECT {keys},
                   min(CASE WHEN t.valid_from > s.valid_from THEN t.valid_from ELSE t.valid_to END) AS until
            FROM {table} t JOIN {source} s ON {match}
            WHERE t.superseded_at IS NULL AND coalesce(t.valid_to, 'infinity') > s.valid_from
            GROUP BY {keys}
        ) n
        WHERE {match_n} AND n.until IS NOT NULL
        """
    ).format(
        source=sql.Identifier(source),
        table=sql.Identifier(table.name),
        keys=_list(key, "s"),
        match=_match(key, "t", "s"),
        match_n=_match(key, "n", "s"),
    )
    await (await driver(connection)).execute(query)


async def overlay(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    table: Table,
    key: Sequence[str],
    values: Sequence[str],
    source: str,
) -> int:
    """Lay the facts of the temporary table ``source`` over those of ``table``; how many changed something.

    ``source`` has the columns ``key``, ``values``, ``valid_from``, ``valid_to`` (none: open) and ``gone``
    (nothing holds over the span). Spans of one key must not overlap each other. Key columns are never null.
    """
    now = await moment(connection)
    carried = [c.name for c in table.columns if c.identity is None and c.name not in _TIMES]
    words = {
        "table": sql.Identifier(table.name),
        "source": sql.Identifier(source),
        "changed": sql.Identifier(CHANGED),
        "match": _match(key, "t", "s"),
        "keys": _list(key, "s"),
        "said": _list(values, "s") if values else sql.SQL("1"),
        "held": _list(values, "t") if values else sql.SQL("1"),
        "columns": _list([*carried, "valid_from", "valid_to", "recorded_at"]),
        "carried": _list(carried, "t"),
        "kept": _list(carried, "cut"),
        "new_columns": _list([*key, *values]),
        "new": _list([*key, *values], "s"),
    }
    inside = await driver(connection)
    await inside.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{changed}").format(**words))
    await inside.execute(
        sql.SQL(
            """
            CREATE TEMPORARY TABLE {changed} ON COMMIT DROP AS
            SELECT s.*, row_number() OVER (PARTITION BY {keys} ORDER BY s.valid_from) AS pass FROM {source} s
            """
        ).format(**words)
    )
    await inside.execute(sql.SQL("ANALYZE {changed}").format(**words))
    cursor = await inside.execute(sql.SQL("SELECT coalesce(max(pass), 0) FROM {changed}").format(**words))
    row = await cursor.fetchone()
    # One span of a key at a time: a row that two spans cut is cut twice, the second time as it then stands.
    for number in range(1, (row[0] if row else 0) + 1):
        for statement in (_DROP_KNOWN, _DROP_IDLE, _CUT, _WRITE):
            await inside.execute(
                sql.SQL(statement).format(**words), {"pass": number, "now": now, "org": org_id}
            )
    cursor = await inside.execute(sql.SQL("SELECT count(*) FROM {changed}").format(**words))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def source_table(connection: AsyncConnection, name: str, columns: dict[str, str]) -> None:
    """An empty source for :func:`overlay` with these key and value columns (name → PostgreSQL type)."""
    dated = {"valid_from": "date NOT NULL", "valid_to": "date", "gone": "bool NOT NULL DEFAULT false"}
    await staging_table(connection, name, columns | dated)


_DROP_KNOWN = """
    DELETE FROM {changed} s USING {table} t
    WHERE s.pass = %(pass)s AND NOT s.gone AND {match} AND t.superseded_at IS NULL
      AND ROW({said}) IS NOT DISTINCT FROM ROW({held})
      AND t.valid_from <= s.valid_from
      AND coalesce(t.valid_to, 'infinity') >= coalesce(s.valid_to, 'infinity')
"""
_DROP_IDLE = """
    DELETE FROM {changed} s
    WHERE s.pass = %(pass)s AND s.gone AND NOT EXISTS (
        SELECT FROM {table} t WHERE {match} AND t.superseded_at IS NULL
          AND t.valid_from < coalesce(s.valid_to, 'infinity')
          AND coalesce(t.valid_to, 'infinity') > s.valid_from)
"""
_CUT = """
    WITH cut AS (
        UPDATE {table} t SET superseded_at = %(now)s FROM {changed} s
        WHERE s.pass = %(pass)s AND {match} AND t.superseded_at IS NULL
          AND t.valid_from < coalesce(s.valid_to, 'infinity')
          AND coalesce(t.valid_to, 'infinity') > s.valid_from
        RETURNING {carried}, t.valid_from AS held_from, t.valid_to AS held_to,
                  s.valid_from AS said_from, s.valid_to AS said_to
    )
    INSERT INTO {table} ({columns})
    SELECT {kept}, cut.held_from, cut.said_from, %(now)s FROM cut WHERE cut.held_from < cut.said_from
    UNION ALL
    SELECT {kept}, cut.said_to, cut.held_to, %(now)s FROM cut
    WHERE cut.said_to < coalesce(cut.held_to, 'infinity')
"""
_WRITE = """
    INSERT INTO {table} (org_id, {new_columns}, valid_from, valid_to, recorded_at)
    SELECT %(org)s, {new}, s.valid_from, s.valid_to, %(now)s FROM {changed} s
    WHERE s.pass = %(pass)s AND NOT s.gone
"""


def _list(names: Sequence[str], prefix: str | None = None) -> sql.Composed:
    parts = [sql.Identifier(prefix, name) if prefix else sql.Identifier(name) for name in names]
    return sql.SQL(", ").join(parts)


def _match(key: Sequence[str], left: str, right: str) -> sql.Composed:
    pairs = [sql.SQL("{} = {}").format(sql.Identifier(left, k), sql.Identifier(right, k)) for k in key]
    return sql.SQL(" AND ").join(pairs)
