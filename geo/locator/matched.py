"""The quick road for an edge-matched coverage: a raster, and in each cell that borders cross its few edges.

``owner`` of a cell is the row of the grid that holds it whole, -1 where there is none, else -2 - k: borders
come near, and the cell's edges are ``edges[starts[k]:starts[k + 1]]``. A point there belongs to the grid on
the near side of the edge that a ray meets first (``asking``, ``westward``); where the ray enters a cell
without edges it belongs to that cell's owner. Every test is exact (see ``exact``). An edge that two grids
share is kept once, with the grid on either side.

Right only where no grids overlap and neighbours share their vertices, which ``coverage`` makes sure of.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.locator.asking import locate
from geo.locator.coverage import consistent
from geo.locator.frame import columns_of, rows_of, size
from geo.locator.rings import Rings
from geo.locator.sides import edge_of, sides_of
from geo.locator.westward import westward

_FINE, _COARSE = 20, 10  # cells for each that a border crosses: for an index that is kept, or asked once
_MOST_TOGETHER = 64
"""Edges in an edge's cell, on average: where more crowd together the slabs of each grid are quicker."""


@dataclass(frozen=True)
class Matched:
    """``frame``: west, south, cells per degree of longitude, of latitude; ``extent`` west south east north.

    ``edges`` (k,4) ax ay bx by with a below b; ``sides`` (k,2) the grids west and east of each (north and
    south of one that is level), -1 for none; ``rank`` (n,) orders grids by code; ``alone`` (o,4) the edges
    that belong to one grid alone, those of grid i at ``alone_at[i]:alone_at[i + 1]``.
    """

    extent: npt.NDArray[np.float64]
    frame: npt.NDArray[np.float64]
    owner: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]
    sides: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int64]
    alone: npt.NDArray[np.float64]
    alone_at: npt.NDArray[np.int64]

    def locate(
        self,
        lng: npt.NDArray[np.float64],
        lat: npt.NDArray[np.float64],
        index: npt.NDArray[np.int32],
        tie: npt.NDArray[np.bool_],
        ambiguous: npt.NDArray[np.bool_],
    ) -> None:
        """As ``geo.locator.Located`` has them, written into the arrays given."""
        ambiguous[:] = False
        locate(
            lng, lat, self.extent, self.frame, self.owner, self.starts, self.edges, self.sides, self.rank,
            index, tie,
        )  # fmt: skip

    def outline(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """The edges (o,4) that belong to one grid alone, and where each grid's begin."""
        return self.alone, self.alone_at


def build(rings: Rings, rank: npt.NDArray[np.int64], *, once: bool = False) -> Matched | None:
    """The index of the grids whose rings these are; None where they are no edge-matched coverage, or where
    too many edges crowd together. ``once``: sooner built, somewhat slower to ask.
    """
    coords = rings.coords
    found = sides_of(rings)
    if found is None or not len(found[0]):
        return None
    first, sides = found
    lng, lat = coords.T  # each by itself: along the short axis numpy takes ten times as long
    extent = np.array([lng.min(), lat.min(), lng.max(), lat.max()])
    west, south, east, north = extent
    width, height = max(east - west, 1e-9), max(north - south, 1e-9)
    length = _length(first, coords, width, height)
    columns, rows = size(length, width, height, _COARSE if once else _FINE)
    frame = np.array([west, south, columns / width, rows / height])
    owner = np.zeros((rows, columns), np.int32)
    _count(first, coords, frame, owner)
    starts = _point(owner)
    if int((np.diff(starts).astype(float) ** 2).sum()) > _MOST_TOGETHER * int(starts[-1]):
        return None
    cell_edges, cell_sides = np.empty((int(starts[-1]), 4)), np.empty((int(starts[-1]), 2), np.int32)
    _fill(first, coords, sides, frame, owner, starts, cell_edges, cell_sides)
    _own(frame, owner, starts, cell_edges, cell_sides)
    if not consistent(frame, owner, starts, cell_edges, cell_sides):
        return None
    alone = np.flatnonzero((sides[:, 0] < 0) | (sides[:, 1] < 0))
    grid = np.maximum(sides[alone, 0], sides[alone, 1])
    order = np.argsort(grid, kind="stable")
    at = np.searchsorted(grid[order], np.arange(len(rank) + 1)).astype(np.int64)
    begin = first[alone[order]]
    outline = np.hstack([coords[begin], coords[begin + 1]])
    return Matched(extent, frame, owner, starts, cell_edges, cell_sides, rank, outline, at)


@njit(cache=True, nogil=True)
def _length(first, coords, width, height):  # type: ignore[no-untyped-def]
    """How far the edges go east or west and north or south, as shares of the extent, in all."""
    total = 0.0
    for i in first:
        total += abs(coords[i + 1, 0] - coords[i, 0]) / width + abs(coords[i + 1, 1] - coords[i, 1]) / height
    return total


@njit(cache=True, nogil=True)
def _count(first, coords, frame, owner):  # type: ignore[no-untyped-def]
    rows, columns = owner.shape
    for i in first:
        ax, ay, bx, by, _ = edge_of(i, coords)
        low, high = rows_of(ay, by, frame, rows)
        for row in range(low, high + 1):
            left, right = columns_of(ax, ay, bx, by, row, frame, columns)
            for column in range(left, right + 1):
                owner[row, column] += 1


@njit(cache=True, nogil=True)
def _point(owner):  # type: ignore[no-untyped-def]
    """Where each cell's edges start; ``owner``, which counted them, then points to them."""
    flat = owner.ravel()
    starts = np.zeros((flat > 0).sum() + 1, np.int64)
    k = 0
    for c in range(len(flat)):
        if flat[c] > 0:
            starts[k + 1] = starts[k] + flat[c]
            flat[c] = -2 - k
            k += 1
    return starts


@njit(cache=True, nogil=True)
def _fill(first, coords, sides, frame, owner, starts, cell_edges, cell_sides):  # type: ignore[no-untyped-def]
    rows, columns = owner.shape
    used = np.zeros(len(starts) - 1, np.int32)
    for e in range(len(first)):
        ax, ay, bx, by, _ = edge_of(first[e], coords)
        low, high = rows_of(ay, by, frame, rows)
        for row in range(low, high + 1):
            left, right = columns_of(ax, ay, bx, by, row, frame, columns)
            for column in range(left, right + 1):
                k = -2 - owner[row, column]
                at = starts[k] + used[k]
                used[k] += 1
                cell_edges[at, 0], cell_edges[at, 1], cell_edges[at, 2], cell_edges[at, 3] = ax, ay, bx, by
                cell_sides[at, 0], cell_sides[at, 1] = sides[e, 0], sides[e, 1]


@njit(cache=True, nogil=True)
def _own(frame, owner, starts, edges, sides):  # type: ignore[no-untyped-def]
    """Give the cells without edges to the grid that holds them, row by row from the west."""
    rows, columns = owner.shape
    for row in range(rows):
        y = frame[1] + (row + 0.5) / frame[3]
        holder = -1
        fresh = False
        for column in range(columns):
            if owner[row, column] <= -2:
                fresh = True
                continue
            if fresh:
                x = frame[0] + (column + 0.5) / frame[2]
                holder = westward(x, y, row, column - 1, False, frame, owner, starts, edges, sides)
                fresh = False
            owner[row, column] = holder
