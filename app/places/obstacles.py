"""Barriers with their bridges, and land that no grid needs to cover."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.places import obstacles_repository as repository
from app.places.obstacles_repository import Box as Box

WORLD: Box = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True)
class Barriers:
    """Lines that a grid may not straddle (WGS 84), as columns.

    ``crossable`` lines, such as streets, are no walls. ``bridges`` are multipoints, None where
    there are none. A row may be a bridge alone: a point, which opens whatever wall runs there.
    """

    ids: list[int]
    kinds: list[str | None]
    crossable: npt.NDArray[np.bool_]
    lines: npt.NDArray[np.object_]
    bridges: npt.NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def is_line(self) -> npt.NDArray[np.bool_]:
        """Which rows are lines, not bridges alone."""
        return np.asarray(shapely.get_dimensions(self.lines) == 1)

    @property
    def walls(self) -> npt.NDArray[np.object_]:
        """The lines that may be crossed only at a bridge."""
        return np.asarray(self.lines[self.is_line & ~self.crossable], dtype=object)

    @property
    def spots(self) -> npt.NDArray[np.object_]:
        """All bridges, as points."""
        known = self.bridges[~shapely.is_missing(self.bridges)]
        return np.asarray(shapely.get_parts(known), dtype=object)


async def barriers(connection: AsyncConnection, box: Box = WORLD) -> Barriers:
    """Barriers that come near the box (west, south, east, north in degrees)."""
    rows = await repository.barriers(connection, box)
    return Barriers(
        ids=[row["barrier_id"] for row in rows],
        kinds=[row["kind"] for row in rows],
        crossable=np.array([row["crossable"] for row in rows], dtype=bool),
        lines=_geometries([row["line"] for row in rows]),
        bridges=_geometries([row["bridges"] for row in rows]),
    )


async def exclusions(connection: AsyncConnection, box: Box = WORLD) -> npt.NDArray[np.object_]:
    """Ground near the box that no grid needs to cover (WGS 84)."""
    return _geometries([row["ground"] for row in await repository.exclusions(connection, box)])


def _geometries(wkbs: list[Any]) -> npt.NDArray[np.object_]:
    out = np.empty(len(wkbs), dtype=object)
    out[:] = shapely.from_wkb(np.array(wkbs, dtype=object))
    return out
