"""What the grids of a plane hold, read set-wise from the stored assignments."""

import datetime as dt
import uuid
from typing import Any

from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import Kind, read_columns

_HELD = """
    SELECT account_pk, grid_id FROM assignments
    WHERE plane_id = :plane AND status = 'assigned' AND {known}
      AND valid_from <= CAST(:at AS date) AND (valid_to IS NULL OR CAST(:at AS date) < valid_to)
      AND (CAST(:grid AS uuid) IS NULL OR grid_id = :grid)
    ORDER BY account_pk
"""
_NOW = "superseded_at IS NULL"
_THEN = "recorded_at <= :known_at AND (superseded_at IS NULL OR :known_at < superseded_at)"
_KINDS: dict[str, Kind] = {"account_pk": "int64", "grid_id": "uuid"}


async def held(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    day: dt.date,
    known_at: dt.datetime | None,
    grid_id: uuid.UUID | None,
) -> dict[str, NDArray[Any]]:
    """Accounts in a grid of the plane (or in the one named), ascending by key, with their grid."""
    params: dict[str, Any] = {"plane": plane_id, "at": day, "grid": grid_id}
    if known_at is not None:
        params["known_at"] = known_at
    query = _HELD.format(known=_NOW if known_at is None else _THEN)
    return await read_columns(connection, query, _KINDS, **params)
