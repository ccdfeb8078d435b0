"""Writing dated facts set-wise: what is said of a span of days replaces what was said of it before.

Nothing is overwritten: a row that no longer holds as it stood is superseded, what is left of it on either
side of the span is written anew, and then the new fact. A fact that says what is known already
writes nothing.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class AsOf:
    """A day, as known at a moment (none: now)."""

    at: dt.date
    known_at: dt.datetime | None = None

    @property
    def params(self) -> dict[str, Any]:
        """What the SQL of :meth:`holds` asks for."""
        return {"at": self.at} | ({} if self.known_at is None else {"known_at": self.known_at})

    def holds(self, alias: str) -> str:
        """SQL: that a row holds on the day, as known then."""
        return on_day(alias, self.known_at)


def between(alias: str, known_at: dt.datetime | None = None) -> str:
    """SQL: that a row of a dated table holds, as known then, on some day from ``:since`` up to ``:until``."""
    return (
        f"({known(alias, known_at)} AND coalesce({alias}.valid_to, 'infinity') > CAST(:since AS date)"
        f" AND {alias}.valid_from < coalesce(CAST(:until AS date), 'infinity'))"
    )


def next_change(table: Table, key: Sequence[str], said: str) -> sql.Composed:
    """SQL: where the next known fact of the key of ``said`` begins, or what holds on its first day ends.

    An answer looked up by the key for each row: what it costs goes by the rows that are said, not by those of
    the table, whatever the planner knows of it.
    """
    return sql.SQL(
        """(
        SELECT min(CASE WHEN t.valid_from > {said}.valid_from THEN t.valid_from ELSE t.valid_to END)
        FROM {table} t
        WHERE {match} AND t.superseded_at IS NULL AND coalesce(t.valid_to, 'infinity') > {said}.valid_from
        )"""
    ).format(said=sql.Identifier(said), table=sql.Identifier(table.name), match=_match(key, "t", said))


async def until_next_change(
    connection: AsyncConnection, table: Table, key: Sequence[str], source: str
) -> None:
    """Set ``valid_to`` in the temporary table ``source`` to where the next known fact of the key begins.

    Facts that hold from a day on hold until something later was known to begin, or what holds now ends.
    """
    query = sql.SQL(
        """
        UPDATE {source} s SET valid_to = n.until
        FROM (SELECT o.ctid AS at, {until} AS until FROM {source} o OFFSET 0) n
        WHERE n.at = s.ctid AND n.until IS NOT NULL
        """
    ).format(source=sql.Identifier(source), until=next_change(table, key, "o"))
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
    words: dict[str, sql.Composable] = {
        "table": sql.Identifier(table.name),
        "source": sql.Identifier(source),
        "changed": sql.Identifier(CHANGED),
        "match": _match(key, "t", "s"),
        "keys": _list(key, "s"),
        "said": _list(values, "s") if values else sql.SQL("1"),
        "held_values": _list(values, "t") if values else sql.SQL("1"),
        "columns": _list([*carried, "valid_from", "valid_to", "recorded_at"]),
        "carried": _list(carried, "c"),
        "carried_names": _list(carried),
        "match_cut": _match(key, "cut", "s"),
        "kept": _list(carried, "cut"),
        "new_columns": _list([*key, *values]),
        "new": _list([*key, *values], "s"),
    }
    for name, part in (("overlaps", _OVERLAPS), ("known", _KNOWN), ("held", _HELD)):
        words[name] = sql.SQL(part).format(**words)
    inside = await driver(connection)
    await inside.execute(sql.SQL("DROP TABLE IF EXISTS pg_temp.{changed}").format(**words))
    await inside.execute(
        sql.SQL(
            """
            CREATE TEMPORARY TABLE {changed} ON COMMIT DROP AS
            SELECT s.*, row_number() OVER (PARTITION BY {keys} ORDER BY s.valid_from) AS pass FROM {source} s
            WHERE CASE WHEN s.gone THEN {held} ELSE {known} IS NULL END
            """
        ).format(**words)
    )
    await inside.execute(sql.SQL("ANALYZE {changed}").format(**words))
    cursor = await inside.execute(
        sql.SQL("SELECT coalesce(max(pass), 0), count(*) FROM {changed}").format(**words)
    )
    passes, count = await cursor.fetchone() or (0, 0)
    # One span of a key at a time: a row that two spans cut is cut twice, the second time as it then stands.
    for number in range(1, passes + 1):
        for statement in (_CUT, _WRITE):
            await inside.execute(
                sql.SQL(statement).format(**words), {"pass": number, "now": now, "org": org_id}
            )
    return int(count)


async def source_table(connection: AsyncConnection, name: str, columns: dict[str, str]) -> None:
    """An empty source for :func:`overlay` with these key and value columns (name → PostgreSQL type)."""
    dated = {"valid_from": "date NOT NULL", "valid_to": "date", "gone": "bool NOT NULL DEFAULT false"}
    await staging_table(connection, name, columns | dated)


# Rows of the table are looked up by key for each span, never joined: a join would read all of a table that
# holds far more than is said.
_OVERLAPS = """
    {match} AND t.superseded_at IS NULL
    AND t.valid_from < coalesce(s.valid_to, 'infinity') AND coalesce(t.valid_to, 'infinity') > s.valid_from
"""
_KNOWN = """(
    SELECT true FROM {table} t
    WHERE {match} AND t.superseded_at IS NULL AND ROW({said}) IS NOT DISTINCT FROM ROW({held_values})
      AND t.valid_from <= s.valid_from
      AND coalesce(t.valid_to, 'infinity') >= coalesce(s.valid_to, 'infinity') LIMIT 1
)"""
_HELD = "(SELECT true FROM {table} t WHERE {overlaps} LIMIT 1)"
_CUT = """
    WITH cut AS (
        UPDATE {table} c SET superseded_at = %(now)s
        WHERE c.superseded_at IS NULL AND c.ctid = ANY(ARRAY(
            SELECT h.at FROM {changed} s
            CROSS JOIN LATERAL (SELECT t.ctid AS at FROM {table} t WHERE {overlaps} OFFSET 0) h
            WHERE s.pass = %(pass)s
        ))
        RETURNING {carried}, c.valid_from AS held_from, c.valid_to AS held_to
    ), parts AS (
        SELECT {kept}, cut.held_from, cut.held_to, s.valid_from AS said_from, s.valid_to AS said_to
        FROM cut JOIN {changed} s ON {match_cut} AND s.pass = %(pass)s
    )
    INSERT INTO {table} ({columns})
    SELECT {carried_names}, held_from, said_from, %(now)s FROM parts WHERE held_from < said_from
    UNION ALL
    SELECT {carried_names}, said_to, held_to, %(now)s FROM parts
    WHERE said_to < coalesce(held_to, 'infinity')
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
