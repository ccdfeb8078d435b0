"""Who is responsible for which grid, in the database."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.models import Responsibility
from app.storage.dated import overlay
from app.storage.rows import records

_OWNERS = text(
    """
    SELECT grid_id, person_id, valid_from, valid_to FROM responsibilities
    WHERE plane_id = :plane AND role = 'owner' AND superseded_at IS NULL
      AND valid_from <= :day AND (valid_to IS NULL OR :day < valid_to)
    """
)

_ON_DAY = text(
    """
    SELECT r.person_id, p.name, r.role, r.valid_from, r.valid_to
    FROM responsibilities r JOIN people p ON p.org_id = r.org_id AND p.person_id = r.person_id
    WHERE r.plane_id = :plane AND r.grid_id = :grid AND r.superseded_at IS NULL
      AND r.valid_from <= :day AND (r.valid_to IS NULL OR :day < r.valid_to)
    ORDER BY r.role <> 'owner', r.role, r.person_id
    """
)

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


async def owners(connection: AsyncConnection, plane_id: uuid.UUID, day: dt.date) -> dict[uuid.UUID, str]:
    """Grid → who owns it on that day."""
    found = await connection.execute(_OWNERS, {"plane": plane_id, "day": day})
    return {row.grid_id: row.person_id for row in found}


async def on_day(
    connection: AsyncConnection, plane_id: uuid.UUID, grid_id: uuid.UUID, day: dt.date
) -> list[dict[str, Any]]:
    """Who is responsible for a grid on that day, owners first."""
    asked = {"plane": plane_id, "grid": grid_id, "day": day}
    return records(await connection.execute(_ON_DAY, asked))


async def lay_over(connection: AsyncConnection, org_id: uuid.UUID) -> int:
    """Lay the staged owners over what is known; how many changed something."""
    table: Any = Responsibility.__table__
    return await overlay(connection, org_id, table, ["plane_id", "grid_id", "role"], ["person_id"], SOURCE)
