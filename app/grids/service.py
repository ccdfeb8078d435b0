"""Shape versions, named after what they are, and identities of grids."""

import hashlib
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import anyio.to_thread
import numpy as np
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.grids import repository
from geo.geodesy import area_m2

# How many shapes go to the database in one statement.
_AT_ONCE = 1_000


def shape_id(polygon: shapely.Geometry) -> bytes:
    """The SHA-256 of the polygon's little-endian 2D WKB."""
    return hashlib.sha256(_wkb(polygon)).digest()


def _wkb(polygon: shapely.Geometry) -> bytes:
    written: bytes = shapely.to_wkb(polygon, output_dimension=2, byte_order=1, include_srid=False)
    return written


async def store_shapes(
    connection: AsyncConnection, org_id: uuid.UUID, polygons: Sequence[Any]
) -> list[bytes | None]:
    """Store the polygons (WGS 84; None stays None) that are not there yet; the id of each."""
    wkbs = [None if polygon is None else _wkb(polygon) for polygon in polygons]
    ids = [None if wkb is None else hashlib.sha256(wkb).digest() for wkb in wkbs]
    rows = {one: row for row, one in enumerate(ids) if one is not None}
    wanted = sorted(rows)
    for start in range(0, len(wanted), _AT_ONCE):
        piece = wanted[start : start + _AT_ONCE]
        there = await repository.known_shapes(connection, piece)
        new = [one for one in piece if one not in there]
        if not new:
            continue
        chosen = np.array([polygons[rows[one]] for one in new], dtype=object)
        areas = await anyio.to_thread.run_sync(area_m2, chosen)
        written = [wkb for one in new if (wkb := wkbs[rows[one]]) is not None]
        await repository.add_shapes(connection, org_id, new, written, areas.tolist())
    return ids


async def identities(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane_id: uuid.UUID,
    wanted: Iterable[uuid.UUID | None],
) -> list[uuid.UUID]:
    """The identities asked for, which must be of this plane, and a new one for every None."""
    asked = list(wanted)
    named = {grid_id for grid_id in asked if grid_id is not None}
    if named:
        foreign = named - await repository.of_plane(connection, plane_id)
        if foreign:
            raise Invalid(
                f"{len(foreign)} of the grids are not of this plane, {min(foreign)} among them.",
                kind="unknown-grid",
            )
    made = [uuid.uuid4() if grid_id is None else grid_id for grid_id in asked]
    fresh = [new for new, old in zip(made, asked, strict=True) if old is None]
    await repository.add_grids(connection, org_id, plane_id, fresh)
    return made
