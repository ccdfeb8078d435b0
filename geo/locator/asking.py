"""The question to an edge-matched coverage (see ``matched``), a block of points at a time.

Of a block first the cells are looked up, then what they say, then the edges of the cells that borders cross,
and only then is any point decided: the memory, which is what a point waits for, answers many at once.

A point near borders has the face of its cell's first edge to the west, or else of the first to the east, if
that edge is met within the cell: all edges there are listed. If none is met on one side, and the next cell on
that side is whole in one grid, then that is the point's too. Else a ray looks further west (``westward``).
"""

import numpy as np
from numba import njit

from geo.locator.exact import orientation
from geo.locator.frame import MARGIN
from geo.locator.westward import CLOSE, east_of, westward

_BLOCK = 1024  # points
_ON_EDGE, _UNKNOWN = -2, -3


@njit(cache=True, nogil=True, error_model="numpy")
def locate(lng, lat, extent, frame, owner, starts, edges, sides, rank, index, tie):  # type: ignore[no-untyped-def]
    """The grid of lowest code that covers each point, -1 for none, and whether it lies on a border of two."""
    rows, columns = owner.shape
    flat = owner.ravel()
    west, south, per_x, per_y = frame[0], frame[1], frame[2], frame[3]
    least_x, least_y, most_x, most_y = extent[0], extent[1], extent[2], extent[3]
    cell = np.empty(_BLOCK, np.int32)
    near = np.empty(_BLOCK, np.int32)
    touched = 0.0
    for block in range(0, len(lng), _BLOCK):
        many = min(_BLOCK, len(lng) - block)
        for j in range(many):
            x, y = lng[block + j], lat[block + j]
            cell[j] = -1
            if (least_x <= x) & (x <= most_x) & (least_y <= y) & (y <= most_y):  # NaN fails too
                column = min(int((x - west) * per_x), columns - 1)
                cell[j] = min(int((y - south) * per_y), rows - 1) * columns + column
        for j in range(many):
            index[block + j] = flat[max(cell[j], 0)] if cell[j] >= 0 else -1
        count = 0
        for j in range(many):
            tie[block + j] = False
            near[count] = j
            count += int(index[block + j] <= -2)
        for n in range(count):
            first = starts[-2 - index[block + near[n]]]
            touched += edges[first, 0] + edges[first, 3] + sides[first, 0]
        for n in range(count):
            i, c = block + near[n], np.int64(cell[near[n]])
            x, y = lng[i], lat[i]
            row = min(int((y - south) * per_y), rows - 1)
            column = c - row * columns
            k = -2 - index[i]
            found = _in_cell(x, y, k, column, frame, owner[row], starts, edges, sides)
            if found == _UNKNOWN:
                found = westward(x, y, row, column, False, frame, owner, starts, edges, sides)
            if found == _ON_EDGE:
                found, tie[i] = _on_border(x, y, k, starts, edges, sides, rank)
            index[i] = found
    return touched


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _in_cell(x, y, k, column, frame, owners, starts, edges, sides):  # type: ignore[no-untyped-def]
    """The grid that the point is in, -1 for none, by the edges of its cell and the cells (``owners``) beside
    it; _ON_EDGE, or _UNKNOWN where they do not tell.
    """
    left, left_x = -1, -np.inf
    right, right_x = -1, np.inf
    for e in range(starts[k], starts[k + 1]):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if not (ay <= y <= by):
            continue
        if x > ax and x > bx:
            turn = -1
        elif x < ax and x < bx:
            turn = 1
        else:
            turn = orientation(ax, ay, bx, by, x, y)
            if turn == 0:
                return _ON_EDGE
        if y == by:  # of two edges that meet at a vertex, one above the other, a ray meets one
            continue
        at = ax + (y - ay) * ((bx - ax) / (by - ay))
        if turn < 0:
            if left < 0 or at > left_x + CLOSE or (at > left_x - CLOSE and east_of(e, left, edges)):
                left, left_x = e, at
        elif right < 0 or at < right_x - CLOSE or (at < right_x + CLOSE and east_of(right, e, edges)):
            right, right_x = e, at
    # MARGIN: an edge so near to the next cell is listed there too, and may come after one that is not here.
    met_left = left >= 0 and (left_x - frame[0]) * frame[2] >= column + MARGIN
    if met_left:
        return sides[left, 1]
    met_right = right >= 0 and (right_x - frame[0]) * frame[2] <= column + 1 - MARGIN
    if met_right:
        return sides[right, 0]
    if column > 0 and owners[column - 1] >= -1:
        return owners[column - 1]
    if column + 1 < len(owners) and owners[column + 1] >= -1:
        return owners[column + 1]
    return _UNKNOWN


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
