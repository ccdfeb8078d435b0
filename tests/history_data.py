"""Customers with a long history, written straight into the tables, and how the database answers of them.

Every customer changes five times: it comes, moves twice and becomes another kind of customer twice, and each
time it gets another grid. What was believed before each change is kept beside.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from app.orgs import service as orgs
from app.planes import service as planes
from app.plans import calendar
from app.plans import service as plans
from app.plans.service import GridRow
from app.storage.database import Database
from geo.cells import cells
from geo.precedence import RULES

BEGIN = dt.date(2024, 1, 1)
CHANGES = 5
DAYS_APART = 60
WEST, SOUTH, SIZE = 110.0, 30.0, 0.01
POINTS_A_GRID = 40
BIG = ("accounts", "account_places", "account_profiles", "assignments")
"""The tables that no question about one customer or one grid may read from end to end."""


@dataclass(frozen=True)
class History:
    """An organisation with a plane ``p`` of ``grids`` grids and so many customers, ``c1`` … ``cN``."""

    org_id: uuid.UUID
    key: str
    accounts: int
    grids: list[str]


def changed_on(change: int) -> dt.date:
    """A day on which that change (0: the beginning) has happened to everybody, and the next to nobody."""
    return BEGIN + dt.timedelta(days=DAYS_APART * change + 29)


async def write(database: Database, accounts: int, side: int) -> History:
    """A new organisation with ``side`` × ``side`` grids and so many customers, with everything they had."""
    org_id, key = await orgs.create(database, f"history {uuid.uuid4().hex}")
    codes = [f"G{number:05}" for number in range(side * side)]
    boxes = [
        shapely.box(x, y, round(x + SIZE, 9), round(y + SIZE, 9))
        for y in np.round(SOUTH + SIZE * np.arange(side), 9).tolist()
        for x in np.round(WEST + SIZE * np.arange(side), 9).tolist()
    ]
    async with database.transaction(org_id, timeout_s=0) as connection:
        plane = await planes.create(connection, org_id, "p", "p", "place", RULES, {})
        plan = await plans.create_draft(connection, org_id, plane, None, "first", "drill")
        rows = [GridRow(None, code, code, polygon=box) for code, box in zip(codes, boxes, strict=True)]
        plan = await plans.write_grids(connection, org_id, plan, rows)
        await calendar.begin(connection, org_id, plan, BEGIN)
        await connection.execute(
            text("UPDATE plans SET status = 'published' WHERE plan_id = :plan"), {"plan": plan.plan_id}
        )
        table = await plans.grid_table(connection, plan.plan_id)
    chance = np.random.default_rng(0)
    east, north = np.round(chance.uniform(0.0005, SIZE - 0.0005, (2, len(boxes) * POINTS_A_GRID)), 9)
    grid = np.repeat(np.arange(len(boxes)), POINTS_A_GRID)
    lng = np.round(WEST + SIZE * (grid % side) + east, 9)
    lat = np.round(SOUTH + SIZE * (grid // side) + north, 9)
    given = {
        "org": org_id,
        "plane": plane.plane_id,
        "accounts": accounts,
        "begin": BEGIN,
        "apart": DAYS_APART,
        "points": POINTS_A_GRID,
        "grids": len(boxes),
        "grid_ids": [table.grid_ids[table.codes.index(code)] for code in codes],
        "lng": lng.tolist(),
        "lat": lat.tolist(),
        "h3": cells(lng, lat).astype(np.int64).tolist(),
    }
    async with database.engine.begin() as connection:
        # As the cluster's owner, and without asking for each row whether its organisation is there.
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _WRITE:
            names = text(statement).compile().params
            await connection.execute(text(statement), {name: given[name] for name in names})
    async with database.engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text("VACUUM ANALYZE"))
    return History(org_id, key, accounts, codes)


# Change k of customer n happens a day of its own after those of the customers before it.
_DAY = "(CAST(:begin AS date) + CAST(:apart AS int) * {k} + CAST(a.n % 28 AS int))"
_WRITE = (
    "UPDATE plan_terms SET recorded_at = CAST(:begin AS date) WHERE org_id = :org",
    """
    CREATE TEMPORARY TABLE history_grids ON COMMIT DROP AS
    SELECT grid - 1 AS grid, grid_id FROM unnest(CAST(:grid_ids AS uuid[])) WITH ORDINALITY g (grid_id, grid)
    """,
    """
    CREATE TEMPORARY TABLE history_points ON COMMIT DROP AS
    SELECT point - 1 AS point, lng, lat, h3, ST_SetSRID(ST_MakePoint(lng, lat), 4326) AS geometry
    FROM unnest(CAST(:lng AS float8[]), CAST(:lat AS float8[]), CAST(:h3 AS bigint[]))
         WITH ORDINALITY p (lng, lat, h3, point)
    """,
    """
    CREATE TEMPORARY TABLE history_accounts ON COMMIT DROP AS
    WITH made AS (
        INSERT INTO accounts (org_id, account_id, name)
        SELECT :org, 'c' || n, 'customer ' || n FROM generate_series(1, CAST(:accounts AS int)) n
        RETURNING account_pk, account_id
    )
    SELECT account_pk, CAST(substr(account_id, 2) AS bigint) AS n FROM made
    """,
    "ANALYZE history_grids",
    "ANALYZE history_points",
    "ANALYZE history_accounts",
    f"""
    INSERT INTO account_places (org_id, account_pk, received_lng, received_lat, datum, geometry, h3,
                                geocode_level, valid_from, valid_to, recorded_at, superseded_at)
    SELECT :org, a.account_pk, p.lng, p.lat, 'wgs84', p.geometry, p.h3,
           CASE WHEN a.n % 100 = 0 THEN 'road' ELSE 'point' END, {_DAY.format(k="s.k")},
           CASE WHEN s.closed THEN {_DAY.format(k="(s.k + 2)")} END,
           CASE WHEN s.closed THEN {_DAY.format(k="(s.k + 2)")} ELSE {_DAY.format(k="s.k")} END,
           CASE WHEN s.old THEN {_DAY.format(k="(s.k + 2)")} END
    FROM history_accounts a
    CROSS JOIN (VALUES (0, true, false), (2, true, false), (4, false, false), (0, false, true),
                       (2, false, true)) s (k, closed, old)
    JOIN history_points p ON p.point = (a.n * 7 + s.k) % (CAST(:grids AS int) * CAST(:points AS int))
    """,
    f"""
    INSERT INTO account_profiles (org_id, account_pk, segment, tier, net_status, valid_from, valid_to,
                                  recorded_at, superseded_at)
    SELECT :org, a.account_pk, 'business', chr(65 + CAST((a.n + s.k) % 3 AS int)), 'on_net',
           {_DAY.format(k="s.k")}, CASE WHEN s.until IS NOT NULL THEN {_DAY.format(k="s.until")} END,
           {_DAY.format(k="s.since")}, CASE WHEN s.old IS NOT NULL THEN {_DAY.format(k="s.old")} END
    FROM history_accounts a
    CROSS JOIN (VALUES (0, 1, 1, NULL), (1, 3, 3, NULL), (3, NULL, 3, NULL), (0, NULL, 0, 1),
                       (1, NULL, 1, 3)) s (k, until, since, old)
    """,
    f"""
    INSERT INTO assignments (org_id, plane_id, account_pk, status, grid_id, rule, evidence, valid_from,
                             valid_to, recorded_at, superseded_at)
    SELECT :org, :plane, a.account_pk, CASE WHEN a.n % 100 = 0 THEN 'quarantined' ELSE 'assigned' END,
           CASE WHEN a.n % 100 <> 0 THEN g.grid_id END, CASE WHEN a.n % 100 <> 0 THEN 'point' END,
           CASE WHEN a.n % 100 = 0
                THEN '{{"level": "road", "radius_m": 500, "grids": ["G00000", "G00001"]}}'::jsonb END,
           {_DAY.format(k="s.k")}, CASE WHEN s.closed THEN {_DAY.format(k="(s.k + 1)")} END,
           CASE WHEN s.closed THEN {_DAY.format(k="(s.k + 1)")} ELSE {_DAY.format(k="s.k")} END,
           CASE WHEN s.old THEN {_DAY.format(k="(s.k + 1)")} END
    FROM history_accounts a
    CROSS JOIN (VALUES (0, true, false), (1, true, false), (2, true, false), (3, true, false),
                       (4, false, false), (0, false, true), (1, false, true), (2, false, true),
                       (3, false, true)) s (k, closed, old)
    JOIN history_grids g ON g.grid = (a.n * 7 + s.k) / CAST(:points AS int) % CAST(:grids AS int)
    """,
)  # fmt: skip


@contextmanager
def overheard() -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent to any database meanwhile, with their parameters."""
    heard: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, ___: Any, ____: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            heard.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@dataclass(frozen=True)
class Scan:
    """How a table is read: by which index (none: from end to end)."""

    table: str
    how: str
    index: str | None


async def scans(database: Database, org_id: uuid.UUID, heard: list[tuple[str, Any]]) -> list[Scan]:
    """How these statements read their tables as the application, behind row-level security."""
    found: list[Scan] = []
    async with database.transaction(org_id) as connection:
        for statement, parameters in heard:
            explained = await connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            found += _scans(explained.scalar_one()[0]["Plan"])
    return found


def _scans(node: dict[str, Any]) -> list[Scan]:
    found = []
    if "Relation Name" in node:
        index = node.get("Index Name") or next(_indexes(node), None)
        found.append(Scan(node["Relation Name"], node["Node Type"], index))
    return found + [scan for child in node.get("Plans", []) for scan in _scans(child)]


def _indexes(node: dict[str, Any]) -> Iterator[str]:
    for child in node.get("Plans", []):
        if child["Node Type"] == "Bitmap Index Scan":
            yield child["Index Name"]
        yield from _indexes(child)
