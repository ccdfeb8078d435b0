"""The customers of a plane that are quarantined on a day: one by one, by place, and counted."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import as_array
from app.storage.dated import on_day
from app.storage.rows import records

Rows = list[dict[str, Any]]

# A pile counts only for places that say nothing better than their coordinates. Its own claim comes first
# where that is no finer than the pile. What is quarantined is little among much, so each place is looked up:
# OFFSET keeps the planner, which does not know how little it is, from reading all places to join them.
_HELD = """
    SELECT a.account_pk, a.evidence, x.geometry, x.h3, x.address, x.geocode_level AS level, x.radius_m,
           x.region_pk, ST_X(x.geometry) AS lng, ST_Y(x.geometry) AS lat,
           CASE WHEN x.region_pk IS NULL AND x.geocode_level = 'district' THEN 'district'
                WHEN p.pile_id IS NOT NULL THEN 'pile'
                ELSE 'region_crosses' END AS reason
    FROM assignments a
    CROSS JOIN LATERAL (
        SELECT x.* FROM account_places x
        WHERE x.org_id = a.org_id AND x.account_pk = a.account_pk AND {place_on_day} OFFSET 0
    ) x
    LEFT JOIN piles p ON p.org_id = a.org_id AND p.lng = ST_X(x.geometry) AND p.lat = ST_Y(x.geometry)
         AND p.verdict = 'coarse' AND x.building_pk IS NULL AND x.region_pk IS NULL AND {pile_on_day}
    WHERE a.plane_id = :plane AND a.status = 'quarantined' AND {assigned_on_day} {after}
"""
_WANTED = """
    (CAST(:reason AS text) IS NULL OR h.reason = :reason)
    AND (CAST(:level AS text) IS NULL OR h.level = :level)
"""
# Of a region that crosses borders the evidence names the grids; else it is the grid at the point.
_IN_GRID = """
    AND CASE WHEN h.evidence ? 'grids' THEN h.evidence -> 'grids' ? :grid
             ELSE ST_Covers(ST_GeomFromWKB(:ground, 4326), h.geometry) END
"""
_PAGE = """
    SELECT h.account_pk, c.account_id, c.name, h.address, h.level,
           coalesce(CAST(h.evidence ->> 'radius_m' AS float8), h.radius_m) AS radius_m, h.lng, h.lat, h.h3,
           h.reason, h.evidence -> 'grids' AS grids, r.region_id, r.name AS region_name
    FROM (SELECT * FROM ({held}) h WHERE {wanted} ORDER BY h.account_pk LIMIT :limit) h
    JOIN accounts c ON c.account_pk = h.account_pk
    LEFT JOIN regions r ON r.region_pk = h.region_pk
    ORDER BY h.account_pk
"""
_POINTS = """
    SELECT h.lng, h.lat, h.h3, min(h.reason) AS reason, array_agg(DISTINCT h.level) AS levels,
           count(*) AS quarantined, min(c.account_id) AS example, min(h.address) AS address,
           (array_agg(h.evidence -> 'grids'))[1] AS grids
    FROM ({held}) h JOIN accounts c ON c.account_pk = h.account_pk
    WHERE {wanted}
    GROUP BY h.lng, h.lat, h.h3
    HAVING CAST(:after_count AS bigint) IS NULL
        OR (-count(*), h.lng, h.lat) > (-CAST(:after_count AS bigint), :after_lng, :after_lat)
    ORDER BY count(*) DESC, h.lng, h.lat LIMIT :limit
"""
_REGIONS = """
    SELECT h.region_pk, r.region_id, r.name, r.kind, count(*) AS quarantined,
           array_agg(DISTINCT h.level) AS levels, min(c.account_id) AS example,
           (array_agg(h.evidence -> 'grids'))[1] AS grids
    FROM ({held}) h JOIN accounts c ON c.account_pk = h.account_pk
    JOIN regions r ON r.region_pk = h.region_pk
    WHERE {wanted}
    GROUP BY h.region_pk, r.region_id, r.name, r.kind
    HAVING CAST(:after_count AS bigint) IS NULL
        OR (-count(*), h.region_pk) > (-CAST(:after_count AS bigint), CAST(:after_region AS bigint))
    ORDER BY count(*) DESC, h.region_pk LIMIT :limit
"""
_SUMMARY = """
    WITH h AS MATERIALIZED ({held})
    SELECT 'reason' AS what, reason AS name, count(*) AS customers FROM h GROUP BY reason
    UNION ALL SELECT 'level', level, count(*) FROM h GROUP BY level
    UNION ALL SELECT 'grid', g.code, count(*)
    FROM h CROSS JOIN LATERAL jsonb_array_elements_text(h.evidence -> 'grids') g (code) GROUP BY g.code
    UNION ALL SELECT 'points', '', count(*) FROM (SELECT DISTINCT lng, lat FROM h) points
    UNION ALL SELECT 'covered', '', count(*) FROM assignments a
    WHERE a.plane_id = :plane AND a.status <> 'uncovered' AND {assigned_on_day}
"""
_SHARING = """
    SELECT ST_X(geometry) AS lng, ST_Y(geometry) AS lat, count(*) AS customers FROM account_places x
    WHERE x.h3 = ANY(CAST(:cells AS bigint[])) AND {place_on_day}
    GROUP BY geometry
"""


@dataclass(frozen=True)
class Asked:
    """What is asked about: a plane on a day as known then, and which of its quarantined customers."""

    plane_id: uuid.UUID
    at: dt.date
    known_at: dt.datetime | None = None
    reason: str | None = None
    level: str | None = None
    grid: str | None = None
    ground: bytes | None = None
    """The polygon of ``grid`` as WKB."""

    @property
    def params(self) -> dict[str, Any]:
        """Parameters that every query has."""
        return self.days | {"plane": self.plane_id}

    @property
    def days(self) -> dict[str, Any]:
        """The day, and what was known when."""
        return {"at": self.at} | ({"known_at": self.known_at} if self.known_at is not None else {})

    @property
    def filters(self) -> dict[str, Any]:
        """Parameters of the filters."""
        given = {"reason": self.reason, "level": self.level}
        return given | ({"grid": self.grid, "ground": self.ground} if self.grid is not None else {})

    def sql(self, query: str, after: str = "") -> str:
        """The query about just these."""
        words = {
            "place_on_day": on_day("x", self.known_at),
            "pile_on_day": on_day("p", self.known_at),
            "assigned_on_day": on_day("a", self.known_at),
        }
        wanted = _WANTED + (_IN_GRID if self.grid is not None else "")
        return query.format(held=_HELD.format(after=after, **words), wanted=wanted, **words)


async def page(connection: AsyncConnection, asked: Asked, after: int, limit: int) -> Rows:
    """The customers behind a key, by key."""
    query = text(asked.sql(_PAGE, "AND a.account_pk > :after"))
    params = asked.params | asked.filters | {"after": after, "limit": limit}
    return records(await connection.execute(query, params))


async def points(
    connection: AsyncConnection, asked: Asked, after: tuple[int, float, float] | None, limit: int
) -> Rows:
    """The points at which they stand, the most crowded first."""
    count, lng, lat = after or (None, None, None)
    keys = {"after_count": count, "after_lng": lng, "after_lat": lat, "limit": limit}
    query = text(asked.sql(_POINTS))
    return records(await connection.execute(query, asked.params | asked.filters | keys))


async def regions(
    connection: AsyncConnection, asked: Asked, after: tuple[int, int] | None, limit: int
) -> Rows:
    """The loaded regions of doubt in which they are, the one with most of them first."""
    count, region = after or (None, None)
    keys = {"after_count": count, "after_region": region, "limit": limit}
    query = text(asked.sql(_REGIONS))
    return records(await connection.execute(query, asked.params | asked.filters | keys))


async def summary(connection: AsyncConnection, asked: Asked) -> Rows:
    """Counts: by reason, by level, by grid that their region meets, of points, and of all covered."""
    return records(await connection.execute(text(asked.sql(_SUMMARY)), asked.params))


async def sharing(
    connection: AsyncConnection, asked: Asked, cells: NDArray[np.int64]
) -> dict[tuple[float, float], int]:
    """How many customers stand at each point in these cells on the day."""
    found = await connection.execute(text(asked.sql(_SHARING)), asked.days | {"cells": as_array(cells)})
    return {(row.lng, row.lat): row.customers for row in found}
