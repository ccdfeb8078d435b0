"""Grids' identities and shape versions in the database."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.grids.models import Grid, Shape

_STORE = text(
    """
    INSERT INTO shapes (org_id, shape_id, geometry, area_m2)
    SELECT :org, s.id, ST_GeomFromWKB(s.wkb, 4326), s.area
    FROM unnest(CAST(:ids AS bytea[]), CAST(:wkbs AS bytea[]), CAST(:areas AS float8[])) AS s (id, wkb, area)
    ON CONFLICT DO NOTHING
    """
)


async def add_shapes(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    ids: Sequence[bytes],
    wkbs: Sequence[bytes],
    areas: Sequence[float],
) -> None:
    """Store shapes that are not there yet. Ids in order, or two writers may wait for each other."""
    await connection.execute(
        _STORE, {"org": org_id, "ids": list(ids), "wkbs": list(wkbs), "areas": list(areas)}
    )


async def known_shapes(connection: AsyncConnection, ids: Sequence[bytes]) -> set[bytes]:
    """Which of these shapes are there."""
    query = select(Shape.shape_id).where(Shape.shape_id == text("ANY(CAST(:ids AS bytea[]))"))
    return set((await connection.execute(query, {"ids": list(ids)})).scalars())


async def add_grids(
    connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID, grid_ids: Sequence[uuid.UUID]
) -> None:
    """Store new identities."""
    if grid_ids:
        rows: list[dict[str, Any]] = [
            {"org_id": org_id, "plane_id": plane_id, "grid_id": grid_id} for grid_id in grid_ids
        ]
        await connection.execute(insert(Grid), rows)


async def of_plane(connection: AsyncConnection, plane_id: uuid.UUID) -> set[uuid.UUID]:
    """All identities of the plane."""
    return set((await connection.execute(select(Grid.grid_id).where(Grid.plane_id == plane_id))).scalars())
