"""Merging staged buildings, regions, clusters, barriers and exclusions."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.places.models import (
    Barrier,
    Building,
    BuildingVersion,
    Cluster,
    ClusterOwner,
    Exclusion,
    Region,
    RegionVersion,
)
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
           coalesce(s.confirmed, b.confirmed_on) AS confirmed_on,
           coalesce(CASE WHEN 'locked' = ANY(:given) THEN s.locked ELSE b.locked END, false) AS locked,
           coalesce(b.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN buildings b ON b.building_id = s.id
    WHERE s.reason IS NULL
    """
)
# A building that we hear of for the first time stood there before: its first version has no beginning.
_WANTED_BUILDING_VERSIONS = text(
    """
    CREATE TEMPORARY TABLE wanted_building_versions ON COMMIT DROP AS
    SELECT b.building_pk, s.shape AS geometry, s.received, CAST(:crs AS text) AS datum, s.h3,
           CASE WHEN 'households' = ANY(:given) THEN s.households ELSE v.households END AS households,
           CASE WHEN 'ports' = ANY(:given) THEN s.ports ELSE v.ports END AS ports,
           CASE WHEN 'ports_used' = ANY(:given) THEN s.ports_used ELSE v.ports_used END AS ports_used,
           v.geometry IS DISTINCT FROM s.shape AS moved,
           CASE WHEN v.building_pk IS NULL THEN DATE '0001-01-01' ELSE CAST(:since AS date) END AS valid_from,
           CAST(NULL AS date) AS valid_to, false AS gone
    FROM staged s JOIN buildings b ON b.building_id = s.id
    LEFT JOIN building_versions v ON v.building_pk = b.building_pk AND v.superseded_at IS NULL
         AND v.valid_from <= :since AND (v.valid_to IS NULL OR :since < v.valid_to)
    WHERE s.reason IS NULL
    """
)
_WANTED_REGIONS = text(
    """
    CREATE TEMPORARY TABLE wanted_regions ON COMMIT DROP AS
    SELECT s.id AS region_id,
           CASE WHEN 'name' = ANY(:given) THEN s.name ELSE r.name END AS name,
           CASE WHEN 'kind' = ANY(:given) THEN s.kind ELSE r.kind END AS kind,
           coalesce(r.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN regions r ON r.region_id = s.id
    WHERE s.reason IS NULL
    """
)
_WANTED_REGION_VERSIONS = text(
    """
    CREATE TEMPORARY TABLE wanted_region_versions ON COMMIT DROP AS
    SELECT r.region_pk, s.shape AS geometry, s.received, CAST(:crs AS text) AS datum,
           v.geometry IS DISTINCT FROM s.shape AS moved,
           CASE WHEN v.region_pk IS NULL THEN DATE '0001-01-01' ELSE CAST(:since AS date) END AS valid_from,
           CAST(NULL AS date) AS valid_to, false AS gone
    FROM staged s JOIN regions r ON r.region_id = s.id
    LEFT JOIN region_versions v ON v.region_pk = r.region_pk AND v.superseded_at IS NULL
         AND v.valid_from <= :since AND (v.valid_to IS NULL OR :since < v.valid_to)
    WHERE s.reason IS NULL
    """
)
# A market has a row for each of its owners; what is said of the market itself is said in its first row.
_ONE_NAME = text(
    """
    UPDATE staged s SET reason = concat_ws('; ', s.reason,
        format('this id is in row %s already, with another name (%L)', d.first, d.first_name))
    FROM (SELECT row, first_value(row) OVER each AS first, first_value(name) OVER each AS first_name
          FROM staged WHERE id IS NOT NULL WINDOW each AS (PARTITION BY id ORDER BY row)) d
    WHERE d.row = s.row AND s.name IS DISTINCT FROM d.first_name
    """
)
_WANTED_CLUSTERS = text(
    """
    CREATE TEMPORARY TABLE wanted_clusters ON COMMIT DROP AS
    SELECT DISTINCT ON (s.id) s.id AS cluster_id, s.name,
           CASE WHEN 'kind' = ANY(:given) THEN s.kind ELSE c.kind END AS kind,
           coalesce(s.confirmed, c.confirmed_on) AS confirmed_on,
           coalesce(c.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN clusters c ON c.cluster_id = s.id
    WHERE s.reason IS NULL
    ORDER BY s.id, s.row
    """
)
# The rows of a market are all its owners; a row without a grid adds none.
_WANTED_OWNERS = text(
    """
    CREATE TEMPORARY TABLE wanted_owners ON COMMIT DROP AS
    SELECT DISTINCT CAST(:plane AS uuid) AS plane_id, c.cluster_pk, g.grid_id,
           CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to, g.grid_id IS NULL AS gone
    FROM staged s
    JOIN clusters c ON c.cluster_id = s.id
    LEFT JOIN known_grids g ON g.code = s.grid
    WHERE s.reason IS NULL
    """
)
_OWNERS_NO_MORE = text(
    """
    INSERT INTO wanted_owners (plane_id, cluster_pk, grid_id, valid_from, valid_to, gone)
    SELECT DISTINCT w.plane_id, w.cluster_pk, o.grid_id, w.valid_from, w.valid_to, true
    FROM wanted_owners w
    JOIN cluster_owners o ON o.plane_id = w.plane_id AND o.cluster_pk = w.cluster_pk
         AND o.superseded_at IS NULL AND o.valid_from < coalesce(w.valid_to, 'infinity')
         AND coalesce(o.valid_to, 'infinity') > w.valid_from
    WHERE NOT EXISTS (SELECT FROM wanted_owners k WHERE k.cluster_pk = w.cluster_pk
                      AND k.grid_id = o.grid_id)
    """
)
_CHANGED = """
    SELECT count(*) FROM (
        SELECT {what}_pk FROM overlay_changed
        UNION SELECT {what}_pk FROM merged JOIN {what}s USING ({what}_id)
    ) changed
"""
_MOVED = "SELECT DISTINCT {what}_pk FROM overlay_changed WHERE moved"
_NO_GRID = text("DELETE FROM wanted_owners WHERE grid_id IS NULL")
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


@dataclass(frozen=True)
class Written:
    """What a file changed: how many things, and the keys of those that moved or changed hands, from which day
    on (or none).
    """

    changed: int
    moved: Keys
    since: dt.date | None


async def merge_buildings(
    connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str], crs: str, since: dt.date
) -> Written:
    """Add and change the staged buildings: what they are called at once, the rest from ``since`` on."""
    await connection.execute(_WANTED_BUILDINGS, {"given": list(given)})
    table: Any = Building.__table__
    values = ["name", "use", "address", "confirmed_on", "locked", "attributes"]
    await merge(connection, org_id, table, ["building_id"], values, "wanted_buildings")
    asked = {"given": list(given), "crs": crs, "since": since}
    await connection.execute(_WANTED_BUILDING_VERSIONS, asked)
    table = BuildingVersion.__table__
    values = ["geometry", "received", "datum", "h3", "households", "ports", "ports_used"]
    return await _lay(connection, org_id, table, "building", values)


async def merge_regions(
    connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str], crs: str, since: dt.date
) -> Written:
    """Add and change the staged regions: what they are called at once, their polygons from ``since`` on."""
    await connection.execute(_WANTED_REGIONS, {"given": list(given)})
    table: Any = Region.__table__
    await merge(connection, org_id, table, ["region_id"], ["name", "kind", "attributes"], "wanted_regions")
    await connection.execute(_WANTED_REGION_VERSIONS, {"crs": crs, "since": since})
    table = RegionVersion.__table__
    return await _lay(connection, org_id, table, "region", ["geometry", "received", "datum"])


async def _lay(
    connection: AsyncConnection, org_id: uuid.UUID, table: Table, what: str, values: list[str]
) -> Written:
    """Lay the wanted versions over what is known, until the next change that is known."""
    key, source = f"{what}_pk", f"wanted_{what}_versions"
    await until_next_change(connection, table, [key], source)
    await overlay(connection, org_id, table, [key], values, source)
    changed = await connection.execute(text(_CHANGED.format(what=what)))
    first = await connection.execute(text("SELECT min(valid_from) FROM overlay_changed WHERE moved"))
    moved = await read_columns(connection, _MOVED.format(what=what), {key: "int64"})
    return Written(changed.scalar_one(), moved[key], first.scalar_one())


async def overfull(connection: AsyncConnection) -> list[int]:
    """The accepted rows that say that more ports are used than there are."""
    query = text("SELECT row FROM staged WHERE reason IS NULL AND ports_used > ports ORDER BY row")
    return [row.row for row in await connection.execute(query)]


async def refuse_other_names(connection: AsyncConnection) -> None:
    """Refuse each row whose name is not the one that an earlier row gives the same id."""
    await connection.execute(_ONE_NAME)


async def merge_clusters(connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str]) -> int:
    """Add and change the staged clusters; how many."""
    await connection.execute(_WANTED_CLUSTERS, {"given": list(given)})
    table: Any = Cluster.__table__
    values = ["name", "kind", "confirmed_on", "attributes"]
    return sum(await merge(connection, org_id, table, ["cluster_id"], values, "wanted_clusters"))


async def merge_owners(
    connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID, since: dt.date
) -> Written:
    """Give the clusters merged just before to their grids from ``since`` until the next change of their
    owners. Two grids of one cluster are both kept.
    """
    await connection.execute(_WANTED_OWNERS, {"plane": plane_id, "since": since})
    table: Any = ClusterOwner.__table__
    key = ["plane_id", "cluster_pk"]
    await until_next_change(connection, table, key, "wanted_owners")
    await connection.execute(_OWNERS_NO_MORE)
    await connection.execute(_NO_GRID)
    await overlay(connection, org_id, table, [*key, "grid_id"], [], "wanted_owners")
    changed = await connection.execute(text(_CHANGED.format(what="cluster")))
    query = "SELECT DISTINCT cluster_pk FROM overlay_changed"
    moved = await read_columns(connection, query, {"cluster_pk": "int64"})
    return Written(changed.scalar_one(), moved["cluster_pk"], since)


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
