"""Merging staged areas, people and responsibilities."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.models import AreaVersion, Person, Responsibility
from app.storage.dated import overlay, until_next_change
from app.storage.merge import merge

_TREE = text(
    """
    SELECT a.code, p.code AS parent FROM areas a
    LEFT JOIN area_versions v ON v.org_id = a.org_id AND v.area_id = a.area_id AND v.superseded_at IS NULL
         AND v.valid_from <= :day AND (v.valid_to IS NULL OR :day < v.valid_to)
    LEFT JOIN areas p ON p.org_id = v.org_id AND p.area_id = v.parent_id
    """
)
_NEW_AREAS = text(
    """
    INSERT INTO areas (org_id, code)
    SELECT :org, s.code FROM staged s
    WHERE s.reason IS NULL AND NOT EXISTS (SELECT FROM areas a WHERE a.code = s.code)
    """
)
# A column that the file lacks stays as it was on the day.
_WANTED_AREAS = text(
    """
    CREATE TEMPORARY TABLE wanted_areas ON COMMIT DROP AS
    SELECT a.area_id, s.name,
           CASE WHEN 'parent' = ANY(:given) THEN p.area_id ELSE v.parent_id END AS parent_id,
           CASE WHEN 'kind' = ANY(:given) THEN s.kind ELSE v.kind END AS kind,
           coalesce(CASE WHEN 'class' = ANY(:given) THEN s.class ELSE v.class END, '') AS class,
           CASE WHEN 'class_reason' = ANY(:given) THEN s.class_reason ELSE v.class_reason END AS class_reason,
           CASE WHEN 'nbs_code' = ANY(:given) THEN s.nbs_code ELSE v.nbs_code END AS nbs_code,
           CASE WHEN 'geometry' = ANY(:given) THEN s.shape ELSE v.geometry END AS geometry,
           coalesce(v.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes,
           CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to, false AS gone
    FROM staged s
    JOIN areas a ON a.code = s.code
    LEFT JOIN areas p ON p.code = s.parent
    LEFT JOIN area_versions v ON v.org_id = a.org_id AND v.area_id = a.area_id AND v.superseded_at IS NULL
         AND v.valid_from <= :since AND (v.valid_to IS NULL OR :since < v.valid_to)
    WHERE s.reason IS NULL
    """
)
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


async def staged_tree(connection: AsyncConnection) -> list[tuple[int, str, str | None]]:
    """The file's areas that are not refused: row, code, parent's code."""
    query = text("SELECT row, code, parent FROM staged WHERE reason IS NULL ORDER BY row")
    return [(row.row, row.code, row.parent) for row in await connection.execute(query)]


async def tree(connection: AsyncConnection, day: dt.date) -> dict[str, str | None]:
    """Code → parent's code of the areas, as the tree is on that day."""
    return {row.code: row.parent for row in await connection.execute(_TREE, {"day": day})}


async def merge_areas(
    connection: AsyncConnection, org_id: uuid.UUID, since: dt.date, given: Sequence[str]
) -> int:
    """Hang the staged areas into the tree from ``since``; how many changed."""
    await connection.execute(_NEW_AREAS, {"org": org_id})
    await connection.execute(_WANTED_AREAS, {"since": since, "given": list(given)})
    table: Any = AreaVersion.__table__
    values = ["name", "parent_id", "kind", "class", "class_reason", "nbs_code", "geometry", "attributes"]
    await until_next_change(connection, table, ["area_id"], "wanted_areas")
    return await overlay(connection, org_id, table, ["area_id"], values, "wanted_areas")


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
