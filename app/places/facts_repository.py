"""What is currently known of buildings and clusters, read set-wise into columns."""

import datetime as dt
import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import as_array, read_columns

Keys = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

_BUILDINGS = """
    SELECT b.building_pk, b.building_id, ST_AsBinary(b.geometry, 'NDR') AS wkb
    FROM buildings b WHERE b.building_pk = ANY(CAST(:buildings AS bigint[]))
    ORDER BY b.building_pk
"""
_OWNERS = """
    SELECT o.cluster_pk, o.valid_from, o.valid_to, o.grid_id
    FROM cluster_owners o
    WHERE o.cluster_pk = ANY(CAST(:clusters AS bigint[])) AND o.plane_id = :plane AND o.superseded_at IS NULL
      AND coalesce(o.valid_to, 'infinity') > CAST(:since AS date)
      AND o.valid_from < coalesce(CAST(:until AS date), 'infinity')
"""
_CLUSTERS = """
    SELECT c.cluster_pk, c.cluster_id
    FROM clusters c WHERE c.cluster_pk = ANY(CAST(:clusters AS bigint[]))
    ORDER BY c.cluster_pk
"""


async def buildings(connection: AsyncConnection, keys: Keys) -> Columns:
    """Buildings with their ground as WKB, ascending by key."""
    kinds: Any = {"building_pk": "int64", "building_id": "text", "wkb": "bytes"}
    return await read_columns(connection, _BUILDINGS, kinds, buildings=as_array(keys))


async def building_keys_after(connection: AsyncConnection, last: int, limit: int) -> Keys:
    """Building keys in order, behind ``last``."""
    page = "SELECT building_pk FROM buildings WHERE building_pk > :last ORDER BY building_pk LIMIT :limit"
    return (await read_columns(connection, page, {"building_pk": "int64"}, last=last, limit=limit))[
        "building_pk"
    ]


async def owners(
    connection: AsyncConnection, plane_id: uuid.UUID, keys: Keys, since: dt.date, until: dt.date | None
) -> Columns:
    """The grids that own these clusters in the plane on some day from ``since`` up to ``until``."""
    kinds: Any = {"cluster_pk": "int64", "valid_from": "day", "valid_to": "day", "grid_id": "uuid"}
    return await read_columns(
        connection, _OWNERS, kinds, clusters=as_array(keys), plane=plane_id, since=since, until=until
    )


async def cluster_ids(connection: AsyncConnection, keys: Keys) -> Columns:
    """The organisation's own ids of clusters, ascending by key."""
    kinds: Any = {"cluster_pk": "int64", "cluster_id": "text"}
    return await read_columns(connection, _CLUSTERS, kinds, clusters=as_array(keys))


async def building_keys_of(connection: AsyncConnection, ids: list[str]) -> dict[str, int]:
    """The keys of buildings by the organisation's own ids; unknown ids are left out."""
    rows = await connection.execute(
        text("SELECT building_id, building_pk FROM buildings WHERE building_id = ANY(CAST(:ids AS text[]))"),
        {"ids": ids},
    )
    return {row.building_id: row.building_pk for row in rows}


async def cluster_keys_of(connection: AsyncConnection, ids: list[str]) -> dict[str, int]:
    """The keys of clusters by the organisation's own ids; unknown ids are left out."""
    rows = await connection.execute(
        text("SELECT cluster_id, cluster_pk FROM clusters WHERE cluster_id = ANY(CAST(:ids AS text[]))"),
        {"ids": ids},
    )
    return {row.cluster_id: row.cluster_pk for row in rows}
