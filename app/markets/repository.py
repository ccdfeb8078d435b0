"""Buildings with their households, ports and customers as of a day, summed up set-wise."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.dated import AsOf
from app.storage.rows import records

# Customers are those whose place names the building. Households that nobody knows divide nothing: the
# customers of such a building are told, and left out of the ratio.
_BUILDINGS = """
    WITH stood AS MATERIALIZED (
        SELECT b.building_pk, b.building_id, b.name, a.grid_id, v.households, v.ports, v.ports_used
        FROM buildings b
        JOIN building_versions v ON v.org_id = b.org_id AND v.building_pk = b.building_pk AND {stands}
        LEFT JOIN building_assignments a ON a.org_id = b.org_id AND a.building_pk = b.building_pk
             AND a.plane_id = :plane AND {held}
        {page}
    ), housed AS MATERIALIZED (
        SELECT p.building_pk, count(*) AS customers,
               count(*) FILTER (WHERE f.net_status = 'on_net') AS on_net
        FROM account_places p
        LEFT JOIN account_profiles f ON f.org_id = p.org_id AND f.account_pk = p.account_pk AND {is_so}
        WHERE p.building_pk {which} AND {is_there}
          AND (CAST(:segments AS text[]) IS NULL OR f.segment = ANY(:segments))
        GROUP BY p.building_pk
    ), counted AS (
        SELECT s.*, coalesce(h.customers, 0) AS customers, coalesce(h.on_net, 0) AS on_net
        FROM stood s LEFT JOIN housed h USING (building_pk)
    )
    SELECT {key}, count(*) AS buildings, count(*) FILTER (WHERE on_net > 0) AS buildings_with_any,
           CAST(coalesce(sum(households), 0) AS bigint) AS households,
           CAST(coalesce(sum(ports), 0) AS bigint) AS ports,
           CAST(coalesce(sum(ports_used), 0) AS bigint) AS ports_used,
           CAST(sum(customers) AS bigint) AS customers, CAST(sum(on_net) AS bigint) AS on_net,
           CAST(coalesce(sum(on_net) FILTER (WHERE households > 0), 0) AS bigint) AS on_net_known
    FROM counted GROUP BY {key} {order}
"""
_BY_GRID = {"key": "grid_id", "page": "", "which": "IS NOT NULL", "order": ""}
_BY_BUILDING = {
    "key": "building_id, name, grid_id",
    "page": """
        WHERE (CAST(:after AS text) IS NULL OR b.building_id COLLATE "C" > :after)
        ORDER BY b.building_id COLLATE "C" LIMIT :limit
    """,
    "which": "= ANY(ARRAY(SELECT building_pk FROM stood))",
    "order": 'ORDER BY building_id COLLATE "C"',
}
# A stack names its building, or stands inside a footprint.
_STACKS = """
    WITH points AS MATERIALIZED (
        SELECT p.h3, ST_X(p.geometry) AS lng, ST_Y(p.geometry) AS lat, max(p.building_pk) AS named,
               count(*) AS customers, count(*) FILTER (WHERE f.net_status = 'on_net') AS on_net
        FROM account_places p
        LEFT JOIN account_profiles f ON f.org_id = p.org_id AND f.account_pk = p.account_pk AND {is_so}
        WHERE {is_there}
        GROUP BY p.h3, lng, lat HAVING count(*) >= :least
    ), placed AS MATERIALIZED (
        SELECT s.*, coalesce(s.named, (
            SELECT v.building_pk FROM building_versions v
            WHERE v.geometry && ST_SetSRID(ST_MakePoint(s.lng, s.lat), 4326) AND {stands}
              AND ST_Intersects(v.geometry, ST_SetSRID(ST_MakePoint(s.lng, s.lat), 4326))
            ORDER BY v.building_pk LIMIT 1)) AS building_pk
        FROM points s
    ), stacked AS (
        SELECT building_pk, count(*) AS points, max(customers) AS most,
               CAST(sum(customers) AS bigint) AS customers, CAST(sum(on_net) AS bigint) AS on_net,
               (array_agg(lng ORDER BY customers DESC, lng, lat))[1] AS lng,
               (array_agg(lat ORDER BY customers DESC, lng, lat))[1] AS lat
        FROM placed WHERE building_pk IS NOT NULL GROUP BY building_pk
    )
    SELECT b.building_id AS building, b.name, t.points, t.most, t.customers, t.on_net, t.lng, t.lat,
           v.households, a.grid_id
    FROM stacked t
    JOIN buildings b ON b.building_pk = t.building_pk
    JOIN building_versions v ON v.org_id = b.org_id AND v.building_pk = b.building_pk AND {stands}
    LEFT JOIN building_assignments a ON a.org_id = b.org_id AND a.building_pk = b.building_pk
         AND a.plane_id = :plane AND {held}
    WHERE CAST(:most AS bigint) IS NULL OR t.most < :most
       OR (t.most = :most AND b.building_id COLLATE "C" > :after)
    ORDER BY t.most DESC, b.building_id COLLATE "C" LIMIT :limit
"""


def _words(asked: AsOf) -> dict[str, str]:
    return {
        "is_so": asked.holds("f"),
        "is_there": asked.holds("p"),
        "stands": asked.holds("v"),
        "held": asked.holds("a"),
    }


async def by_grid(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    asked: AsOf,
    segments: Sequence[str] | None,
) -> list[dict[str, Any]]:
    """The sums of each grid's buildings; ``grid_id`` is None for buildings in none."""
    query = text(_BUILDINGS.format(**_BY_GRID, **_words(asked)))
    params = asked.params | {"plane": plane_id, "segments": list(segments) if segments else None}
    return records(await connection.execute(query, params))


async def by_building(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    asked: AsOf,
    segments: Sequence[str] | None,
    after: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """The same of single buildings by id, behind ``after``."""
    query = text(_BUILDINGS.format(**_BY_BUILDING, **_words(asked)))
    params = asked.params | {"plane": plane_id, "segments": list(segments) if segments else None}
    return records(await connection.execute(query, params | {"after": after, "limit": limit}))


async def stacks(
    connection: AsyncConnection,
    plane_id: uuid.UUID | None,
    asked: AsOf,
    least: int,
    after: tuple[int, str] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Buildings in which at least so many customers stand at one point, the highest stack first."""
    most, building = after if after is not None else (None, None)
    params = asked.params | {
        "plane": plane_id,
        "least": least,
        "most": most,
        "after": building,
        "limit": limit,
    }
    query = text(_STACKS.format(**_words(asked)))
    return records(await connection.execute(query, params))
