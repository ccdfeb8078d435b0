"""Barriers and exclusions in the database."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.rows import records

Box = tuple[float, float, float, float]

# The box is tested with && alone, which the spatial index answers behind row-level security.
_BARRIERS = text(
    """
    SELECT barrier_id, kind, crossable, ST_AsBinary(geometry, 'NDR') AS line,
           ST_AsBinary(bridges, 'NDR') AS bridges
    FROM barriers
    WHERE geometry && ST_MakeEnvelope(:west, :south, :east, :north, 4326) ORDER BY barrier_id
    """
)
_EXCLUSIONS = text(
    """
    SELECT exclusion_id, reason, ST_AsBinary(geometry, 'NDR') AS ground
    FROM exclusions
    WHERE geometry && ST_MakeEnvelope(:west, :south, :east, :north, 4326) ORDER BY exclusion_id
    """
)


def _asked(box: Box) -> dict[str, float]:
    return dict(zip(("west", "south", "east", "north"), (float(side) for side in box), strict=True))


async def barriers(connection: AsyncConnection, box: Box) -> list[dict[str, Any]]:
    """Barriers whose bounding box meets the box (degrees), lines and bridges as WKB."""
    return records(await connection.execute(_BARRIERS, _asked(box)))


async def exclusions(connection: AsyncConnection, box: Box) -> list[dict[str, Any]]:
    """Exclusions whose bounding box meets the box (degrees), as WKB."""
    return records(await connection.execute(_EXCLUSIONS, _asked(box)))
