"""Grids whose edges are sorted into horizontal slabs, and the exact test of a point in one.

Each grid has slabs of equal height from its south to its north; an edge is in every slab it reaches. A point
is tested against the edges of its slab alone: even–odd crossings of a ray to the east, with exact
orientation, so that holes, parts, touching rings and even invalid rings count as GEOS counts them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.locator.exact import orientation
from geo.locator.rings import Rings

OUTSIDE, BOUNDARY, INSIDE = 0, 1, 2

_EDGES_PER_SLAB = 3
_MOST_SLABS = 1 << 14
_MARGIN = 1e-6  # of a slab: more than rounding can move a point from one slab to the next


@dataclass(frozen=True)
class Polygons:
    """``bounds`` (n,4) west south east north, NaN for a grid without area; ``slabs`` (n+1) where each grid's
    slabs start; ``edges_at`` where each slab's edges start in ``edges`` (k,): an edge goes from the point of
    ``coords`` (c,2) of that number to the next."""

    bounds: npt.NDArray[np.float64]
    slabs: npt.NDArray[np.int64]
    edges_at: npt.NDArray[np.int64]
    edges: npt.NDArray[np.int32]
    coords: npt.NDArray[np.float64]


def build(rings: Rings, *, often: bool = True) -> Polygons:
    """Of all grids that the rings are of. A grid that is not asked ``often`` gets one slab: sorting its edges
    costs more than going through them a few times.
    """
    count = np.diff(rings.starts[rings.ring_at])
    n_slabs = np.clip(count // _EDGES_PER_SLAB, 1, _MOST_SLABS if often else 1)
    slabs = np.concatenate([[0], np.cumsum(n_slabs)]).astype(np.int64)
    bounds = np.full((len(count), 4), np.nan)
    edges_at = np.zeros(int(slabs[-1]) + 1, np.int64)
    _count(rings.coords, rings.starts, rings.ring_at, slabs, bounds, edges_at)
    np.cumsum(edges_at, out=edges_at)
    edges = np.empty(int(edges_at[-1]), np.int32)
    _fill(rings.coords, rings.starts, rings.ring_at, slabs, bounds, edges_at, edges)
    return Polygons(bounds, slabs, edges_at, edges, rings.coords)


@njit(cache=True, nogil=True, inline="always")
def _range(low: float, high: float, south: float, per_degree: float, n: int) -> tuple[int, int]:
    first = int(np.floor((low - south) * per_degree - _MARGIN))
    last = int(np.floor((high - south) * per_degree + _MARGIN))
    return max(0, min(first, n - 1)), max(0, min(last, n - 1))


@njit(cache=True, nogil=True, inline="always")
def _scale(south: float, north: float, n: int) -> float:
    return n / (north - south) if north > south else 0.0


@njit(cache=True, nogil=True)
def _count(coords, starts, ring_at, slabs, bounds, edges_at):  # type: ignore[no-untyped-def]
    for g in range(len(ring_at) - 1):
        if ring_at[g] == ring_at[g + 1]:
            continue
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for i in range(starts[ring_at[g]], starts[ring_at[g + 1]]):
            west, east = min(west, coords[i, 0]), max(east, coords[i, 0])
            south, north = min(south, coords[i, 1]), max(north, coords[i, 1])
        bounds[g, 0], bounds[g, 1], bounds[g, 2], bounds[g, 3] = west, south, east, north
        n = slabs[g + 1] - slabs[g]
        if n == 1:
            rings = ring_at[g + 1] - ring_at[g]
            edges_at[slabs[g] + 1] = starts[ring_at[g + 1]] - starts[ring_at[g]] - rings
            continue
        per_degree = _scale(south, north, n)
        for r in range(ring_at[g], ring_at[g + 1]):
            for i in range(starts[r], starts[r + 1] - 1):
                low, high = min(coords[i, 1], coords[i + 1, 1]), max(coords[i, 1], coords[i + 1, 1])
                first, last = _range(low, high, south, per_degree, n)
                for s in range(first, last + 1):
                    edges_at[slabs[g] + s + 1] += 1


@njit(cache=True, nogil=True)
def _fill(coords, starts, ring_at, slabs, bounds, edges_at, edges):  # type: ignore[no-untyped-def]
    used = np.zeros(len(edges_at) - 1, np.int32)
    for g in range(len(ring_at) - 1):
        n = slabs[g + 1] - slabs[g]
        south = bounds[g, 1]
        per_degree = _scale(south, bounds[g, 3], n)
        for r in range(ring_at[g], ring_at[g + 1]):
            if n == 1:
                at, many = edges_at[slabs[g]] + used[slabs[g]], starts[r + 1] - 1 - starts[r]
                edges[at : at + many] = np.arange(starts[r], starts[r] + many)
                used[slabs[g]] += many
                continue
            for i in range(starts[r], starts[r + 1] - 1):
                low, high = min(coords[i, 1], coords[i + 1, 1]), max(coords[i, 1], coords[i + 1, 1])
                first, last = _range(low, high, south, per_degree, n)
                for s in range(slabs[g] + first, slabs[g] + last + 1):
                    edges[edges_at[s] + used[s]] = i
                    used[s] += 1


@njit(cache=True, nogil=True)
def side(x, y, g, bounds, slabs, edges_at, edges, coords):  # type: ignore[no-untyped-def]
    """OUTSIDE, BOUNDARY or INSIDE for a point and grid ``g``."""
    south, north = bounds[g, 1], bounds[g, 3]
    if not (bounds[g, 0] <= x <= bounds[g, 2] and south <= y <= north):
        return OUTSIDE
    n = slabs[g + 1] - slabs[g]
    s = slabs[g] + max(0, min(int((y - south) * _scale(south, north, n)), n - 1))
    inside = False
    for e in range(edges_at[s], edges_at[s + 1]):
        i = edges[e]
        ax, ay, bx, by = coords[i, 0], coords[i, 1], coords[i + 1, 0], coords[i + 1, 1]
        if (ay > y) != (by > y):
            if x > ax and x > bx:
                continue
            if x < ax and x < bx:
                inside = not inside
                continue
            turn = orientation(ax, ay, bx, by, x, y)
            if turn == 0:
                return BOUNDARY
            # The point lies west of the edge, which the ray then crosses, if it is left of an edge going up.
            if (turn > 0) == (by > ay):
                inside = not inside
        elif ay == y and by == y:
            if (ax <= x <= bx) or (bx <= x <= ax):
                return BOUNDARY
        elif (ax == x and ay == y) or (bx == x and by == y):
            return BOUNDARY
    return INSIDE if inside else OUTSIDE
