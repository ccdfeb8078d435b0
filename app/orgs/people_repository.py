"""People over their days, in the database."""

import datetime as dt
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage import dated
from app.storage.rows import records

_ON_DAY = """
    SELECT v.person_id, v.name, a.code AS area, v.area_id, v.capacity, ST_X(v.residence) AS lng,
           ST_Y(v.residence) AS lat, v.valid_from, v.valid_to
    FROM person_versions v LEFT JOIN areas a ON a.org_id = v.org_id AND a.area_id = v.area_id
    WHERE {on_day}
      AND (CAST(:after AS text) IS NULL OR v.person_id COLLATE "C" > :after)
      AND (CAST(:only AS text) IS NULL OR v.person_id = :only)
    ORDER BY v.person_id COLLATE "C" LIMIT :limit
"""
_NAMES = text(
    """
    SELECT DISTINCT ON (person_id) person_id, name FROM person_versions
    WHERE superseded_at IS NULL ORDER BY person_id, valid_from DESC
    """
)
_HISTORY = """
    SELECT v.name, a.code AS area, v.capacity, ST_X(v.residence) AS lng, ST_Y(v.residence) AS lat,
           v.valid_from, v.valid_to, v.recorded_at, v.superseded_at
    FROM person_versions v LEFT JOIN areas a ON a.org_id = v.org_id AND a.area_id = v.area_id
    WHERE v.person_id = :person AND {known} ORDER BY v.valid_from, v.recorded_at
"""
# Versions that touch are one service: only what is said of the person differs.
SERVICE = """
    SELECT person_id, min(valid_from) AS valid_from,
           CASE WHEN bool_or(valid_to IS NULL) THEN NULL ELSE max(valid_to) END AS valid_to
    FROM (
        SELECT person_id, valid_from, valid_to,
               count(*) FILTER (WHERE fresh) OVER (PARTITION BY person_id ORDER BY valid_from) AS island
        FROM (
            SELECT v.person_id, v.valid_from, v.valid_to,
                   v.valid_from IS DISTINCT FROM
                       lag(v.valid_to) OVER (PARTITION BY v.person_id ORDER BY v.valid_from) AS fresh
            FROM person_versions v WHERE {known} {only}
        ) v
    ) v
    GROUP BY person_id, island
"""


async def on_day(
    connection: AsyncConnection,
    day: dt.date,
    known_at: dt.datetime | None,
    after: str | None,
    limit: int | None,
    only: str | None,
) -> list[dict[str, Any]]:
    """People in service on the day, as known then, in order of their ids."""
    asked: dict[str, Any] = {"at": day, "after": after, "limit": limit, "only": only}
    if known_at is not None:
        asked["known_at"] = known_at
    query = text(_ON_DAY.format(on_day=dated.on_day("v", known_at)))
    return records(await connection.execute(query, asked))


async def names(connection: AsyncConnection) -> dict[str, str]:
    """Id → the last name."""
    return {row.person_id: row.name for row in await connection.execute(_NAMES)}


async def history(
    connection: AsyncConnection, person_id: str, known_at: dt.datetime | None
) -> list[dict[str, Any]]:
    """All versions of a person with when they were known; as known then, where it is given."""
    asked: dict[str, Any] = {"person": person_id}
    known = "true"
    if known_at is not None:
        asked["known_at"] = known_at
        known = dated.known("v", known_at)
    return records(await connection.execute(text(_HISTORY.format(known=known)), asked))


async def service(
    connection: AsyncConnection, ids: list[str], known_at: dt.datetime | None
) -> list[dict[str, Any]]:
    """Days without a break on which these people are in service, as known then, in order."""
    asked: dict[str, Any] = {"ids": ids}
    if known_at is not None:
        asked["known_at"] = known_at
    query = SERVICE.format(
        known=dated.known("v", known_at), only="AND v.person_id = ANY(CAST(:ids AS text[]))"
    )
    return records(await connection.execute(text(f"{query} ORDER BY person_id, valid_from"), asked))
