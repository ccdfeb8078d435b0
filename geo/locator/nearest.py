"""The nearest grid of a point outside all of them, by geodesic metres.

The outline of the grids (edges that no two share) is cut into short pieces. Their middles, as points in
three-dimensional space, are in a k-d tree, where nothing is distorted by latitude or distance; the pieces
near enough to be the nearest are then measured: the place on the piece by the straight distance through the
Earth, which grows with the geodesic one, and the metres between the two by Karney's algorithm.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.spatial import cKDTree

from geo.geodesy import distance_m

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_PIECE_M = 100.0
_MOST_PIECES = 2_000_000
_FAR_M = 100_000.0  # beyond this 0.1 % is asked, and half a piece is less
_A, _F = 6378137.0, 1 / 298.257223563
_ES = _F * (2 - _F)
_EQUAL_M = 1e-6


@dataclass(frozen=True)
class Nearest:
    """Pieces (p,4) of the outline, the rank of the grid of each, its ends in space (p,2,3), and their
    tree.
    """

    pieces: Floats
    rank: Ints
    by_rank: Ints
    space: Floats
    reach: float  # half the longest piece, metres
    tree: Any

    @staticmethod
    def build(ends: Floats, grid_at: Ints, rank: Ints) -> "Nearest":
        """From edges (e,4), those of grid i at ``grid_at[i]:grid_at[i + 1]``, and the rank of each
        grid's code.
        """
        owner = np.repeat(np.arange(len(grid_at) - 1), np.diff(grid_at))
        outline = _unshared(ends)
        ends, owner = ends[outline], owner[outline]
        span = np.linalg.norm(_in_space(ends[:, 0], ends[:, 1]) - _in_space(ends[:, 2], ends[:, 3]), axis=1)
        longest = max(_PIECE_M, float(span.sum()) / _MOST_PIECES)
        count = np.maximum(1, np.ceil(span / longest)).astype(np.int64)
        of = np.repeat(np.arange(len(ends)), count)
        step = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
        n = count[of]
        a, d = ends[of, :2], ends[of, 2:] - ends[of, :2]
        pieces = np.hstack([a + (step / n)[:, None] * d, a + ((step + 1) / n)[:, None] * d])
        space = np.stack(
            [_in_space(pieces[:, 0], pieces[:, 1]), _in_space(pieces[:, 2], pieces[:, 3])], axis=1
        )
        reach = float(np.linalg.norm(space[:, 1] - space[:, 0], axis=1).max()) / 2
        tree = cKDTree(space.mean(axis=1))
        return Nearest(pieces, rank[owner][of], np.argsort(rank), space, reach, tree)

    def query(self, lng: Floats, lat: Floats) -> tuple[npt.NDArray[np.int32], Floats]:
        """For points (m,) outside every grid: the row of the nearest grid and the metres to it."""
        here = _in_space(lng, lat)
        row, metres = np.full(len(lng), -1, np.int32), np.full(len(lng), np.nan)
        todo = np.arange(len(lng))
        k = 16
        while len(todo):
            k = min(k, len(self.pieces))
            middle, at = self.tree.query(here[todo], k=k)
            middle, at = middle.reshape(-1, k), at.reshape(-1, k)
            chosen, d, straight = self._measure(lng[todo], lat[todo], here[todo], at)
            # Any piece not looked at has its middle farther off than the last, and itself at most half a
            # piece less.
            done = (middle[:, -1] > straight + self.reach) | (straight > _FAR_M) | (k == len(self.pieces))
            row[todo[done]], metres[todo[done]] = self.by_rank[chosen[done]], d[done]
            todo, k = todo[~done], k * 2
        return row, metres

    def _measure(self, lng: Floats, lat: Floats, here: Floats, at: Ints) -> tuple[Ints, Floats, Floats]:
        """Of the pieces ``at`` (m,k): the rank of the nearest's grid, geodesic metres, and metres
        straight through.
        """
        pick, place, least = _closest(np.ascontiguousarray(here), at, self.space, self.rank)
        chosen = at[np.arange(len(at)), pick]
        piece = self.pieces[chosen]
        foot = piece[:, :2] + place[:, None] * (piece[:, 2:] - piece[:, :2])
        return self.rank[chosen], distance_m(lng, lat, foot[:, 0], foot[:, 1]), least


@njit(cache=True, nogil=True)
def _closest(here, at, space, ranks):  # type: ignore[no-untyped-def]
    """Of the pieces ``at`` (m,k): which of the k is nearest through the Earth (of those equally near the
    lowest rank), how far along it the nearest place is (0 to 1), and the metres to there.
    """
    m, k = at.shape
    pick, place, least = np.empty(m, np.int64), np.empty(m), np.empty(m)
    along, off = np.empty(k), np.empty(k)
    for i in range(m):
        least[i] = np.inf
        for j in range(k):
            a, b = space[at[i, j], 0], space[at[i, j], 1]
            size = dot = 0.0
            for x in range(3):
                step = b[x] - a[x]
                size += step * step
                dot += (here[i, x] - a[x]) * step
            along[j] = min(max(dot / size, 0.0), 1.0) if size > 0.0 else 0.0
            far = 0.0
            for x in range(3):
                miss = here[i, x] - (a[x] + along[j] * (b[x] - a[x]))
                far += miss * miss
            off[j] = np.sqrt(far)
            least[i] = min(least[i], off[j])
        chosen = -1
        for j in range(k):
            near = off[j] <= least[i] + _EQUAL_M
            if near and (chosen < 0 or ranks[at[i, j]] < ranks[at[i, chosen]]):
                chosen = j
        pick[i], place[i] = chosen, along[chosen]
    return pick, place, least


def _in_space(lng: Floats, lat: Floats) -> Floats:
    """Points (m,3) on the ellipsoid, metres from the Earth's centre."""
    x, y = np.radians(lng), np.radians(lat)
    n = _A / np.sqrt(1 - _ES * np.sin(y) ** 2)
    return np.column_stack([n * np.cos(y) * np.cos(x), n * np.cos(y) * np.sin(x), n * (1 - _ES) * np.sin(y)])


def _unshared(ends: Floats) -> Ints:
    """Edges that occur once, in either direction; all of them where that leaves none."""
    key = _hashes(np.ascontiguousarray(ends).view(np.uint64).reshape(-1, 4))
    _, first, count = np.unique(key, return_index=True, return_counts=True)
    once = first[count == 1]
    return np.sort(once if len(once) else first).astype(np.int64)


@njit(cache=True, nogil=True)
def _hashes(bits):  # type: ignore[no-untyped-def]
    """One number for an edge, the same for both directions (splitmix64)."""
    out = np.empty(len(bits), np.uint64)
    for i in range(len(bits)):
        total = np.uint64(0)
        for k in range(2):
            z = bits[i, 2 * k] * np.uint64(0x9E3779B97F4A7C15) + bits[i, 2 * k + 1]
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            total += z ^ (z >> np.uint64(31))
        out[i] = total
    return out
