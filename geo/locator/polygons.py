"""Grids as flat arrays of edges, sorted into horizontal slabs, and the exact test of a point in one.

A grid's edges lie together, in slabs of equal height from its south to its north; an edge is in every slab it
reaches. A point is tested against the edges of its slab alone: even–odd crossings of a ray to the east, with
exact orientation, so that holes, parts, touching rings and even invalid rings count as GEOS counts them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.locator.exact import orientation

OUTSIDE, BOUNDARY, INSIDE = 0, 1, 2

_EDGES_PER_SLAB = 3
_MOST_SLABS = 1 << 14
_MARGIN = 1e-6  # of a slab: more than rounding can move a point from one slab to the next


@dataclass(frozen=True)
class Polygons:
    """``bounds`` (n,4) west south east north, NaN for a grid without area; ``slabs`` (n+1) where each grid's
    slabs start; ``edges_at`` where each slab's edges start in ``edges`` (k,4) ax ay bx by."""

    bounds: npt.NDArray[np.float64]
    slabs: npt.NDArray[np.int64]
    edges_at: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]


def build(ends: npt.NDArray[np.float64], grid_at: npt.NDArray[np.int64]) -> Polygons:
    """From edges (e,4), those of grid i at ``grid_at[i]:grid_at[i + 1]``."""
    count = np.diff(grid_at)
    n_slabs = np.clip(count // _EDGES_PER_SLAB, 1, _MOST_SLABS)
    slabs = np.concatenate([[0], np.cumsum(n_slabs)]).astype(np.int64)
    bounds = np.full((len(count), 4), np.nan)
    edges_at = np.zeros(int(slabs[-1]) + 1, np.int64)
    _count(ends, grid_at, slabs, bounds, edges_at)
    edges_at = np.cumsum(edges_at).astype(np.int64)
    edges = np.empty((int(edges_at[-1]), 4))
    _fill(ends, grid_at, slabs, bounds, edges_at, edges)
    return Polygons(bounds, slabs, edges_at, edges)


@njit(cache=True, nogil=True, inline="always")
def _range(low: float, high: float, south: float, per_degree: float, n: int) -> tuple[int, int]:
    first = int(np.floor((low - south) * per_degree - _MARGIN))
    last = int(np.floor((high - south) * per_degree + _MARGIN))
    return max(0, min(first, n - 1)), max(0, min(last, n - 1))


@njit(cache=True, nogil=True, inline="always")
def _scale(south: float, north: float, n: int) -> float:
    return n / (north - south) if north > south else 0.0


@njit(cache=True, nogil=True)
def _count(ends, grid_at, slabs, bounds, edges_at):  # type: ignore[no-untyped-def]
    for g in range(len(grid_at) - 1):
        if grid_at[g] == grid_at[g + 1]:
            continue
        west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
        for e in range(grid_at[g], grid_at[g + 1]):
            west, east = min(west, ends[e, 0]), max(east, ends[e, 0])
            south, north = min(south, ends[e, 1]), max(north, ends[e, 1])
        bounds[g, 0], bounds[g, 1], bounds[g, 2], bounds[g, 3] = west, south, east, north
        n = slabs[g + 1] - slabs[g]
        per_degree = _scale(south, north, n)
        for e in range(grid_at[g], grid_at[g + 1]):
            low, high = min(ends[e, 1], ends[e, 3]), max(ends[e, 1], ends[e, 3])
            first, last = _range(low, high, south, per_degree, n)
            for s in range(first, last + 1):
                edges_at[slabs[g] + s + 1] += 1


@njit(cache=True, nogil=True)
def _fill(ends, grid_at, slabs, bounds, edges_at, edges):  # type: ignore[no-untyped-def]
    used = np.zeros(len(edges_at) - 1, np.int64)
    for g in range(len(grid_at) - 1):
        n = slabs[g + 1] - slabs[g]
        per_degree = _scale(bounds[g, 1], bounds[g, 3], n)
        for e in range(grid_at[g], grid_at[g + 1]):
            low, high = min(ends[e, 1], ends[e, 3]), max(ends[e, 1], ends[e, 3])
            first, last = _range(low, high, bounds[g, 1], per_degree, n)
            for s in range(slabs[g] + first, slabs[g] + last + 1):
                at = edges_at[s] + used[s]
                used[s] += 1
                for i in range(4):
                    edges[at, i] = ends[e, i]


@njit(cache=True, nogil=True)
def side(x, y, g, bounds, slabs, edges_at, edges):  # type: ignore[no-untyped-def]
    """OUTSIDE, BOUNDARY or INSIDE for a point and grid ``g``."""
    south, north = bounds[g, 1], bounds[g, 3]
    if not (bounds[g, 0] <= x <= bounds[g, 2] and south <= y <= north):
        return OUTSIDE
    n = slabs[g + 1] - slabs[g]
    s = slabs[g] + max(0, min(int((y - south) * _scale(south, north, n)), n - 1))
    inside = False
    for e in range(edges_at[s], edges_at[s + 1]):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
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
