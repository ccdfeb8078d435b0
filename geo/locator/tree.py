"""The road for few points: a tree of bounding boxes and GEOS's exact predicates, with nothing to build
beforehand.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely


class TreeRoad:
    """Grids (n,) with the rank (n,) of their codes."""

    def __init__(self, geoms: npt.NDArray[np.object_], rank: npt.NDArray[np.int64]) -> None:
        self.geoms = geoms
        self.tree = shapely.STRtree(list(geoms))
        self.rank = rank
        self.by_rank = np.argsort(rank).astype(np.int32)

    def locate(
        self,
        x: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        index: npt.NDArray[np.int32],
        tie: npt.NDArray[np.bool_],
        ambiguous: npt.NDArray[np.bool_],
    ) -> None:
        """As :class:`geo.locator.Located` has them, written into the arrays given."""
        index[:], tie[:], ambiguous[:] = -1, False, False
        good = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        points: Any = shapely.points(x[good], y[good])
        if not len(good):
            return
        at, grid = self.tree.query(points, predicate="intersects")
        best = np.full(len(good), len(self.rank))
        np.minimum.at(best, at, self.rank[grid])
        found = best < len(self.rank)
        index[good[found]] = self.by_rank[best[found]]
        count = np.bincount(at, minlength=len(good))
        several = np.flatnonzero(count[at] > 1)
        inside: Any = shapely.contains_properly(self.geoms[grid[several]], points[at[several]])
        edges = np.bincount(at[several][~inside], minlength=len(good))
        tie[good] = edges > 1
        ambiguous[good] = (count > 1) & (count > edges)
