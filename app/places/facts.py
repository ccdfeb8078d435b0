"""What is currently known of many buildings and clusters, as columns."""

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
from app.places.facts_repository import cluster_keys_of as cluster_keys_of

Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Buildings:
    """n buildings, ascending by key; ``ground`` is a footprint or a point in EPSG:4326."""

    building_pk: Keys
    building_id: NDArray[np.object_]
    ground: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.building_pk)


@dataclass(frozen=True)
class Owners:
    """Which grid (16 raw bytes) owns a cluster over a span of days (int32 since 1970-01-01)."""

    cluster_pk: Keys
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    grid_id: NDArray[np.void]


async def buildings_of(connection: AsyncConnection, keys: Keys) -> Buildings:
    """The buildings with these keys, ascending; keys that are not there are left out."""
    found = await repository.buildings(connection, keys)
    return Buildings(found["building_pk"], found["building_id"], shapely.from_wkb(found["wkb"]))


async def owners_of(
    connection: AsyncConnection, plane_id: uuid.UUID, clusters: Keys, since: dt.date, until: dt.date | None
) -> Owners:
    """Owners of these clusters in the plane on some day from ``since`` up to, not including, ``until``."""
    found = await repository.owners(connection, plane_id, clusters, since, until)
    return Owners(found["cluster_pk"], found["valid_from"], found["valid_to"], found["grid_id"])


async def cluster_ids(connection: AsyncConnection, clusters: Keys) -> dict[int, str]:
    """The organisation's own ids of clusters, by key."""
    found = await repository.cluster_ids(connection, clusters)
    return dict(zip(found["cluster_pk"].tolist(), found["cluster_id"].tolist(), strict=True))
