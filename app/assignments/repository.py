"""Assignments in the database: reading what is stored, merging changes, answering as of a day."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments.timeline import Spans
from app.storage.columns import OPEN, as_array, by_index, read_columns
from app.storage.copy import as_batch, copy_batch, copy_rows, staging_table
from app.storage.dated import on_day
from app.storage.rows import records

Keys = NDArray[np.int64]

_SPANS = {"subject": "int8", "start_day": "int4", "end_day": "int4", "value": "int4"}
_DROPS = {"subject": "int8", "start_day": "int4"}
_VALUES = {
    "value": "int4",
    "status": "text",
    "grid_id": "uuid",
    "rule": "text",
    "tie": "bool",
    "share": "float8",
    "evidence": "text",
}


# Stored rows are found by their keys, never joined: a join would read all of a plane's rows for the few that
# a change touches.
@dataclass(frozen=True)
class Table:
    """The statements for accounts or for buildings."""

    stored: str
    drop: str
    add: str
    check: str


_STORED = """
    SELECT a.{key} AS subject, a.valid_from, a.valid_to, a.status, a.grid_id, a.rule, a.tie,
           {held_share} AS share, a.evidence::text AS evidence
    FROM {table} a
    WHERE a.{key} = ANY(CAST(:subjects AS bigint[])) AND a.plane_id = :plane
      AND a.superseded_at IS NULL
      AND coalesce(a.valid_to, 'infinity') >= CAST(:since AS date)
"""
_DROP = """
    UPDATE {table} a SET superseded_at = :now
    WHERE a.superseded_at IS NULL AND a.ctid = ANY(ARRAY(
        SELECT h.at FROM assigned_drops d CROSS JOIN LATERAL (
            SELECT t.ctid AS at FROM {table} t
            WHERE t.plane_id = :plane AND t.{key} = d.subject
              AND t.valid_from = DATE '1970-01-01' + d.start_day AND t.superseded_at IS NULL OFFSET 0
        ) h
    ))
"""
_ADD = """
    INSERT INTO {table} (org_id, plane_id, {key}, valid_from, valid_to, recorded_at, status,
                         grid_id, rule, tie, {share} evidence)
    SELECT :org, :plane, s.subject, DATE '1970-01-01' + s.start_day, DATE '1970-01-01' + s.end_day, :now,
           v.status, v.grid_id, v.rule, v.tie, {share} CAST(v.evidence AS jsonb)
    FROM assigned_spans s JOIN assigned_values v USING (value)
"""
_CHECK = """
    SELECT subject FROM (
        SELECT a.{key} AS subject, a.valid_from, lag(coalesce(a.valid_to, 'infinity'))
                   OVER (PARTITION BY a.{key} ORDER BY a.valid_from) AS before
        FROM {table} a
        WHERE a.{key} = ANY(CAST(:subjects AS bigint[])) AND a.plane_id = :plane
          AND a.superseded_at IS NULL
    ) held WHERE valid_from < before LIMIT 5
"""


def _statements(**words: str) -> Table:
    return Table(*(statement.format(**words) for statement in (_STORED, _DROP, _ADD, _CHECK)))


ACCOUNTS = _statements(table="assignments", key="account_pk", held_share="NULL::float8", share="")
BUILDINGS = _statements(table="building_assignments", key="building_pk", held_share="a.share", share="share,")


async def stored(
    connection: AsyncConnection, table: Table, plane_id: uuid.UUID, subjects: Keys, since: dt.date
) -> dict[str, NDArray[Any]]:
    """The current rows of these subjects in the plane that reach ``since``."""
    kinds: Any = {
        "subject": "int64",
        "valid_from": "day",
        "valid_to": "day",
        "status": "text",
        "grid_id": "uuid",
        "rule": "text",
        "tie": "bool",
        "share": "float64",
        "evidence": "text",
    }
    async with by_index(connection, subjects):
        return await read_columns(
            connection, table.stored, kinds, subjects=as_array(subjects), plane=plane_id, since=since
        )


async def merge(
    connection: AsyncConnection,
    table: Table,
    org_id: uuid.UUID,
    plane_id: uuid.UUID,
    now: dt.datetime,
    drops: Spans,
    spans: Spans,
    values: Iterable[Sequence[Any]],
) -> None:
    """Supersede what no longer holds and insert what does, both as of the moment ``now``.

    ``drops`` are stored spans and ``spans`` new ones, of subjects by key; ``values`` (value, status, grid,
    rule, tie, share, evidence as JSON text) are what the values of spans stand for. Afterwards it is checked
    that no subject has two rows on a day.
    """
    for name, columns, some in (("assigned_drops", _DROPS, drops), ("assigned_spans", _SPANS, spans)):
        await staging_table(connection, name, columns)
        ends = pa.array(some.end, mask=some.end == OPEN)
        sent = {"subject": some.subject, "start_day": some.start, "end_day": ends, "value": some.value}
        await copy_batch(connection, name, as_batch(sent, columns))
    await staging_table(connection, "assigned_values", _VALUES)
    await copy_rows(connection, "assigned_values", _VALUES, values)
    asked = {"plane": plane_id, "now": now}
    for statement in ("ANALYZE assigned_spans", "ANALYZE assigned_values"):
        await connection.execute(text(statement))
    if len(drops):
        await connection.execute(text(table.drop), asked)
    await connection.execute(text(table.add), asked | {"org": org_id})
    subjects = np.unique(spans.subject)
    async with by_index(connection, subjects):
        held = await connection.execute(
            text(table.check), {"plane": plane_id, "subjects": as_array(subjects)}
        )
    twice = [row.subject for row in held]
    if twice:
        raise RuntimeError(f"two assignments on one day in plane {plane_id} for subjects {twice}")


async def count(connection: AsyncConnection, table: Table) -> int:
    """How many accounts or buildings there are."""
    query = "SELECT count(*) FROM accounts" if table is ACCOUNTS else "SELECT count(*) FROM buildings"
    counted: int = (await connection.execute(text(query))).scalar_one()
    return counted


_AS_OF = """
    SELECT p.code AS plane, g.code AS grid, a.grid_id, a.status, a.rule, a.tie, a.evidence, a.valid_from,
           a.valid_to{more}
    FROM {table} a
    JOIN planes p ON p.org_id = a.org_id AND p.plane_id = a.plane_id
    LEFT JOIN LATERAL (
        SELECT g.code FROM plan_terms f
        JOIN plan_grids g ON g.org_id = f.org_id AND g.plan_id = f.plan_id AND g.grid_id = a.grid_id
        WHERE f.plane_id = a.plane_id AND {in_force}
    ) g ON true
    WHERE a.{key} = :subject AND (CAST(:plane AS text) IS NULL OR p.code = :plane) AND {holds}
    ORDER BY p.code COLLATE "C"
"""


async def _as_of(
    connection: AsyncConnection,
    table: str,
    subject: int,
    plane: str | None,
    at: dt.date,
    known_at: dt.datetime | None,
) -> list[Mapping[str, Any]]:
    key, more = ("account_pk", "") if table == "assignments" else ("building_pk", ", a.share")
    query = _AS_OF.format(
        table=table, key=key, more=more, in_force=on_day("f", known_at), holds=on_day("a", known_at)
    )
    asked: dict[str, Any] = {"subject": subject, "plane": plane, "at": at}
    if known_at is not None:
        asked["known_at"] = known_at
    return list(records(await connection.execute(text(query), asked)))


async def of_account(
    connection: AsyncConnection, account_pk: int, plane: str | None, at: dt.date, known_at: dt.datetime | None
) -> list[Mapping[str, Any]]:
    """The account's rows that hold on a day, as known then (none: now): one for each plane that has any."""
    return await _as_of(connection, "assignments", account_pk, plane, at, known_at)


async def of_building(
    connection: AsyncConnection,
    building_pk: int,
    plane: str | None,
    at: dt.date,
    known_at: dt.datetime | None,
) -> list[Mapping[str, Any]]:
    """The building's rows that hold on a day, as known then (none: now): one for each plane that has any."""
    return await _as_of(connection, "building_assignments", building_pk, plane, at, known_at)
