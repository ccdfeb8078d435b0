"""The list of piles on a day."""

import datetime as dt
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.dated import on_day
from app.storage.rows import records

_PAGE = """
    SELECT p.lng, p.lat, p.verdict, p.customers, p.valid_from, p.valid_to, p.recorded_at FROM piles p
    WHERE {on_day} AND (CAST(:verdict AS text) IS NULL OR p.verdict = :verdict)
      AND (CAST(:lng AS float8) IS NULL OR (p.lng, p.lat) > (CAST(:lng AS float8), CAST(:lat AS float8)))
    ORDER BY p.lng, p.lat LIMIT :limit
"""


async def page(
    connection: AsyncConnection,
    at: dt.date,
    known_at: dt.datetime | None,
    verdict: str | None,
    after: tuple[float, float] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """The piles behind a point, by point."""
    lng, lat = after or (None, None)
    params: dict[str, Any] = {"at": at, "verdict": verdict, "lng": lng, "lat": lat, "limit": limit}
    if known_at is not None:
        params["known_at"] = known_at
    return records(await connection.execute(text(_PAGE.format(on_day=on_day("p", known_at))), params))
