"""What grids are called and which area they are in, whatever plan has them."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage import dated
from app.storage.rows import records

# As the plan in force on the day says; a grid that is not in it is told as the newest plan that has it does.
_GRIDS = """
    SELECT DISTINCT ON (g.grid_id) g.grid_id, g.code, g.name, g.area_id
    FROM plan_grids g
    JOIN plans p ON p.org_id = g.org_id AND p.plan_id = g.plan_id
    LEFT JOIN plan_terms f ON f.org_id = g.org_id AND f.plan_id = g.plan_id AND {in_force}
    WHERE {which}
    ORDER BY g.grid_id, f.plan_id IS NULL, p.created_at DESC
"""


async def grids(
    connection: AsyncConnection,
    day: dt.date,
    known_at: dt.datetime | None,
    *,
    ids: Sequence[uuid.UUID] | None = None,
    plane_id: uuid.UUID | None = None,
    code: str | None = None,
) -> list[dict[str, Any]]:
    """Id, code, name and area of the grids with these ids, or of a plane (with this code in it)."""
    asked: dict[str, Any] = {"at": day}
    if known_at is not None:
        asked["known_at"] = known_at
    which = []
    if ids is not None:
        which.append("g.grid_id = ANY(CAST(:ids AS uuid[]))")
        asked["ids"] = list(ids)
    if plane_id is not None:
        which.append("p.plane_id = :plane")
        asked["plane"] = plane_id
    if code is not None:
        which.append("g.code = :code")
        asked["code"] = code
    query = _GRIDS.format(in_force=dated.on_day("f", known_at), which=" AND ".join(which))
    return records(await connection.execute(text(query), asked))
