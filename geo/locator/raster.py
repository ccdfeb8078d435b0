"""A raster over the extent that answers most points by one look, for grids of any kind.

``owner`` of a cell is the row of the one grid that covers it whole, -1 where there is none, else -2 - k: the
cell's candidates are ``items[starts[k]:starts[k + 1]]``, lowest code first, each row * 2 + 1 if the grid
covers the cell whole and row * 2 if an edge of it comes near.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.locator import polygons as _polygons
from geo.locator.frame import MOST_CELLS, columns_of, crossed, rows_of, size
from geo.locator.polygons import BOUNDARY, INSIDE, OUTSIDE, side
from geo.locator.rings import Rings

_CELLS_PER_BORDER_CELL = 5  # borders that two grids share are there twice


@dataclass(frozen=True)
class Raster:
    """``frame``: west, south, cells per degree of longitude, of latitude; ``extent`` west south east north;
    ``bounds`` up to ``coords`` are the ``Polygons`` themselves, ``coords`` and what follows the ``Rings``."""

    extent: npt.NDArray[np.float64]
    frame: npt.NDArray[np.float64]
    owner: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    items: npt.NDArray[np.int32]
    bounds: npt.NDArray[np.float64]
    slabs: npt.NDArray[np.int64]
    edges_at: npt.NDArray[np.int64]
    edges: npt.NDArray[np.int32]
    coords: npt.NDArray[np.float64]
    ring_starts: npt.NDArray[np.int64]
    hole: npt.NDArray[np.bool_]
    ring_at: npt.NDArray[np.int64]

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
            self.edges_at, self.edges, self.coords, index, tie, ambiguous,
        )  # fmt: skip

    def outline(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Every edge (e,4), and where each grid's begin."""
        return Rings(self.coords, self.ring_starts, self.hole, self.ring_at).edges()


def build(rings: Rings, rank: npt.NDArray[np.int64]) -> Raster:
    """A raster whose number of cells follows the length of the borders; ``rank`` (n,) orders grids by
    code.
    """
    polygons = _polygons.build(rings)
    own = {**vars(polygons), "ring_starts": rings.starts, "hole": rings.hole, "ring_at": rings.ring_at}
    bounds = polygons.bounds[~np.isnan(polygons.bounds[:, 0])]
    if not len(bounds):
        nothing = np.array([1.0, 1.0, 0.0, 0.0])
        frame, owner = np.array([0.0, 0.0, 1.0, 1.0]), np.full((1, 1), -1, np.int32)
        return Raster(nothing, frame, owner, np.zeros(1, np.int64), np.zeros(0, np.int32), **own)
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    width, height = max(east - west, 1e-9), max(north - south, 1e-9)
    # Where grids lie over one another in heaps, every one of them is listed in every cell: have fewer cells.
    heaps = float(((bounds[:, 2] - bounds[:, 0]) * (bounds[:, 3] - bounds[:, 1])).sum()) / (width * height)
    length = crossed(rings.coords, rings.starts, width, height)
    columns, rows = size(length, width, height, _CELLS_PER_BORDER_CELL, MOST_CELLS / max(1.0, heaps / 4))
    frame = np.array([west, south, columns / width, rows / height])
    owner = np.full((rows, columns), -1, np.int32)
    by_rank = np.argsort(rank).astype(np.int32)
    cells, found = _scan(
        rings.coords, rings.starts, rings.ring_at, by_rank, polygons.bounds, polygons.slabs,
        polygons.edges_at, polygons.edges, frame, owner,
    )  # fmt: skip
    starts, items = _list(cells, found, rank, owner)
    return Raster(np.array([west, south, east, north]), frame, owner, starts, items, **own)


@njit(cache=True, nogil=True, inline="always")
def _more(array):  # type: ignore[no-untyped-def]
    wider = np.empty(2 * len(array), np.int32)
    wider[: len(array)] = array
    return wider


@njit(cache=True, nogil=True)
def _scan(coords, starts, ring_at, by_rank, bounds, slabs, edges_at, edges, frame, owner):  # type: ignore[no-untyped-def]
    """Notes every grid's cells, in the order of codes: those its edges come near and those it covers whole.
    Returns (cells, items) listed; of the grids that cover a cell whole the first is in ``owner``.
    """
    rows, columns = owner.shape
    flat = owner.ravel()
    seen = np.full(rows * columns, -1, np.int32)
    cells = np.empty(1 << 16, np.int32)
    items = np.empty(1 << 16, np.int32)
    used = 0
    for g in by_rank:
        if ring_at[g] == ring_at[g + 1]:
            continue
        for r in range(ring_at[g], ring_at[g + 1]):
            for i in range(starts[r], starts[r + 1] - 1):
                ax, ay, bx, by = coords[i, 0], coords[i, 1], coords[i + 1, 0], coords[i + 1, 1]
                if ay > by:
                    ax, ay, bx, by = bx, by, ax, ay
                first, last = rows_of(ay, by, frame, rows)
                for row in range(first, last + 1):
                    from_column, to_column = columns_of(ax, ay, bx, by, row, frame, columns)
                    for c in range(row * columns + from_column, row * columns + to_column + 1):
                        if seen[c] == g:
                            continue
                        seen[c] = g
                        if used == len(cells):
                            cells, items = _more(cells), _more(items)
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
                    known = side(x, y, g, bounds, slabs, edges_at, edges, coords)
                    tested = True
                if known != INSIDE:
                    continue
                if flat[c] == -1:
                    flat[c] = g
                    continue
                if used == len(cells):
                    cells, items = _more(cells), _more(items)
                cells[used], items[used] = c, g * 2 + 1
                used += 1
    return cells[:used].copy(), items[:used].copy()


@njit(cache=True, nogil=True)
def _list(cells, found, rank, owner):  # type: ignore[no-untyped-def]
    """``starts`` and ``items`` of the cells that list grids, lowest code first; ``owner`` then points to
    them.
    """
    flat = owner.ravel()
    count = np.zeros(len(flat), np.int32)
    for c in cells:
        count[c] += 1
    listed, total = 0, 0
    for c in range(len(flat)):
        if count[c] > 0:
            listed += 1
            total += count[c] + (1 if flat[c] >= 0 else 0)
    starts = np.empty(listed + 1, np.int64)
    items = np.empty(total, np.int32)
    k, at = 0, 0
    for c in range(len(flat)):
        if count[c] == 0:
            continue
        starts[k] = at
        size = count[c]
        count[c] = 0  # from here on: how many are in their place
        if flat[c] >= 0:
            items[at] = flat[c] * 2 + 1
            count[c] = 1
            size += 1
        flat[c] = -2 - k
        at += size
        k += 1
    starts[listed] = at
    for i in range(len(cells)):
        c = cells[i]
        start = starts[-2 - flat[c]]
        at = start + count[c]
        count[c] += 1
        # Grids come in the order of codes, but for the one that was in ``owner``.
        while at > start and rank[items[at - 1] >> 1] > rank[found[i] >> 1]:
            items[at] = items[at - 1]
            at -= 1
        items[at] = found[i]
    return starts, items


@njit(cache=True, nogil=True)
def locate(  # type: ignore[no-untyped-def]
    lng,
    lat,
    extent,
    frame,
    owner,
    starts,
    items,
    bounds,
    slabs,
    edges_at,
    edges,
    coords,
    index,
    tie,
    ambiguous,
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
                where = side(x, y, g, bounds, slabs, edges_at, edges, coords)
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
