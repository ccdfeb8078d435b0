"""Buildings as of a day: pages of them, one of them, and the customers in them."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.dated import AsOf, known
from app.storage.rows import records

Box = tuple[float, float, float, float]

_BUILDING = """
    SELECT b.building_pk, b.building_id AS id, b.name, b.use, b.address, b.confirmed_on, b.locked,
           b.attributes, v.households, v.ports, v.ports_used, v.datum, v.valid_from, v.valid_to,
           ST_AsBinary(v.geometry, 'NDR') AS wkb{more}
    FROM buildings b
    JOIN building_versions v ON v.org_id = b.org_id AND v.building_pk = b.building_pk AND {stands}
    {joins}
"""
_HELD = """
    {how} JOIN building_assignments a ON a.org_id = b.org_id AND a.building_pk = b.building_pk
        AND a.plane_id = :plane AND {held}
"""
_ONE = _BUILDING + "WHERE b.building_id = :id"
_PAGE = (
    _BUILDING
    + """
    WHERE (CAST(:after AS text) IS NULL OR b.building_id COLLATE "C" > :after) {where}
    ORDER BY b.building_id COLLATE "C" LIMIT :limit
    """
)
# A customer is in the building that its place names on the day.
_CUSTOMERS = """
    SELECT p.building_pk, f.net_status, f.tier, count(*) AS customers
    FROM account_places p
    LEFT JOIN account_profiles f ON f.org_id = p.org_id AND f.account_pk = p.account_pk AND {is_so}
    WHERE p.building_pk = ANY(CAST(:keys AS bigint[])) AND {is_there}
    GROUP BY 1, 2, 3
"""
_POINTS = """
    SELECT ST_X(p.geometry) AS lng, ST_Y(p.geometry) AS lat, count(*) AS customers
    FROM account_places p WHERE p.building_pk = :key AND {is_there}
    GROUP BY 1, 2 ORDER BY customers DESC, lng, lat
"""
_LOCK = text(
    """
    UPDATE buildings SET locked = :locked, updated_at = now()
    WHERE building_id = ANY(CAST(:ids AS text[])) AND locked <> :locked
    RETURNING building_id
    """
)
_HISTORY = """
    SELECT v.valid_from, v.valid_to, v.recorded_at, v.households, v.ports, v.ports_used, v.datum,
           ST_AsBinary(v.geometry, 'NDR') AS wkb
    FROM building_versions v WHERE v.building_pk = :key AND {known}
    ORDER BY v.valid_from
"""


async def page(
    connection: AsyncConnection,
    asked: AsOf,
    plane_id: uuid.UUID | None,
    grid_id: uuid.UUID | None,
    box: Box | None,
    locked: bool | None,
    after: str | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Buildings by id, behind ``after``; with a plane also ``grid_id``, with a grid only those in it."""
    words = {"more": "", "joins": "", "where": "", "stands": asked.holds("v")}
    params = asked.params | {"after": after, "limit": limit}
    if plane_id is not None:
        words["more"] = ", a.grid_id"
        words["joins"] = _HELD.format(how="LEFT", held=asked.holds("a"))
        params["plane"] = plane_id
    if grid_id is not None:
        words["joins"] = _HELD.format(how="", held=asked.holds("a"))
        words["where"] = "AND a.grid_id = :grid"
        params["grid"] = grid_id
    if locked is not None:
        words["where"] += " AND b.locked = :locked"
        params["locked"] = locked
    if box is not None:
        words["where"] += " AND v.geometry && ST_MakeEnvelope(:west, :south, :east, :north, 4326)"
        params |= dict(zip(("west", "south", "east", "north"), box, strict=True))
    return records(await connection.execute(text(_PAGE.format(**words)), params))


async def one(connection: AsyncConnection, building_id: str, asked: AsOf) -> dict[str, Any] | None:
    """The building with this id as of a day."""
    query = text(_ONE.format(more="", joins="", stands=asked.holds("v")))
    found = records(await connection.execute(query, asked.params | {"id": building_id}))
    return found[0] if found else None


async def set_locked(connection: AsyncConnection, ids: Sequence[str], locked: bool) -> list[str]:
    """Lock or unlock these buildings; which of them were not so before."""
    changed = await connection.execute(_LOCK, {"ids": list(ids), "locked": locked})
    return sorted(row.building_id for row in changed)


async def customers(connection: AsyncConnection, keys: Sequence[int], asked: AsOf) -> list[dict[str, Any]]:
    """Customers of these buildings, counted by building, net status and tier."""
    query = text(_CUSTOMERS.format(is_so=asked.holds("f"), is_there=asked.holds("p")))
    return records(await connection.execute(query, asked.params | {"keys": list(keys)}))


async def points(connection: AsyncConnection, key: int, asked: AsOf) -> list[dict[str, Any]]:
    """How many customers of the building stand at each point, the most crowded first."""
    query = text(_POINTS.format(is_there=asked.holds("p")))
    return records(await connection.execute(query, asked.params | {"key": key}))


async def history(
    connection: AsyncConnection, key: int, known_at: dt.datetime | None
) -> list[dict[str, Any]]:
    """All versions of the building, as known."""
    asked = {"key": key} | ({"known_at": known_at} if known_at is not None else {})
    return records(await connection.execute(text(_HISTORY.format(known=known("v", known_at))), asked))
