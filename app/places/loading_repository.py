"""Merging staged buildings, clusters, barriers and exclusions."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.places.models import Barrier, Building, Cluster, ClusterOwner, Exclusion
from app.storage.columns import read_columns
from app.storage.dated import overlay, until_next_change
from app.storage.merge import merge

Keys = NDArray[np.int64]

# A column that the file lacks stays as it is.
_WANTED_BUILDINGS = text(
    """
    CREATE TEMPORARY TABLE wanted_buildings ON COMMIT DROP AS
    SELECT s.id AS building_id,
           CASE WHEN 'name' = ANY(:given) THEN s.name ELSE b.name END AS name,
           CASE WHEN 'use' = ANY(:given) THEN s.use ELSE b.use END AS use,
           CASE WHEN 'address' = ANY(:given) THEN s.address ELSE b.address END AS address,
           CASE WHEN 'households' = ANY(:given) THEN s.households ELSE b.households END AS households,
           CASE WHEN 'ports' = ANY(:given) THEN s.ports ELSE b.ports END AS ports,
           CASE WHEN 'ports_used' = ANY(:given) THEN s.ports_used ELSE b.ports_used END AS ports_used,
           s.shape AS geometry, s.received, CAST(:crs AS text) AS datum, s.h3,
           coalesce(b.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN buildings b ON b.building_id = s.id
    WHERE s.reason IS NULL
    """
)
_WANTED_CLUSTERS = text(
    """
    CREATE TEMPORARY TABLE wanted_clusters ON COMMIT DROP AS
    SELECT s.id AS cluster_id, s.name,
           CASE WHEN 'kind' = ANY(:given) THEN s.kind ELSE c.kind END AS kind,
           coalesce(c.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN clusters c ON c.cluster_id = s.id
    WHERE s.reason IS NULL
    """
)
_WANTED_OWNERS = text(
    """
    CREATE TEMPORARY TABLE wanted_owners ON COMMIT DROP AS
    SELECT CAST(:plane AS uuid) AS plane_id, c.cluster_pk, g.grid_id,
           CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to, g.grid_id IS NULL AS gone
    FROM staged s
    JOIN clusters c ON c.cluster_id = s.id
    LEFT JOIN known_grids g ON g.code = s.grid
    WHERE s.reason IS NULL
    """
)
_WANTED_BARRIERS = text(
    """
    CREATE TEMPORARY TABLE wanted_barriers ON COMMIT DROP AS
    SELECT s.shape AS geometry,
           CASE WHEN 'kind' = ANY(:given) THEN s.kind ELSE b.kind END AS kind,
           CASE WHEN 'bridge' = ANY(:given) THEN s.crossable ELSE coalesce(b.crossable, false)
                END AS crossable,
           CASE WHEN 'bridge' = ANY(:given) THEN s.bridges ELSE b.bridges END AS bridges,
           coalesce(b.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN barriers b ON b.geometry = s.shape
    WHERE s.reason IS NULL
    """
)
_WANTED_EXCLUSIONS = text(
    """
    CREATE TEMPORARY TABLE wanted_exclusions ON COMMIT DROP AS
    SELECT s.shape AS geometry,
           CASE WHEN 'reason' = ANY(:given) THEN s.why ELSE e.reason END AS reason,
           coalesce(e.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN exclusions e ON e.geometry = s.shape
    WHERE s.reason IS NULL
    """
)


async def merge_buildings(
    connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str], crs: str
) -> Keys:
    """Add and change the staged buildings; the keys of those that were new or differed."""
    await connection.execute(_WANTED_BUILDINGS, {"given": list(given), "crs": crs})
    table: Any = Building.__table__
    values = ["name", "use", "address", "households", "ports", "ports_used"]
    values += ["geometry", "received", "datum", "h3", "attributes"]
    await merge(connection, org_id, table, ["building_id"], values, "wanted_buildings")
    query = "SELECT b.building_pk FROM merged m JOIN buildings b USING (building_id)"
    return (await read_columns(connection, query, {"building_pk": "int64"}))["building_pk"]


async def merge_clusters(connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str]) -> int:
    """Add and change the staged clusters; how many."""
    await connection.execute(_WANTED_CLUSTERS, {"given": list(given)})
    table: Any = Cluster.__table__
    values = ["name", "kind", "attributes"]
    return sum(await merge(connection, org_id, table, ["cluster_id"], values, "wanted_clusters"))


async def merge_owners(
    connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID, since: dt.date
) -> Keys:
    """Give the staged clusters to their grids from ``since``; the clusters whose owner changed."""
    await connection.execute(_WANTED_OWNERS, {"plane": plane_id, "since": since})
    table: Any = ClusterOwner.__table__
    key = ["plane_id", "cluster_pk"]
    await until_next_change(connection, table, key, "wanted_owners")
    await overlay(connection, org_id, table, key, ["grid_id"], "wanted_owners")
    query = "SELECT cluster_pk FROM overlay_changed"
    return (await read_columns(connection, query, {"cluster_pk": "int64"}))["cluster_pk"]


async def merge_barriers(connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str]) -> int:
    """Add the staged lines that are new, change those whose kind or bridges differ; how many."""
    await connection.execute(_WANTED_BARRIERS, {"given": list(given)})
    table: Any = Barrier.__table__
    values = ["kind", "crossable", "bridges", "attributes"]
    return sum(await merge(connection, org_id, table, ["geometry"], values, "wanted_barriers"))


async def merge_exclusions(connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str]) -> int:
    """Add the staged polygons that are new, change those whose reason differs; how many."""
    await connection.execute(_WANTED_EXCLUSIONS, {"given": list(given)})
    table: Any = Exclusion.__table__
    return sum(
        await merge(connection, org_id, table, ["geometry"], ["reason", "attributes"], "wanted_exclusions")
    )
