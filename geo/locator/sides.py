"""Each edge of a set of rings once, and the grids on its two sides."""

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.locator.rings import Rings


def sides_of(rings: Rings) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]] | None:
    """Of every edge that has length, once: the first of its two points in ``coords`` (k,), and (k,2) the
    grids west and east of it (north and south of one that is level), -1 for none.

    None where two rings claim the same side of an edge, as where grids overlap. A ring is a shell or a hole
    of its polygon, and the grid lies inside the one and outside the other; where that is not so the sides do
    not fit together.
    """
    bits = rings.coords.view(np.uint64)
    ok, first, sides = _sides(rings.coords, bits, rings.starts, rings.hole, rings.ring_at)
    return (first, sides) if ok else None


@njit(cache=True, nogil=True, inline="always")
def edge_of(i, coords):  # type: ignore[no-untyped-def]
    """The edge that begins at point i: its lower (of a level one its western) end, its other end, and
    whether it goes there.
    """
    ax, ay, bx, by = coords[i, 0], coords[i, 1], coords[i + 1, 0], coords[i + 1, 1]
    if ay > by or (ay == by and ax > bx):
        return bx, by, ax, ay, False
    return ax, ay, bx, by, True


@njit(cache=True, nogil=True)
def _counterclockwise(start, end, coords):  # type: ignore[no-untyped-def]
    """Whether the ring turns to the left, by the sign of its area."""
    x, y = coords[start, 0], coords[start, 1]
    area = 0.0
    for i in range(start, end - 1):
        area += (coords[i, 0] - x) * (coords[i + 1, 1] - y) - (coords[i + 1, 0] - x) * (coords[i, 1] - y)
    return area > 0.0


@njit(cache=True, nogil=True, inline="always")
def _goes(i, coords, px, py, qx, qy):  # type: ignore[no-untyped-def]
    """Whether the edge that begins at point i goes from p to q."""
    begins = coords[i, 0] == px and coords[i, 1] == py
    return begins and coords[i + 1, 0] == qx and coords[i + 1, 1] == qy


@njit(cache=True, nogil=True, inline="always")
def _slot(i, bits, mask):  # type: ignore[no-untyped-def]
    """Where in the table an edge is looked for, the same in both directions: ends mixed, then summed."""
    total = np.uint64(0)
    for k in range(i, i + 2):
        z = bits[k, 0] * np.uint64(0x9E3779B97F4A7C15) + bits[k, 1]
        z = (z ^ (z >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
        total += z ^ (z >> np.uint64(29))
    return np.int64((total ^ (total >> np.uint64(32))) & mask)


@njit(cache=True, nogil=True)
def _sides(coords, bits, starts, hole, ring_at):  # type: ignore[no-untyped-def]
    size = 1 << 12
    while size < len(coords):  # an edge is there twice, mostly: half of the table is filled
        size *= 2
    mask = np.uint64(size - 1)
    table = np.full(size, -1, np.int32)
    number = np.full(len(coords), -1, np.int32)  # of the edge that begins at a point, where it is met first
    first = np.empty(len(coords), np.int32)
    sides = np.empty((len(coords), 2), np.int32)
    used = 0
    for g in range(len(ring_at) - 1):
        for r in range(ring_at[g], ring_at[g + 1]):
            left = _counterclockwise(starts[r], starts[r + 1], coords) != hole[r]
            guess = -1
            for i in range(starts[r], starts[r + 1] - 1):
                px, py, qx, qy = coords[i, 0], coords[i, 1], coords[i + 1, 0], coords[i + 1, 1]
                if px == qx and py == qy:
                    continue
                # Two neighbours go along their border in opposite directions: after one edge that both
                # have the next is the neighbour's edge before it.
                known = number[guess] if guess >= 0 else -1
                if known >= 0 and not _goes(guess, coords, qx, qy, px, py):
                    known = -1
                if known < 0:
                    slot = _slot(i, bits, mask)
                    while True:
                        known = table[slot]
                        if known < 0:
                            break
                        k = first[known]
                        if _goes(k, coords, qx, qy, px, py) or _goes(k, coords, px, py, qx, qy):
                            break
                        slot = (slot + 1) & (size - 1)
                    if known < 0:
                        if used == size - 1:  # the table is full, since hardly any edge is shared
                            return False, first[:0], sides[:0]
                        known = used
                        table[slot] = known
                        first[known], number[i] = i, known
                        sides[known, 0], sides[known, 1] = -1, -1
                        used += 1
                guess = first[known] - 1
                side = 0 if edge_of(i, coords)[4] == left else 1
                if sides[known, side] >= 0:
                    return False, first[:0], sides[:0]
                sides[known, side] = g
    return True, first[:used].copy(), sides[:used].copy()
