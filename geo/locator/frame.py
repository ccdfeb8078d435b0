"""The frame of a raster over the grids: how many cells it has, and which of them an edge comes near."""

import numpy as np
from numba import njit

MOST_CELLS = 1 << 24
LEAST_CELLS = 1 << 12
MARGIN = 1e-5  # of a cell: more than rounding can move a point from one cell to the next


def size(
    length: float, width: float, height: float, fineness: float, most: float = MOST_CELLS
) -> tuple[int, int]:
    """Columns and rows of a raster of this width and height in degrees, within limits.

    ``fineness``: cells for every cell that an edge crosses; ``length`` is what :func:`crossed` says of them.
    """
    side = np.clip(fineness * length, np.sqrt(min(LEAST_CELLS, most)), np.sqrt(most))
    stretch = np.sqrt(np.clip(width / height, 1 / 64, 64))
    return max(1, int(side * stretch)), max(1, int(side / stretch))


@njit(cache=True, nogil=True)
def crossed(coords, starts, width, height):  # type: ignore[no-untyped-def]
    """How far the edges of rings go east or west and north or south, as shares of the extent, in all."""
    total = 0.0
    for r in range(len(starts) - 1):
        for i in range(starts[r], starts[r + 1] - 1):
            total += (
                abs(coords[i + 1, 0] - coords[i, 0]) / width + abs(coords[i + 1, 1] - coords[i, 1]) / height
            )
    return total


@njit(cache=True, nogil=True, inline="always")
def rows_of(low, high, frame, rows):  # type: ignore[no-untyped-def]
    """The first and last row that latitudes from ``low`` to ``high`` come near."""
    first = int(np.floor((low - frame[1]) * frame[3] - MARGIN))
    last = int(np.floor((high - frame[1]) * frame[3] + MARGIN))
    return max(0, min(first, rows - 1)), max(0, min(last, rows - 1))


@njit(cache=True, nogil=True, inline="always")
def columns_of(ax, ay, bx, by, row, frame, columns):  # type: ignore[no-untyped-def]
    """The first and last column that an edge, its lower end first, comes near in this row."""
    ax, ay = (ax - frame[0]) * frame[2], (ay - frame[1]) * frame[3]
    bx, by = (bx - frame[0]) * frame[2], (by - frame[1]) * frame[3]
    low, high = min(ax, bx), max(ax, bx)
    left, right = low, high
    if by - ay > 2 * MARGIN:  # the part of the edge within this row, a little more
        slope = (bx - ax) / (by - ay)
        p = ax + (max(ay, row - MARGIN) - ay) * slope
        q = ax + (min(by, row + 1 + MARGIN) - ay) * slope
        left, right = max(low, min(p, q)), min(high, max(p, q))
    first = int(np.floor(left - MARGIN))
    last = int(np.floor(right + MARGIN))
    return max(0, min(first, columns - 1)), max(0, min(last, columns - 1))
