"""Customers and buildings by grid and by cell, counted set-wise."""

import datetime as dt
import uuid
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.dated import on_day
from app.storage.rows import records

Measure = Literal["customers", "buildings", "households", "ports"]
Split = Literal["grid", "tier", "status"]
BBox = tuple[float, float, float, float]

_SUMMARY = """
    WITH held AS MATERIALIZED (
        SELECT grid_id, status, count(*) AS customers FROM assignments a
        WHERE plane_id = :plane AND {held}
        GROUP BY grid_id, status
    ), built AS MATERIALIZED (
        SELECT grid_id, count(*) AS buildings FROM building_assignments a
        WHERE plane_id = :plane AND status = 'assigned' AND {held}
        GROUP BY grid_id
    )
    SELECT NULL AS status, g.code, g.name, a.code AS area, s.area_m2,
           coalesce(h.customers, 0) AS customers, coalesce(b.buildings, 0) AS buildings
    FROM plan_grids g
    LEFT JOIN shapes s ON s.org_id = g.org_id AND s.shape_id = g.shape_id
    LEFT JOIN areas a ON a.org_id = g.org_id AND a.area_id = g.area_id
    LEFT JOIN held h ON h.grid_id = g.grid_id AND h.status = 'assigned'
    LEFT JOIN built b ON b.grid_id = g.grid_id
    WHERE g.plan_id = :plan
    UNION ALL
    SELECT status, NULL, NULL, NULL, NULL, CAST(sum(customers) AS bigint), 0 FROM held GROUP BY status
"""

# The parent of an H3 cell: its resolution in bits 52 to 55, the finer digits all ones.
_CELL = """
    ((x.h3 & ~(15::bigint << 52)) | (CAST(:res AS bigint) << 52)
     | ((1::bigint << (3 * (15 - CAST(:res AS int)))) - 1))
"""
_ACCOUNTS_BY_CELL = """
    SELECT {cell} AS cell, {split} AS split, count(*) AS value
    FROM assignments d
    JOIN account_places x ON x.org_id = d.org_id AND x.account_pk = d.account_pk AND {is_there}
    {joined}
    WHERE d.plane_id = :plane AND {held} AND ({whole} OR d.status <> 'uncovered') {inside}
    GROUP BY 1, 2
"""
_BUILDINGS_BY_CELL = """
    SELECT {cell} AS cell, {split} AS split, sum({value}) AS value
    FROM building_assignments d
    JOIN building_versions x ON x.org_id = d.org_id AND x.building_pk = d.building_pk AND {is_there}
    WHERE d.plane_id = :plane AND {held} {inside}
    GROUP BY 1, 2
"""
_PROFILES = """
    LEFT JOIN account_profiles a ON a.org_id = d.org_id AND a.account_pk = d.account_pk AND {is_so}
"""
# Codes are looked up for the counts and not for what is counted.
_IN_ORDER = "SELECT cell, split, value FROM ({counted}) counted ORDER BY 1, 2"
_IN_ORDER_OF_GRIDS = """
    SELECT cell, g.code AS split, CAST(sum(value) AS bigint) AS value
    FROM ({counted}) counted
    LEFT JOIN plan_grids g ON g.plan_id = :plan AND g.grid_id = split
    GROUP BY 1, 2 ORDER BY 1, 2
"""
_INSIDE = "AND x.geometry && ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
_SPLITS = {None: "NULL::text", "grid": "d.grid_id", "status": "d.status", "tier": "a.tier"}
_VALUES = {"buildings": "1", "households": "coalesce(x.households, 0)", "ports": "coalesce(x.ports, 0)"}


async def summary(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    plan_id: uuid.UUID,
    at: dt.date,
    known_at: dt.datetime | None,
) -> list[dict[str, Any]]:
    """A row for each grid of the plan (``status`` null), then one for each status of customers."""
    query = text(_SUMMARY.format(held=on_day("a", known_at)))
    return records(await connection.execute(query, _asked(plane_id, plan_id, at, known_at)))


async def by_cell(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    plan_id: uuid.UUID,
    at: dt.date,
    known_at: dt.datetime | None,
    res: int,
    measure: Measure,
    split: Split | None,
    bbox: BBox | None,
) -> list[dict[str, Any]]:
    """``cell``, ``split`` (None without one) and ``value`` for each H3 cell that has any, in order."""
    words = {
        "cell": _CELL,
        "split": _SPLITS[split],
        "inside": _INSIDE if bbox else "",
        "whole": "true" if split == "status" else "false",
        "value": _VALUES.get(measure, "1"),
        "held": on_day("d", known_at),
        "joined": _PROFILES.format(is_so=on_day("a", known_at)) if split == "tier" else "",
        "is_there": on_day("x", known_at),
    }
    counted = (_ACCOUNTS_BY_CELL if measure == "customers" else _BUILDINGS_BY_CELL).format(**words)
    query = (_IN_ORDER_OF_GRIDS if split == "grid" else _IN_ORDER).format(counted=counted)
    asked = _asked(plane_id, plan_id, at, known_at) | {"res": res}
    if bbox:
        asked |= dict(zip(("west", "south", "east", "north"), bbox, strict=True))
    return records(await connection.execute(text(query), asked))


def _asked(
    plane_id: uuid.UUID, plan_id: uuid.UUID, at: dt.date, known_at: dt.datetime | None
) -> dict[str, Any]:
    asked: dict[str, Any] = {"plane": plane_id, "plan": plan_id, "at": at}
    return asked | ({"known_at": known_at} if known_at is not None else {})
