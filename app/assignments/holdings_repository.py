"""What the grids of a plane hold, read set-wise from the stored assignments."""

import datetime as dt
import uuid
from typing import Any

from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import Kind, read_columns
from app.storage.dated import on_day

_HELD = """
    SELECT a.account_pk, a.grid_id FROM assignments a
    WHERE a.plane_id = :plane AND a.status = 'assigned' AND {holds} {in_grid}
    ORDER BY a.account_pk
"""
_KINDS: dict[str, Kind] = {"account_pk": "int64", "grid_id": "uuid"}


async def held(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    day: dt.date,
    known_at: dt.datetime | None,
    grid_id: uuid.UUID | None,
) -> dict[str, NDArray[Any]]:
    """Accounts in a grid of the plane (or in the one named), ascending by key, with their grid."""
    params: dict[str, Any] = {"plane": plane_id, "at": day}
    if known_at is not None:
        params["known_at"] = known_at
    if grid_id is not None:
        params["grid"] = grid_id
    in_grid = "AND a.grid_id = :grid" if grid_id is not None else ""
    query = _HELD.format(holds=on_day("a", known_at), in_grid=in_grid)
    return await read_columns(connection, query, _KINDS, **params)
