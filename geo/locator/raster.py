"""A raster over the extent that answers most points by one look.

``owner`` of a cell is the row of the one grid that covers it whole, -1 where there is none, else -2 - k: the
cell's candidates are ``items[starts[k]:starts[k + 1]]``, lowest code first, each row * 2 + 1 if the grid
covers the cell whole and row * 2 if an edge of it comes near.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.locator import polygons as _polygons
from geo.locator.frame import MOST_CELLS, columns_of, rows_of, size
from geo.locator.polygons import BOUNDARY, INSIDE, OUTSIDE, side

_CELLS_PER_BORDER_CELL = 5  # borders that two grids share are there twice


@dataclass(frozen=True)
class Raster:
    """``frame``: west, south, cells per degree of longitude, of latitude; ``extent`` west south east north;
    ``bounds`` and what follows are the ``Polygons`` themselves."""

    extent: npt.NDArray[np.float64]
    frame: npt.NDArray[np.float64]
    owner: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    items: npt.NDArray[np.int32]
    bounds: npt.NDArray[np.float64]
    slabs: npt.NDArray[np.int64]
    edges_at: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]

    def locate(
        self,
        lng: npt.NDArray[np.float64],
        lat: npt.NDArray[np.float64],
        index: npt.NDArray[np.int32],
        tie: npt.NDArray[np.bool_],
        ambiguous: npt.NDArray[np.bool_],
    ) -> None:
        """As ``geo.locator.Located`` has them, written into the arrays given."""
        locate(
            lng, lat, self.extent, self.frame, self.owner, self.starts, self.items, self.bounds, self.slabs,
            self.edges_at, self.edges, index, tie, ambiguous,
        )  # fmt: skip


def build(
    ends: npt.NDArray[np.float64],
    grid_at: npt.NDArray[np.int64],
    rank: npt.NDArray[np.int64],
) -> Raster:
    """A raster whose number of cells follows the length of the borders. Edges (e,4), those of grid i at
    ``grid_at[i]:grid_at[i + 1]``; ``rank`` (n,) orders grids by code.
    """
    polygons = _polygons.build(ends, grid_at)
    bounds = polygons.bounds[~np.isnan(polygons.bounds[:, 0])]
    if not len(bounds):
        empty = np.zeros(0, np.int32)
        nothing = np.array([1.0, 1.0, 0.0, 0.0])
        frame, owner = np.array([0.0, 0.0, 1.0, 1.0]), np.full((1, 1), -1, np.int32)
        return Raster(nothing, frame, owner, np.zeros(1, np.int64), empty, **vars(polygons))
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    width, height = max(east - west, 1e-9), max(north - south, 1e-9)
    # Where grids lie over one another in heaps, every one of them is listed in every cell: have fewer cells.
    heaps = float(((bounds[:, 2] - bounds[:, 0]) * (bounds[:, 3] - bounds[:, 1])).sum()) / (width * height)
    columns, rows = size(ends, width, height, _CELLS_PER_BORDER_CELL, MOST_CELLS / max(1.0, heaps / 4))
    frame = np.array([west, south, columns / width, rows / height])
    owner = np.full((rows, columns), -1, np.int32)
    cells, items = _scan(
        ends, grid_at, polygons.bounds, polygons.slabs, polygons.edges_at, polygons.edges, frame, owner
    )
    order = np.lexsort((rank[items >> 1], cells))
    cells, items = cells[order], items[order]
    first = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]]) if len(cells) else np.zeros(0, np.int64)
    listed = cells[first]
    whole = owner.ravel()[listed]  # a grid that covers the cell whole was noted there, not among the items
    again = np.flatnonzero(whole >= 0)
    if len(again):
        cells = np.concatenate([cells, listed[again]])
        items = np.concatenate([items, whole[again].astype(np.int64) * 2 + 1])
        order = np.lexsort((rank[items >> 1], cells))
        cells, items = cells[order], items[order]
        first = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]])
    owner.ravel()[listed] = -2 - np.arange(len(listed), dtype=np.int32)
    starts = np.r_[first, len(cells)].astype(np.int64)
    extent = np.array([west, south, east, north])
    return Raster(extent, frame, owner, starts, items.astype(np.int32), **vars(polygons))


@njit(cache=True, nogil=True)
def _scan(ends, grid_at, bounds, slabs, edges_at, edges, frame, owner):  # type: ignore[no-untyped-def]
    """Notes every grid's cells: those its edges come near and those it covers whole. Returns (cells,
    items) listed.
    """
    rows, columns = owner.shape
    flat = owner.ravel()
    seen = np.full(rows * columns, -1, np.int32)
    capacity = 1 << 16
    cells = np.empty(capacity, np.int64)
    items = np.empty(capacity, np.int64)
    used = 0
    for g in range(len(grid_at) - 1):
        if grid_at[g] == grid_at[g + 1]:
            continue
        for e in range(grid_at[g], grid_at[g + 1]):
            ax, ay, bx, by = ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3]
            if ay > by:
                ax, ay, bx, by = bx, by, ax, ay
            first, last = rows_of(ay, by, frame, rows)
            for row in range(first, last + 1):
                from_column, to_column = columns_of(ax, ay, bx, by, row, frame, columns)
                for column in range(from_column, to_column + 1):
                    c = row * columns + column
                    if seen[c] != g:
                        seen[c] = g
                        if used == capacity:
                            capacity *= 2
                            more_cells, more_items = (
                                np.empty(capacity, np.int64),
                                np.empty(capacity, np.int64),
                            )
                            more_cells[:used], more_items[:used] = cells[:used], items[:used]
                            cells, items = more_cells, more_items
                        cells[used], items[used] = c, g * 2
                        used += 1
        # Between cells that edges come near a row's cells are all inside or all outside: one test for each
        # run.
        first = max(0, int((bounds[g, 1] - frame[1]) * frame[3]))
        last = min(rows - 1, int((bounds[g, 3] - frame[1]) * frame[3]))
        from_column = max(0, int((bounds[g, 0] - frame[0]) * frame[2]))
        to_column = min(columns - 1, int((bounds[g, 2] - frame[0]) * frame[2]))
        for row in range(first, last + 1):
            y = frame[1] + (row + 0.5) / frame[3]
            known = OUTSIDE
            tested = False
            for column in range(from_column, to_column + 1):
                c = row * columns + column
                if seen[c] == g:
                    tested = False
                    continue
                if not tested:
                    x = frame[0] + (column + 0.5) / frame[2]
                    known = side(x, y, g, bounds, slabs, edges_at, edges)
                    tested = True
                if known != INSIDE:
                    continue
                if flat[c] == -1:
                    flat[c] = g
                else:
                    if used == capacity:
                        capacity *= 2
                        more_cells, more_items = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
                        more_cells[:used], more_items[:used] = cells[:used], items[:used]
                        cells, items = more_cells, more_items
                    cells[used], items[used] = c, g * 2 + 1
                    used += 1
    return cells[:used].copy(), items[:used].copy()


@njit(cache=True, nogil=True)
def locate(  # type: ignore[no-untyped-def]
    lng, lat, extent, frame, owner, starts, items, bounds, slabs, edges_at, edges, index, tie, ambiguous
):
    """For each point the row of the grid of lowest code that covers it, or -1, and the two flags."""
    rows, columns = owner.shape
    west, south, per_x, per_y = frame[0], frame[1], frame[2], frame[3]
    for i in range(len(lng)):
        x, y = lng[i], lat[i]
        index[i] = -1
        tie[i] = False
        ambiguous[i] = False
        if not (extent[0] <= x <= extent[2] and extent[1] <= y <= extent[3]):  # NaN fails too
            continue
        column = min(int((x - west) * per_x), columns - 1)
        row = min(int((y - south) * per_y), rows - 1)
        found = owner[row, column]
        if found >= -1:
            index[i] = found
            continue
        inside, on_edge = 0, 0
        for k in range(starts[-2 - found], starts[-1 - found]):
            g = items[k] >> 1
            where = INSIDE
            if items[k] & 1 == 0:
                where = side(x, y, g, bounds, slabs, edges_at, edges)
                if where == OUTSIDE:
                    continue
            if inside + on_edge == 0:
                index[i] = g
            if where == BOUNDARY:
                on_edge += 1
            else:
                inside += 1
        tie[i] = on_edge > 1
        ambiguous[i] = inside > 0 and inside + on_edge > 1
