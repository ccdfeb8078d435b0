"""Areas as they are on a day, and people, in the database."""

import datetime as dt
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.rows import records

_AREAS = text(
    """
    SELECT a.area_id, a.code, v.name, p.code AS parent, v.parent_id, v.kind, v.class AS area_class,
           v.class_reason, v.nbs_code
    FROM areas a
    JOIN area_versions v ON v.org_id = a.org_id AND v.area_id = a.area_id
         AND v.valid_from <= :day AND (v.valid_to IS NULL OR :day < v.valid_to)
         AND CASE WHEN CAST(:known_at AS timestamptz) IS NULL THEN v.superseded_at IS NULL
             ELSE v.recorded_at <= :known_at AND (v.superseded_at IS NULL OR :known_at < v.superseded_at) END
    LEFT JOIN areas p ON p.org_id = v.org_id AND p.area_id = v.parent_id
    WHERE CAST(:after AS text) IS NULL OR a.code COLLATE "C" > :after
    ORDER BY a.code COLLATE "C" LIMIT :limit
    """
)
_PEOPLE = text(
    """
    SELECT p.person_id, p.name, a.code AS area, p.capacity, ST_X(p.residence) AS lng, ST_Y(p.residence) AS lat
    FROM people p LEFT JOIN areas a ON a.org_id = p.org_id AND a.area_id = p.area_id
    WHERE CAST(:after AS text) IS NULL OR p.person_id COLLATE "C" > :after
    ORDER BY p.person_id COLLATE "C" LIMIT :limit
    """
)


async def areas(
    connection: AsyncConnection,
    day: dt.date,
    after: str | None,
    limit: int | None,
    known_at: dt.datetime | None,
) -> list[dict[str, Any]]:
    """Areas of that day's tree, as known then, in order of their codes, from behind the code ``after``."""
    asked = {"day": day, "after": after, "limit": limit, "known_at": known_at}
    return records(await connection.execute(_AREAS, asked))


async def people(connection: AsyncConnection, after: str | None, limit: int | None) -> list[dict[str, Any]]:
    """People in order of their ids, from behind the id ``after``."""
    return records(await connection.execute(_PEOPLE, {"after": after, "limit": limit}))
