"""Merging staged people and responsibilities."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.models import Person, Responsibility
from app.storage.dated import overlay
from app.storage.merge import merge

_WANTED_PEOPLE = text(
    """
    CREATE TEMPORARY TABLE wanted_people ON COMMIT DROP AS
    SELECT s.id AS person_id, s.name,
           CASE WHEN 'area' = ANY(:given) THEN a.area_id ELSE p.area_id END AS area_id,
           CASE WHEN 'capacity' = ANY(:given) THEN s.capacity ELSE p.capacity END AS capacity,
           CASE WHEN :placed THEN s.received_lng ELSE p.residence_lng END AS residence_lng,
           CASE WHEN :placed THEN s.received_lat ELSE p.residence_lat END AS residence_lat,
           CASE WHEN NOT :placed THEN p.datum WHEN s.point IS NOT NULL THEN CAST(:crs AS text) END AS datum,
           CASE WHEN :placed THEN s.point ELSE p.residence END AS residence,
           coalesce(p.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s
    LEFT JOIN areas a ON a.code = s.area
    LEFT JOIN people p ON p.person_id = s.id
    WHERE s.reason IS NULL
    """
)
# One person owns a grid at a time; of the other roles there may be several.
_COMPLETE = text(
    """
    UPDATE staged SET role = coalesce(role, 'owner'), valid_from = coalesce(valid_from, :since),
                      one_of = CASE WHEN coalesce(role, 'owner') = 'owner' THEN '' ELSE person END
    """
)
_WANTED_RESPONSIBILITIES = """
    CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS
    SELECT CAST(:plane AS uuid) AS plane_id, g.grid_id, s.role, s.person AS person_id,
           s.valid_from, s.valid_to, false AS gone
    FROM staged s JOIN known_grids g ON g.code = s.grid
    WHERE s.reason IS NULL AND (s.role = 'owner') = :owners
"""


async def merge_people(
    connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str], crs: str | None
) -> int:
    """Add and change the staged people; how many."""
    placed = "geometry" in given or "lng" in given
    await connection.execute(_WANTED_PEOPLE, {"given": list(given), "placed": placed, "crs": crs})
    table: Any = Person.__table__
    values = ["name", "area_id", "capacity", "residence_lng", "residence_lat", "datum", "residence"]
    return sum(
        await merge(connection, org_id, table, ["person_id"], [*values, "attributes"], "wanted_people")
    )


async def complete_responsibilities(connection: AsyncConnection, since: dt.date) -> None:
    """Fill in what a row need not say: the role is owner, and it begins on ``since``."""
    await connection.execute(_COMPLETE, {"since": since})


async def merge_responsibilities(connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID) -> int:
    """Lay the staged responsibilities over what is known; how many changed."""
    table: Any = Responsibility.__table__
    changed = 0
    for owners in (True, False):
        name = "wanted_owners" if owners else "wanted_others"
        query = text(_WANTED_RESPONSIBILITIES.format(name=name))
        await connection.execute(query, {"plane": plane_id, "owners": owners})
        key, values = ["plane_id", "grid_id", "role"], ["person_id"]
        if not owners:
            key, values = [*key, *values], []
        changed += await overlay(connection, org_id, table, key, values, name)
    return changed
