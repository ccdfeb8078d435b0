"""Areas as they are on a day, in the database."""

import datetime as dt
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.dated import on_day
from app.storage.rows import records

_AREAS = """
    SELECT a.area_id, a.code, v.name, p.code AS parent, v.parent_id, v.kind, v.class AS area_class,
           v.class_reason, v.nbs_code
    FROM areas a
    JOIN area_versions v ON v.org_id = a.org_id AND v.area_id = a.area_id AND {on_day}
    LEFT JOIN areas p ON p.org_id = v.org_id AND p.area_id = v.parent_id
    ORDER BY a.code COLLATE "C"
    """


async def areas(
    connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None
) -> list[dict[str, Any]]:
    """Areas of that day's tree, as known then, in order of their codes."""
    asked: dict[str, Any] = {"at": day}
    if known_at is not None:
        asked["known_at"] = known_at
    return records(await connection.execute(text(_AREAS.format(on_day=on_day("v", known_at))), asked))
