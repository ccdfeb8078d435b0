"""What is known of many buildings, regions and clusters, as columns.

The dated columns hold one row for each span in which a version holds; days are int32 since 1970-01-01, an
open end is ``app.storage.columns.OPEN``. ``since`` and ``until`` (not included) cut nothing: a version that
holds on some day between them comes with its own span. ``known_at``: what was known then, else what is now.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.places import facts_repository as repository
from app.places.facts_repository import building_keys_after as building_keys_after
from app.places.facts_repository import building_keys_of as building_keys_of
from app.places.facts_repository import building_names as building_names
from app.places.facts_repository import cluster_keys_of as cluster_keys_of
from app.places.facts_repository import locked_building_keys as locked_building_keys
from app.places.facts_repository import region_keys_of as region_keys_of
from app.places.facts_repository import region_keys_of_kind as region_keys_of_kind

Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Buildings:
    """n versions of buildings, ascending by key, then by day; ``ground`` is a footprint or a point (WGS 84).

    On any one day a building has at most one version.
    """

    building_pk: Keys
    building_id: NDArray[np.object_]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    ground: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.building_pk)


@dataclass(frozen=True)
class Regions:
    """n versions of regions of doubt, ascending by key, then by day; ``ground`` is polygonal (WGS 84)."""

    region_pk: Keys
    region_id: NDArray[np.object_]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    ground: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.region_pk)


@dataclass(frozen=True)
class Owners:
    """Which grid (16 raw bytes) owns a cluster over a span of days.

    Two grids may own one cluster on one day: that is a conflict, and whoever decides says by what rule.
    """

    cluster_pk: Keys
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    grid_id: NDArray[np.void]


async def buildings_of(
    connection: AsyncConnection,
    keys: Keys,
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> Buildings:
    """The versions of these buildings that hold on some day from ``since`` up to, not including, ``until``.

    Ask for one day (``until`` the day after) and each building has at most one row; keys that are not there
    are left out.
    """
    found = await repository.buildings(connection, keys, since, until, known_at)
    return Buildings(
        found["building_pk"],
        found["building_id"],
        found["valid_from"],
        found["valid_to"],
        shapely.from_wkb(found["wkb"]),
    )


async def regions_of(
    connection: AsyncConnection,
    keys: Keys,
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> Regions:
    """The versions of these regions that hold on some day from ``since`` up to, not including, ``until``."""
    found = await repository.regions(connection, keys, since, until, known_at)
    return Regions(
        found["region_pk"],
        found["region_id"],
        found["valid_from"],
        found["valid_to"],
        shapely.from_wkb(found["wkb"]),
    )


async def owners_of(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    clusters: Keys,
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> Owners:
    """Owners of these clusters in the plane on some day from ``since`` up to, not including, ``until``."""
    found = await repository.owners(connection, plane_id, clusters, since, until, known_at)
    return Owners(found["cluster_pk"], found["valid_from"], found["valid_to"], found["grid_id"])


async def cluster_ids(connection: AsyncConnection, clusters: Keys) -> dict[int, str]:
    """The organisation's own ids of clusters, by key."""
    found = await repository.cluster_ids(connection, clusters)
    return dict(zip(found["cluster_pk"].tolist(), found["cluster_id"].tolist(), strict=True))
