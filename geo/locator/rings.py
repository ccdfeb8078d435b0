"""The rings of grids as flat arrays: what every road is built from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely


@dataclass(frozen=True)
class Rings:
    """Closed rings, those of a grid together and in the order of grids.

    ``coords`` (c,2) degrees; ring r is ``coords[starts[r]:starts[r + 1]]``, its last point its first again;
    ``hole`` (r,) whether it is one; the rings of grid i are ``ring_at[i]`` up to ``ring_at[i + 1]``.
    """

    coords: npt.NDArray[np.float64]
    starts: npt.NDArray[np.int64]
    hole: npt.NDArray[np.bool_]
    ring_at: npt.NDArray[np.int64]

    def edges(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Every edge (e,4) ax ay bx by, and where each grid's begin (n+1)."""
        last = np.zeros(len(self.coords), np.bool_)
        last[self.starts[1:] - 1] = True
        first = np.flatnonzero(~last)
        at = self.starts[self.ring_at] - self.ring_at
        return np.hstack([self.coords[first], self.coords[first + 1]]), at


def rings_of(geoms: npt.NDArray[np.object_]) -> Rings:
    """The rings of polygons and multipolygons (n,), none of those that are missing or empty."""
    number = np.arange(len(geoms))
    whole = (shapely.get_type_id(geoms) == 3) & (shapely.get_num_interior_rings(geoms) == 0)
    filled = ~(shapely.is_missing(geoms) | shapely.is_empty(geoms))
    simple, rest = number[filled & whole], number[filled & ~whole]
    # A polygon of one ring gives its coordinates as it is; only of the others are rings made.
    parts, of = shapely.get_parts(geoms[rest], return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    hole = np.r_[False, part[1:] == part[:-1]][: len(part)]
    grid = np.concatenate([simple, rest[of[part]]])
    order = np.argsort(grid, kind="stable")
    pieces: Any = np.concatenate([geoms[simple], rings])[order]
    count = shapely.get_num_coordinates(pieces)
    coords = shapely.get_coordinates(pieces)
    coords += 0.0  # -0 becomes 0: what is equal has the same bits
    return Rings(
        coords,
        np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        np.concatenate([np.zeros(len(simple), np.bool_), hole])[order],
        np.searchsorted(grid[order], np.arange(len(geoms) + 1)).astype(np.int64),
    )
