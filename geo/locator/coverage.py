"""Whether edges with a grid on either side are a coverage: no two cross, and the sides fit together.

Three things are looked at, all exactly, cell by cell:

1. No two edges meet anywhere but at an end that both have.
2. Around each vertex, what lies left of an edge lies right of the next one to the left.
3. At each vertex whose edges all go east, what lies west of it is what a ray to the west meets first.

They are enough. Because of 1 the edges divide the plane into faces; because of 2 the whole of one connected
piece of a face's border tells the same about the face. Each such piece but the outermost belongs to edges
whose westernmost vertex is of the third kind and lies in the face, so it agrees with a piece further west,
and that in the end with the outermost, or with nothing where the face has no end. So each face is in one grid
at most, and a step over an edge of a grid goes into it or out of it, which is what even–odd counting says.
"""

from numba import njit

from geo.locator.exact import orientation
from geo.locator.westward import westward


@njit(cache=True, nogil=True)
def consistent(frame, owner, starts, edges, sides):  # type: ignore[no-untyped-def]
    """Whether the edges listed in the cells (see ``matched``) are those of a coverage."""
    rows, columns = owner.shape
    for row in range(rows):
        for column in range(columns):
            if owner[row, column] > -2:
                continue
            k = -2 - owner[row, column]
            for e in range(starts[k], starts[k + 1]):
                for f in range(e + 1, starts[k + 1]):
                    if _cross(e, f, edges):
                        return False
            for e in range(starts[k], starts[k + 1]):
                for end in range(2):
                    x, y = edges[e, 2 * end], edges[e, 2 * end + 1]
                    if min(int((x - frame[0]) * frame[2]), columns - 1) != column:
                        continue
                    if min(int((y - frame[1]) * frame[3]), rows - 1) != row:
                        continue
                    following, far, turns = _next(e, end, k, starts, edges)
                    if sides[e, end] != sides[following, 1 - far]:
                        return False
                    if turns or not _eastward(e, end, edges) or not _eastward(following, far, edges):
                        continue
                    found = westward(x, y, row, column, True, frame, owner, starts, edges, sides)
                    if found != sides[e, end]:
                        return False
    return True


@njit(cache=True, nogil=True)
def _cross(e, f, edges):  # type: ignore[no-untyped-def]
    """Whether two edges meet anywhere but at one end that both have."""
    ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
    cx, cy, dx, dy = edges[f, 0], edges[f, 1], edges[f, 2], edges[f, 3]
    if ay > dy or cy > by or max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx):
        return False
    if (ax == cx and ay == cy) or (bx == dx and by == dy):  # they go the same way from where they meet
        return orientation(ax, ay, bx, by, cx, cy) == 0 and orientation(ax, ay, bx, by, dx, dy) == 0
    if (ax == dx and ay == dy) or (bx == cx and by == cy):
        return False  # one ends, in the order of latitude, where the other begins
    if orientation(ax, ay, bx, by, cx, cy) * orientation(ax, ay, bx, by, dx, dy) > 0:
        return False
    return orientation(cx, cy, dx, dy, ax, ay) * orientation(cx, cy, dx, dy, bx, by) <= 0


@njit(cache=True, nogil=True)
def _eastward(e, end, edges):  # type: ignore[no-untyped-def]
    """Whether the edge goes east from this end of it, or straight north."""
    x, other = edges[e, 2 * end], edges[e, 2 - 2 * end]
    return other > x or (other == x and end == 0)


@njit(cache=True, nogil=True)
def _next(e, end, k, starts, edges):  # type: ignore[no-untyped-def]
    """Around this end of edge e: the next edge to the left, which end of it is there, and whether it is
    within half a turn (itself is a whole one).
    """
    x, y = edges[e, 2 * end], edges[e, 2 * end + 1]
    ex, ey = edges[e, 2 - 2 * end], edges[e, 3 - 2 * end]
    best, best_end, best_half = e, end, 3
    bx, by = ex, ey
    for f in range(starts[k], starts[k + 1]):
        if f == e:
            continue
        far = 0 if edges[f, 0] == x and edges[f, 1] == y else 1
        if edges[f, 2 * far] != x or edges[f, 2 * far + 1] != y:
            continue
        fx, fy = edges[f, 2 - 2 * far], edges[f, 3 - 2 * far]
        turn = orientation(x, y, ex, ey, fx, fy)
        half = 1 - turn  # 0 to the left, 1 straight on, 2 to the right
        if half > best_half:
            continue
        if half == best_half and orientation(x, y, fx, fy, bx, by) < 0:
            continue
        best, best_end, best_half, bx, by = f, far, half, fx, fy
    return best, best_end, best_half == 0
