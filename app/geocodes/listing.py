"""The list of piles on a day, with how many customers stand there."""

import datetime as dt
import uuid
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geocodes import piles_repository, quarantine_repository
from app.geocodes.quarantine_repository import Asked
from geo.cells import cells as cells_at

Document = dict[str, Any]


async def piles(
    connection: AsyncConnection,
    at: dt.date,
    known_at: dt.datetime | None,
    verdict: str | None,
    after: tuple[float, float] | None,
    limit: int,
) -> tuple[list[Document], tuple[float, float] | None]:
    """The piles behind a point, and the point behind which the next page begins (none: it is all)."""
    rows = await piles_repository.page(connection, at, known_at, verdict, after, limit + 1)
    page = rows[:limit]
    points = np.array([(row["lng"], row["lat"]) for row in page], np.float64).reshape(-1, 2)
    cells = np.unique(cells_at(points[:, 0], points[:, 1])).astype(np.int64)
    there = await quarantine_repository.sharing(connection, Asked(uuid.UUID(int=0), at, known_at), cells)
    told = [
        {
            "lng": row["lng"],
            "lat": row["lat"],
            "verdict": row["verdict"],
            "customers": row["customers"],
            "at_point": there.get((row["lng"], row["lat"]), 0),
            "from": row["valid_from"],
            "to": row["valid_to"],
            "recorded_at": row["recorded_at"],
        }
        for row in page
    ]
    return told, (page[-1]["lng"], page[-1]["lat"]) if len(rows) > limit else None
