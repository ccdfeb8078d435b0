"""What a ray to the west meets first, in the cells of a raster that list their edges (see ``matched``)."""

import numpy as np
from numba import njit

from geo.locator.exact import orientation
from geo.locator.frame import MARGIN

CLOSE = 1e-11  # degrees: more than rounding can move the place where an edge meets a ray


@njit(cache=True, nogil=True)
def east_of(e, f, edges):  # type: ignore[no-untyped-def]
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
def _look(x, y, k, best, best_x, past, starts, edges):  # type: ignore[no-untyped-def]
    """What a ray from the point to the west meets first, of the cell's edges and ``best``: which edge, at
    which longitude; and whether the point is on an edge (then nothing else counts, unless ``past``: the ray
    begins just west of the point).
    """
    for e in range(starts[k], starts[k + 1]):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if not (ay <= y <= by) or (x < ax and x < bx):
            continue
        if not (x > ax and x > bx):
            turn = orientation(ax, ay, bx, by, x, y)
            if turn == 0 and not past:
                return best, best_x, True
            if turn >= 0:
                continue
        if y == by:  # of two edges that meet at a vertex, one above the other, the ray meets one
            continue
        at = ax + (y - ay) * ((bx - ax) / (by - ay))
        if best < 0 or at > best_x + CLOSE or (at > best_x - CLOSE and east_of(e, best, edges)):
            best, best_x = e, at
    return best, best_x, False


@njit(cache=True, nogil=True)
def westward(x, y, row, column, past, frame, owner, starts, edges, sides):  # type: ignore[no-untyped-def]
    """The grid that the point is in, -1 for none, looking west from ``column`` on; -2: it is on an edge.
    With ``past`` the point is a vertex and what lies just west of it is meant.
    """
    best, best_x = -1, -np.inf
    while column >= 0:
        found = owner[row, column]
        if found >= -1:
            return found
        best, best_x, on = _look(x, y, -2 - found, best, best_x, past, starts, edges)
        if on:
            return -2
        # An edge that is met further west may come after one that does not come near this cell.
        if best >= 0 and (best_x - frame[0]) * frame[2] >= column + MARGIN:
            break
        column -= 1
    return sides[best, 1] if best >= 0 else -1
