"""Which grid of a plan holds a region of doubt (a village, a road, a district) whole."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.assignments import timeline
from app.assignments.locators import Ground
from app.places.facts import Regions


@dataclass(frozen=True)
class RegionGrids:
    """n versions of regions in a plan, ascending by key, then day; at most one of a region on a day."""

    regions: Regions
    grid: NDArray[np.int32]
    """Row of the grid that holds all of it, −1: none does."""
    around: NDArray[np.object_]
    """Where none does: the codes of the grids that it meets, in order; else None."""

    def rows(self, region_pk: NDArray[np.int64], day: NDArray[np.int32]) -> NDArray[np.intp]:
        """The version that holds for each key on its day, −1 where there is none."""
        one = self.regions
        return timeline.as_of(one.region_pk, one.start, one.end, region_pk, day)


def grids_of(ground: Ground, regions: Regions) -> RegionGrids:
    """Place regions in the grids of a plan. Heavy: run it in a thread."""
    grid = ground.holding(regions.ground)
    around = np.full(len(regions), None, dtype=object)
    crossing = np.flatnonzero(grid < 0)
    around[crossing] = _objects(ground.meeting(regions.ground[crossing]))
    return RegionGrids(regions, grid, around)


def _objects(values: list[list[str]]) -> NDArray[np.object_]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
