"""The quick road for an edge-matched coverage: a raster, and in each cell that borders cross its few edges.

``owner`` of a cell is the row of the grid that holds it whole, -1 where there is none, else -2 - k: borders
come near, and the cell's edges are ``edges[starts[k]:starts[k + 1]]``. A point there belongs to the grid on
the east side of the edge that a ray to the west meets first, in its own cell or in those west of it; where
the ray enters a cell without edges it belongs to that cell's owner. Every test is exact (see ``exact``). An
edge that two grids share is kept once, with the grid on either side.

Right only where no grids overlap and neighbours share their vertices, which :func:`build` makes sure of.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from numba import njit

from geo.locator.exact import orientation
from geo.locator.frame import MARGIN, columns_of, rows_of, size

_CELLS_PER_BORDER_CELL = 20
_CLOSE = 1e-11  # degrees: more than rounding can move the place where an edge meets a ray


@dataclass(frozen=True)
class Matched:
    """``frame``: west, south, cells per degree of longitude, of latitude; ``extent`` west south east north.

    ``edges`` (k,4) ax ay bx by with a below b; ``sides`` (k,2) the grids west and east of each (north and
    south of one that is level), -1 for none; ``rank`` (n,) orders grids by code.
    """

    extent: npt.NDArray[np.float64]
    frame: npt.NDArray[np.float64]
    owner: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    edges: npt.NDArray[np.float64]
    sides: npt.NDArray[np.int32]
    rank: npt.NDArray[np.int64]

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
        _locate(
            lng, lat, self.extent, self.frame, self.owner, self.starts, self.edges, self.sides, self.rank,
            index, tie,
        )  # fmt: skip


def build(
    geoms: npt.NDArray[np.object_], rank: npt.NDArray[np.int64]
) -> tuple[Matched, npt.NDArray[np.float64], npt.NDArray[np.int32]] | None:
    """The index of polygons (n,), and the outline: edges (e,4) that belong to one grid alone, and which.

    None where the polygons are no edge-matched coverage, or not valid.
    """
    filled = ~(shapely.is_missing(geoms) | shapely.is_empty(geoms))
    if not filled.any() or not shapely.is_valid(geoms[filled]).all():
        return None
    if not shapely.coverage_is_valid(geoms[filled]):
        return None
    ends, grid = _directed(shapely.orient_polygons(geoms[filled]), np.flatnonzero(filled).astype(np.int32))
    edges, sides = _shared(ends, grid)
    if len(edges) == 0:
        return None
    west, east = edges[:, [0, 2]].min(), edges[:, [0, 2]].max()
    extent = np.array([west, edges[:, 1].min(), east, edges[:, 3].max()])
    width, height = max(extent[2] - extent[0], 1e-9), max(extent[3] - extent[1], 1e-9)
    columns, rows = size(edges, width, height, _CELLS_PER_BORDER_CELL)
    frame = np.array([extent[0], extent[1], columns / width, rows / height])
    owner = np.zeros((rows, columns), np.int32)
    _count(edges, frame, owner)
    listed = np.flatnonzero(owner)
    starts = np.concatenate([[0], np.cumsum(owner.ravel()[listed])]).astype(np.int64)
    owner[:] = 0
    owner.ravel()[listed] = -2 - np.arange(len(listed), dtype=np.int32)
    cell_edges, cell_sides = np.empty((int(starts[-1]), 4)), np.empty((int(starts[-1]), 2), np.int32)
    _fill(edges, sides, frame, owner, starts, cell_edges, cell_sides)
    _own(frame, owner, starts, cell_edges, cell_sides)
    alone = np.flatnonzero(sides.min(axis=1) < 0)
    index = Matched(extent, frame, owner, starts, cell_edges, cell_sides, rank)
    return index, edges[alone], sides[alone].max(axis=1)


def _directed(
    polygons: npt.NDArray[np.object_], number: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Edges (e,4) with the polygon on their left, and its number."""
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    inner = np.flatnonzero(ring[1:] == ring[:-1])
    return np.hstack([coords[inner], coords[inner + 1]]), number[owner[part[ring[inner]]]]


@njit(cache=True, nogil=True)
def _shared(ends, grid):  # type: ignore[no-untyped-def]
    """Each edge once, its lower end first, and the grids on its sides. Edges without length are left out."""
    size = 1 << 16
    while size < 2 * len(ends):
        size *= 2
    table = np.full(size, -1, np.int32)
    edges = np.empty((len(ends), 4))
    sides = np.full((len(ends), 2), -1, np.int32)
    used = 0
    for e in range(len(ends)):
        ax, ay, bx, by = ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3]
        if ax == bx and ay == by:
            continue
        side = 0  # going up, the polygon on the left is west of the edge
        if ay > by or (ay == by and ax > bx):
            ax, ay, bx, by = bx, by, ax, ay
            side = 1
        slot = hash((ax, ay, bx, by)) & (size - 1)
        while True:
            known = table[slot]
            if known < 0:
                known = used
                table[slot] = used
                edges[used, 0], edges[used, 1], edges[used, 2], edges[used, 3] = ax, ay, bx, by
                used += 1
                break
            same = edges[known, 0] == ax and edges[known, 1] == ay
            if same and edges[known, 2] == bx and edges[known, 3] == by:
                break
            slot = (slot + 1) & (size - 1)
        sides[known, side] = grid[e]
    return edges[:used].copy(), sides[:used].copy()


@njit(cache=True, nogil=True)
def _count(edges, frame, owner):  # type: ignore[no-untyped-def]
    rows, columns = owner.shape
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        first, last = rows_of(ay, by, frame, rows)
        for row in range(first, last + 1):
            left, right = columns_of(ax, ay, bx, by, row, frame, columns)
            for column in range(left, right + 1):
                owner[row, column] += 1


@njit(cache=True, nogil=True)
def _fill(edges, sides, frame, owner, starts, cell_edges, cell_sides):  # type: ignore[no-untyped-def]
    rows, columns = owner.shape
    used = np.zeros(len(starts) - 1, np.int32)
    for e in range(len(edges)):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        first, last = rows_of(ay, by, frame, rows)
        for row in range(first, last + 1):
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
                holder = _westward(x, y, row, column - 1, frame, owner, starts, edges, sides)
                fresh = False
            owner[row, column] = holder


@njit(cache=True, nogil=True)
def _east_of(e, f, edges):  # type: ignore[no-untyped-def]
    """Whether edge e lies east of edge f at the heights they share; they do not cross."""
    eax, eay, ebx, eby = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
    fax, fay, fbx, fby = edges[f, 0], edges[f, 1], edges[f, 2], edges[f, 3]
    if eay < fay:
        turn = orientation(eax, eay, ebx, eby, fax, fay)
    else:
        turn = -orientation(fax, fay, fbx, fby, eax, eay)
    if turn == 0:  # they begin at one vertex: look at the other end
        if fby <= eby:
            turn = orientation(eax, eay, ebx, eby, fbx, fby)
        else:
            turn = -orientation(fax, fay, fbx, fby, ebx, eby)
    return turn > 0


@njit(cache=True, nogil=True, inline="always")
def _look(x, y, k, best, best_x, starts, edges):  # type: ignore[no-untyped-def]
    """What a ray from the point to the west meets first, of the cell's edges and ``best``: which edge, at
    which longitude; and whether the point is on an edge (then nothing else counts).
    """
    for e in range(starts[k], starts[k + 1]):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if not (ay <= y <= by) or (x < ax and x < bx):
            continue
        if not (x > ax and x > bx):
            turn = orientation(ax, ay, bx, by, x, y)
            if turn == 0:
                return best, best_x, True
            if turn > 0:
                continue
        if y == by:  # of two edges that meet at a vertex, one above the other, the ray meets one
            continue
        at = ax + (y - ay) * ((bx - ax) / (by - ay))
        if best < 0 or at > best_x + _CLOSE or (at > best_x - _CLOSE and _east_of(e, best, edges)):
            best, best_x = e, at
    return best, best_x, False


@njit(cache=True, nogil=True)
def _westward(x, y, row, column, frame, owner, starts, edges, sides):  # type: ignore[no-untyped-def]
    """The grid that the point is in, -1 for none, looking west from ``column`` on; -2: it is on an edge."""
    best, best_x = -1, -np.inf
    while column >= 0:
        found = owner[row, column]
        if found >= -1:
            return found
        best, best_x, on = _look(x, y, -2 - found, best, best_x, starts, edges)
        if on:
            return -2
        # An edge that is met further west may come after one that does not come near this cell.
        if best >= 0 and (best_x - frame[0]) * frame[2] >= column + MARGIN:
            break
        column -= 1
    return sides[best, 1] if best >= 0 else -1


@njit(cache=True, nogil=True)
def _on_border(x, y, k, starts, edges, sides, rank):  # type: ignore[no-untyped-def]
    """For a point on an edge of the cell: the grid of lowest code there, and whether several meet."""
    lowest = -1
    several = False
    for e in range(starts[k], starts[k + 1]):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if not (ay <= y <= by) or (x < ax and x < bx) or (x > ax and x > bx):
            continue
        if orientation(ax, ay, bx, by, x, y) != 0:
            continue
        for s in range(2):
            g = sides[e, s]
            if g < 0 or g == lowest:
                continue
            if lowest >= 0:
                several = True
            if lowest < 0 or rank[g] < rank[lowest]:
                lowest = g
    return lowest, several


@njit(cache=True, nogil=True)
def _locate(lng, lat, extent, frame, owner, starts, edges, sides, rank, index, tie):  # type: ignore[no-untyped-def]
    rows, columns = owner.shape
    for i in range(len(lng)):
        x, y = lng[i], lat[i]
        index[i] = -1
        tie[i] = False
        if not (extent[0] <= x <= extent[2] and extent[1] <= y <= extent[3]):  # NaN fails too
            continue
        column = min(int((x - frame[0]) * frame[2]), columns - 1)
        row = min(int((y - frame[1]) * frame[3]), rows - 1)
        found = owner[row, column]
        if found >= -1:
            index[i] = found
            continue
        index[i] = _westward(x, y, row, column, frame, owner, starts, edges, sides)
        if index[i] == -2:
            index[i], tie[i] = _on_border(x, y, -2 - found, starts, edges, sides, rank)
