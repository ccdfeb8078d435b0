"""Cluster markets and regions of doubt as of a day."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.dated import AsOf
from app.storage.rows import records

_CLUSTER = """
    SELECT c.cluster_pk, c.cluster_id AS id, c.name, c.kind, c.confirmed_on, c.attributes FROM clusters c
"""
_PAGE = (
    _CLUSTER
    + """
    WHERE (CAST(:after AS text) IS NULL OR c.cluster_id COLLATE "C" > :after) {where}
    ORDER BY c.cluster_id COLLATE "C" LIMIT :limit
    """
)
_CONFLICT = """
    AND EXISTS (SELECT FROM cluster_owners o WHERE o.org_id = c.org_id AND o.cluster_pk = c.cluster_pk
                AND (CAST(:plane AS text) IS NULL OR o.plane_id = (SELECT plane_id FROM planes
                                                                   WHERE code = :plane))
                AND {owns} GROUP BY o.plane_id HAVING count(*) > 1)
"""
# A grid is named as the plan in force on the day names it, else by the last name that it had.
_OWNERS = """
    SELECT o.cluster_pk, p.code AS plane, o.grid_id, coalesce(g.code, l.code) AS grid,
           g.code IS NOT NULL AS in_force, o.valid_from, o.valid_to
    FROM cluster_owners o
    JOIN planes p ON p.org_id = o.org_id AND p.plane_id = o.plane_id
    LEFT JOIN LATERAL (
        SELECT g.code FROM plan_terms f
        JOIN plan_grids g ON g.org_id = f.org_id AND g.plan_id = f.plan_id AND g.grid_id = o.grid_id
        WHERE f.plane_id = o.plane_id AND {rules}
    ) g ON true
    LEFT JOIN LATERAL (
        SELECT g.code FROM plan_grids g JOIN plans q ON q.org_id = g.org_id AND q.plan_id = g.plan_id
        WHERE g.org_id = o.org_id AND g.grid_id = o.grid_id ORDER BY q.created_at DESC LIMIT 1
    ) l ON true
    WHERE o.cluster_pk = ANY(CAST(:keys AS bigint[])) AND {owns}
      AND (CAST(:plane AS text) IS NULL OR p.code = :plane)
    ORDER BY p.code COLLATE "C", coalesce(g.code, l.code) COLLATE "C"
"""
_MEMBERS = """
    SELECT m.cluster_pk, f.net_status, f.tier, count(*) AS customers
    FROM cluster_members m
    LEFT JOIN account_profiles f ON f.org_id = m.org_id AND f.account_pk = m.account_pk AND {is_so}
    WHERE m.cluster_pk = ANY(CAST(:keys AS bigint[])) AND {is_in}
    GROUP BY 1, 2, 3
"""
_STATUSES = """
    SELECT p.code AS plane, a.status, a.rule, count(*) AS customers
    FROM cluster_members m
    JOIN assignments a ON a.org_id = m.org_id AND a.account_pk = m.account_pk AND {held}
    JOIN planes p ON p.org_id = a.org_id AND p.plane_id = a.plane_id
    WHERE m.cluster_pk = :key AND {is_in}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_REGIONS = """
    SELECT r.region_pk, r.region_id AS id, r.name, r.kind, r.attributes, v.datum, v.valid_from, v.valid_to,
           ST_AsBinary(v.geometry, 'NDR') AS wkb,
           (SELECT count(*) FROM account_places p
            WHERE p.org_id = r.org_id AND p.region_pk = r.region_pk AND {is_there}) AS customers
    FROM regions r
    JOIN region_versions v ON v.org_id = r.org_id AND v.region_pk = r.region_pk AND {lies}
    WHERE (CAST(:after AS text) IS NULL OR r.region_id COLLATE "C" > :after)
      AND (CAST(:id AS text) IS NULL OR r.region_id = :id)
      AND (CAST(:kind AS text) IS NULL OR r.kind = :kind)
    ORDER BY r.region_id COLLATE "C" LIMIT :limit
"""


async def page(
    connection: AsyncConnection,
    asked: AsOf,
    plane: str | None,
    conflicts: bool,
    after: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Clusters by id, behind ``after``; with ``conflicts`` only those that two grids own on the day."""
    params: dict[str, Any] = {"after": after, "limit": limit}
    where = ""
    if conflicts:
        where = _CONFLICT.format(owns=asked.holds("o"))
        params |= asked.params | {"plane": plane}
    return records(await connection.execute(text(_PAGE.format(where=where)), params))


async def one(connection: AsyncConnection, cluster_id: str) -> dict[str, Any] | None:
    """The cluster with this id."""
    query = text(_CLUSTER + "WHERE c.cluster_id = :id")
    found = records(await connection.execute(query, {"id": cluster_id}))
    return found[0] if found else None


async def owners(
    connection: AsyncConnection,
    keys: Sequence[int],
    plane: str | None,
    asked: AsOf,
) -> list[dict[str, Any]]:
    """The grids that own these clusters on the day, by plane and code."""
    query = text(_OWNERS.format(rules=asked.holds("f"), owns=asked.holds("o")))
    params = asked.params | {"keys": list(keys), "plane": plane}
    return records(await connection.execute(query, params))


async def members(connection: AsyncConnection, keys: Sequence[int], asked: AsOf) -> list[dict[str, Any]]:
    """Members of these clusters, counted by cluster, net status and tier."""
    query = text(_MEMBERS.format(is_so=asked.holds("f"), is_in=asked.holds("m")))
    return records(await connection.execute(query, asked.params | {"keys": list(keys)}))


async def statuses(connection: AsyncConnection, key: int, asked: AsOf) -> list[dict[str, Any]]:
    """Members of the cluster, counted by plane, status of their assignment and rule."""
    query = text(_STATUSES.format(held=asked.holds("a"), is_in=asked.holds("m")))
    return records(await connection.execute(query, asked.params | {"key": key}))


async def regions(
    connection: AsyncConnection,
    asked: AsOf,
    *,
    region_id: str | None = None,
    kind: str | None = None,
    after: str | None = None,
    limit: int = 1,
) -> list[dict[str, Any]]:
    """Regions by id as of a day, with how many customers' geocodes name them."""
    query = text(_REGIONS.format(is_there=asked.holds("p"), lies=asked.holds("v")))
    params = asked.params | {"id": region_id, "kind": kind, "after": after, "limit": limit}
    return records(await connection.execute(query, params))
