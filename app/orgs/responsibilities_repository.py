"""Who is responsible for which grid, in the database."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.models import Responsibility
from app.storage.dated import overlay

_OWNERS = text(
    """
    SELECT grid_id, person_id, valid_from, valid_to FROM responsibilities
    WHERE plane_id = :plane AND role = 'owner' AND superseded_at IS NULL
      AND valid_from <= :day AND (valid_to IS NULL OR :day < valid_to)
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


async def lay_over(connection: AsyncConnection, org_id: uuid.UUID) -> int:
    """Lay the staged owners over what is known; how many changed something."""
    table: Any = Responsibility.__table__
    return await overlay(connection, org_id, table, ["plane_id", "grid_id", "role"], ["person_id"], SOURCE)
