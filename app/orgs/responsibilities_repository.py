"""Who is responsible for which grid, in the database."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.models import Responsibility
from app.storage import dated
from app.storage.dated import overlay
from app.storage.rows import records

# Whoever has left, or has not come yet, is responsible for nothing.
_OWNERS = """
    SELECT r.grid_id, r.person_id FROM responsibilities r
    WHERE r.plane_id = :plane AND r.role = 'owner' AND {r} AND EXISTS (
        SELECT FROM person_versions v WHERE v.org_id = r.org_id AND v.person_id = r.person_id AND {v})
"""
_ON_DAY = """
    SELECT r.grid_id, r.person_id, v.name, r.role, r.valid_from, r.valid_to
    FROM responsibilities r
    JOIN person_versions v ON v.org_id = r.org_id AND v.person_id = r.person_id AND {v}
    WHERE r.plane_id = :plane AND {r} {grid}
    ORDER BY r.role <> 'owner', r.role, r.valid_from, r.person_id
"""
_HELD = """
    SELECT r.plane_id, r.grid_id, r.person_id, r.role, r.valid_from, r.valid_to, r.recorded_at,
           r.superseded_at
    FROM responsibilities r
    WHERE {held}
      AND (CAST(:plane AS uuid) IS NULL OR r.plane_id = :plane)
      AND (CAST(:grids AS uuid[]) IS NULL OR r.grid_id = ANY(CAST(:grids AS uuid[])))
      AND (CAST(:person AS text) IS NULL OR r.person_id = :person)
      AND (CAST(:role AS text) IS NULL OR r.role = :role)
    ORDER BY r.valid_from, r.responsibility_id
"""

SOURCE = "new_owners"
COLUMNS = {
    "plane_id": "uuid",
    "grid_id": "uuid",
    "role": "text",
    "person_id": "text",
    "valid_from": "date",
    "valid_to": "date",
    "gone": "bool",
}


async def owners(
    connection: AsyncConnection, plane_id: uuid.UUID, day: dt.date, known_at: dt.datetime | None
) -> dict[uuid.UUID, str]:
    """Grid → who owns it on that day, and is in service."""
    query = text(_OWNERS.format(r=dated.on_day("r", known_at), v=dated.on_day("v", known_at)))
    found = await connection.execute(query, _asked(known_at, plane=plane_id, at=day))
    return {row.grid_id: row.person_id for row in found}


async def on_day(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    grid_id: uuid.UUID | None,
    day: dt.date,
    known_at: dt.datetime | None,
) -> list[dict[str, Any]]:
    """Who is responsible for a grid (None: for any) of the plane on that day, owners first."""
    grid = "" if grid_id is None else "AND r.grid_id = :grid"
    words = {"r": dated.on_day("r", known_at), "v": dated.on_day("v", known_at), "grid": grid}
    asked = _asked(known_at, plane=plane_id, at=day)
    if grid_id is not None:
        asked["grid"] = grid_id
    return records(await connection.execute(text(_ON_DAY.format(**words)), asked))


async def held(
    connection: AsyncConnection,
    day: dt.date | None,
    known_at: dt.datetime | None,
    plane_id: uuid.UUID | None,
    grids: list[uuid.UUID] | None,
    person_id: str | None,
    role: str | None,
) -> list[dict[str, Any]]:
    """Responsibilities that hold on a day (None: on any), as known then, narrowed by what is given."""
    asked = _asked(known_at, plane=plane_id, grids=grids, person=person_id, role=role)
    if day is not None:
        asked["at"] = day
    holds = dated.known("r", known_at) if day is None else dated.on_day("r", known_at)
    return records(await connection.execute(text(_HELD.format(held=holds)), asked))


def _asked(known_at: dt.datetime | None, **asked: Any) -> dict[str, Any]:
    return asked if known_at is None else asked | {"known_at": known_at}


async def lay_over(connection: AsyncConnection, org_id: uuid.UUID) -> int:
    """Lay the staged owners over what is known; how many changed something."""
    table: Any = Responsibility.__table__
    return await overlay(connection, org_id, table, ["plane_id", "grid_id", "role"], ["person_id"], SOURCE)
