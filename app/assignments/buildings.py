"""Which grid a building belongs to in a plan, by its footprint or its point; the answers of one run kept."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from app.assignments import timeline
from app.assignments.decide import to_json
from app.assignments.locators import Ground
from app.places.facts import Buildings

POLYGON, MULTIPOLYGON = 3, 6


@dataclass(frozen=True)
class BuildingGrids:
    """n versions of buildings in a plan, ascending by key, then day: row of the grid table (−1: in none),
    share and evidence. Of one building there is at most one version on a day.
    """

    building_pk: NDArray[np.int64]
    building_id: NDArray[np.object_]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    grid: NDArray[np.int32]
    tie: NDArray[np.bool_]
    share: NDArray[np.float64]
    evidence: NDArray[np.object_]
    """JSON text: the share of every grid a straddler stands in, or the nearest grid; else None."""

    def rows(self, building_pk: NDArray[np.int64], day: NDArray[np.int32]) -> NDArray[np.intp]:
        """The version that holds for each key on its day, −1 where there is none."""
        return timeline.as_of(self.building_pk, self.start, self.end, building_pk, day)

    def take(self, rows: NDArray[np.bool_]) -> "BuildingGrids":
        """Some of the versions."""
        return BuildingGrids(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def grids_of(ground: Ground, buildings: Buildings) -> BuildingGrids:
    """Place buildings in the grids of a plan. Heavy: run it in a thread.

    A polygon goes to the grid with the greatest share (equal shares: the lowest code), anything else to the
    grid of its point.
    """
    n = len(buildings)
    grid, tie = np.full(n, -1, np.int32), np.zeros(n, bool)
    share, told = np.full(n, np.nan), np.full(n, None, dtype=object)
    kinds = shapely.get_type_id(buildings.ground)
    areal = np.flatnonzero((kinds == POLYGON) | (kinds == MULTIPOLYGON))
    if len(areal) and ground.has_polygons:
        found = ground.footprints(buildings.ground[areal])
        grid[areal], tie[areal], share[areal] = found.index, found.tie, np.round(found.share, 9)
        share[areal[found.index < 0]] = np.nan
        _tell_shares(ground, told, areal, found.straddles, found.pairs, found.pair_share)
    other = np.flatnonzero((kinds != POLYGON) & (kinds != MULTIPOLYGON))
    if len(other):
        points = shapely.point_on_surface(buildings.ground[other])
        placed = ground.locate(shapely.get_x(points), shapely.get_y(points))
        grid[other], tie[other] = placed.grid, placed.tie
    _tell_nearest(ground, told, buildings, np.flatnonzero(grid < 0))
    return BuildingGrids(
        buildings.building_pk, buildings.building_id, buildings.start, buildings.end, grid, tie, share, told
    )


def _tell_shares(
    ground: Ground,
    told: NDArray[np.object_],
    areal: NDArray[np.intp],
    straddles: NDArray[np.bool_],
    pairs: NDArray[np.int32],
    shares: NDArray[np.float64],
) -> None:
    which = np.flatnonzero(straddles[pairs[:, 0]])
    parts: dict[int, dict[str, float]] = {}
    for (building, grid), share in zip(pairs[which].tolist(), shares[which].tolist(), strict=True):
        parts.setdefault(building, {})[ground.table.codes[grid]] = round(share, 9)
    for building, by_grid in parts.items():
        told[areal[building]] = to_json({"shares": by_grid})


def _tell_nearest(
    ground: Ground, told: NDArray[np.object_], buildings: Buildings, rows: NDArray[np.intp]
) -> None:
    if len(rows) == 0 or not ground.has_polygons:
        return
    points = shapely.point_on_surface(buildings.ground[rows])
    nearest, distance = ground.nearest(shapely.get_x(points), shapely.get_y(points))
    for row, grid, metres in zip(rows.tolist(), nearest.tolist(), distance.tolist(), strict=True):
        told[row] = to_json({"nearest": ground.table.codes[grid], "distance_m": round(metres, 3)})


def some_of(buildings: Buildings, rows: NDArray[np.bool_]) -> Buildings:
    """Some of the versions of buildings."""
    return Buildings(**{field.name: getattr(buildings, field.name)[rows] for field in fields(buildings)})


def joined(parts: list[BuildingGrids]) -> BuildingGrids:
    """Several as one, in order; the parts share no building."""
    order = np.lexsort(
        (np.concatenate([part.start for part in parts]), np.concatenate([part.building_pk for part in parts]))
    )
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])[order]
        for name in BuildingGrids.__dataclass_fields__
    }
    return BuildingGrids(**columns)


NO_BUILDINGS = BuildingGrids(
    np.empty(0, np.int64),
    np.empty(0, dtype=object),
    np.empty(0, np.int32),
    np.empty(0, np.int32),
    np.empty(0, np.int32),
    np.empty(0, bool),
    np.empty(0),
    np.empty(0, dtype=object),
)
