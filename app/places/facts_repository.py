"""What is known of buildings, regions and clusters, read set-wise into columns."""

import datetime as dt
import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import as_array, read_columns
from app.storage.dated import known

Keys = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

_HOLDS = """
    {known} AND coalesce(d.valid_to, 'infinity') > CAST(:since AS date)
      AND d.valid_from < coalesce(CAST(:until AS date), 'infinity')
"""
_BUILDINGS = """
    SELECT d.building_pk, b.building_id, d.valid_from, d.valid_to, ST_AsBinary(d.geometry, 'NDR') AS wkb
    FROM building_versions d JOIN buildings b ON b.org_id = d.org_id AND b.building_pk = d.building_pk
    WHERE d.building_pk = ANY(CAST(:keys AS bigint[])) AND {holds}
    ORDER BY d.building_pk, d.valid_from
"""
_REGIONS = """
    SELECT d.region_pk, r.region_id, d.valid_from, d.valid_to, ST_AsBinary(d.geometry, 'NDR') AS wkb
    FROM region_versions d JOIN regions r ON r.org_id = d.org_id AND r.region_pk = d.region_pk
    WHERE d.region_pk = ANY(CAST(:keys AS bigint[])) AND {holds}
    ORDER BY d.region_pk, d.valid_from
"""
_OWNERS = """
    SELECT d.cluster_pk, d.valid_from, d.valid_to, d.grid_id
    FROM cluster_owners d
    WHERE d.cluster_pk = ANY(CAST(:keys AS bigint[])) AND d.plane_id = :plane AND {holds}
"""
_CLUSTERS = """
    SELECT c.cluster_pk, c.cluster_id
    FROM clusters c WHERE c.cluster_pk = ANY(CAST(:clusters AS bigint[]))
    ORDER BY c.cluster_pk
"""
_KEYS = "SELECT {what}_id AS id, {what}_pk AS key FROM {what}s WHERE {what}_id = ANY(CAST(:ids AS text[]))"


async def _dated(
    connection: AsyncConnection,
    query: str,
    kinds: Any,
    since: dt.date,
    until: dt.date | None,
    known_at: dt.datetime | None,
    **params: Any,
) -> Columns:
    """The rows of a query that hold between the days, as known."""
    if known_at is not None:
        params["known_at"] = known_at
    query = query.format(holds=_HOLDS.format(known=known("d", known_at)))
    kinds = kinds | {"valid_from": "day", "valid_to": "day"}
    return await read_columns(connection, query, kinds, since=since, until=until, **params)


async def buildings(
    connection: AsyncConnection,
    keys: Keys,
    since: dt.date,
    until: dt.date | None,
    known_at: dt.datetime | None,
) -> Columns:
    """Versions of buildings with their ground as WKB, ascending by key, then by day."""
    kinds = {"building_pk": "int64", "building_id": "text", "wkb": "bytes"}
    return await _dated(connection, _BUILDINGS, kinds, since, until, known_at, keys=as_array(keys))


async def regions(
    connection: AsyncConnection,
    keys: Keys,
    since: dt.date,
    until: dt.date | None,
    known_at: dt.datetime | None,
) -> Columns:
    """Versions of regions with their ground as WKB, ascending by key, then by day."""
    kinds = {"region_pk": "int64", "region_id": "text", "wkb": "bytes"}
    return await _dated(connection, _REGIONS, kinds, since, until, known_at, keys=as_array(keys))


async def owners(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    keys: Keys,
    since: dt.date,
    until: dt.date | None,
    known_at: dt.datetime | None,
) -> Columns:
    """The grids that own these clusters in the plane on some day from ``since`` up to ``until``."""
    kinds = {"cluster_pk": "int64", "grid_id": "uuid"}
    return await _dated(
        connection, _OWNERS, kinds, since, until, known_at, keys=as_array(keys), plane=plane_id
    )


async def building_keys_after(connection: AsyncConnection, last: int, limit: int) -> Keys:
    """Building keys in order, behind ``last``."""
    page = "SELECT building_pk FROM buildings WHERE building_pk > :last ORDER BY building_pk LIMIT :limit"
    return (await read_columns(connection, page, {"building_pk": "int64"}, last=last, limit=limit))[
        "building_pk"
    ]


async def region_keys_of_kind(connection: AsyncConnection, kind: str) -> Keys:
    """The keys of the regions of a kind, ascending."""
    query = "SELECT region_pk FROM regions WHERE kind = :kind ORDER BY region_pk"
    return (await read_columns(connection, query, {"region_pk": "int64"}, kind=kind))["region_pk"]


async def building_names(connection: AsyncConnection, keys: Keys) -> dict[int, str | None]:
    """What these buildings are called."""
    query = text("SELECT building_pk, name FROM buildings WHERE building_pk = ANY(CAST(:keys AS bigint[]))")
    found = await connection.execute(query, {"keys": as_array(keys)})
    return {row.building_pk: row.name for row in found}


async def locked_building_keys(connection: AsyncConnection) -> Keys:
    """The keys of the buildings that a redraw may not move, ascending."""
    query = "SELECT building_pk FROM buildings WHERE locked ORDER BY building_pk"
    return (await read_columns(connection, query, {"building_pk": "int64"}))["building_pk"]


async def cluster_ids(connection: AsyncConnection, keys: Keys) -> Columns:
    """The organisation's own ids of clusters, ascending by key."""
    kinds: Any = {"cluster_pk": "int64", "cluster_id": "text"}
    return await read_columns(connection, _CLUSTERS, kinds, clusters=as_array(keys))


async def building_keys_of(connection: AsyncConnection, ids: list[str]) -> dict[str, int]:
    """The keys of buildings by the organisation's own ids; unknown ids are left out."""
    return await _keys_of(connection, "building", ids)


async def cluster_keys_of(connection: AsyncConnection, ids: list[str]) -> dict[str, int]:
    """The keys of clusters by the organisation's own ids; unknown ids are left out."""
    return await _keys_of(connection, "cluster", ids)


async def region_keys_of(connection: AsyncConnection, ids: list[str]) -> dict[str, int]:
    """The keys of regions by the organisation's own ids; unknown ids are left out."""
    return await _keys_of(connection, "region", ids)


async def _keys_of(connection: AsyncConnection, what: str, ids: list[str]) -> dict[str, int]:
    found = await connection.execute(text(_KEYS.format(what=what)), {"ids": ids})
    return {row.id: row.key for row in found}
