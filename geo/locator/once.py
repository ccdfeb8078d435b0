"""The road for points that are asked once: nothing is built but what those points need.

Boxes around the grids lie in buckets of a coarse raster. Of the grids whose box holds a point, and of no
others, edges are sorted into slabs (``polygons``), and the points are tested bucket by bucket, so that points
near one another meet edges that are still at hand. If later points need other grids, all are made ready.
"""

from collections.abc import Callable
from threading import Lock

import numpy as np
import numpy.typing as npt
from numba import njit

from geo.locator import polygons as _polygons
from geo.locator.polygons import BOUNDARY, OUTSIDE, Polygons, side
from geo.locator.rings import rings_of

_MOST_BUCKETS = 1 << 22
_MANY = 20  # points for each grid: then nearly every grid is needed
_OFTEN = 8  # points for each grid: from there on slabs are worth sorting its edges


class Once:
    """Grids (n,) with their boxes (n,4), NaN where they are empty, the box of all, the rank (n,) of their
    codes, and how many points will be asked in all. ``refuse`` raises for the first of the rows given that
    has a coordinate which is no number: a grid is read when a point is near it.
    """

    def __init__(
        self,
        geoms: npt.NDArray[np.object_],
        bounds: npt.NDArray[np.float64],
        extent: npt.NDArray[np.float64] | None,
        rank: npt.NDArray[np.int64],
        points: int,
        refuse: Callable[[npt.NDArray[np.int64]], None],
    ) -> None:
        self.geoms = geoms
        self.bounds = bounds
        self._points, self._refuse = points, refuse
        self._extent = np.array([1.0, 1.0, 0.0, 0.0]) if extent is None else extent
        self._frame, self._at, self._grids = _buckets(bounds, self._extent, rank)
        # Where each grid is among the polygons made ready, -1 if it is not.
        self._ready: tuple[npt.NDArray[np.int32], Polygons] | None = None
        self._lock = Lock()

    def locate(
        self,
        lng: npt.NDArray[np.float64],
        lat: npt.NDArray[np.float64],
        index: npt.NDArray[np.int32],
        tie: npt.NDArray[np.bool_],
        ambiguous: npt.NDArray[np.bool_],
    ) -> None:
        """As ``geo.locator.Located`` has them, written into the arrays given."""
        index[:], tie[:], ambiguous[:] = -1, False, False
        bucket = np.empty(len(lng), np.int32)
        in_bucket = np.zeros(len(self._at), np.int64)
        _sort_out(lng, lat, self._extent, self._frame, bucket, in_bucket)
        where, made = self._make_ready(lng, lat, bucket)
        order = np.empty(int(in_bucket.sum()), np.int32)
        _arrange(bucket, in_bucket, order)
        _ask(
            lng, lat, order, bucket, self._at, self._grids, self.bounds, where,
            made.bounds, made.slabs, made.edges_at, made.edges, made.coords, index, tie, ambiguous,
        )  # fmt: skip

    def _make_ready(
        self, lng: npt.NDArray[np.float64], lat: npt.NDArray[np.float64], bucket: npt.NDArray[np.int32]
    ) -> tuple[npt.NDArray[np.int32], Polygons]:
        """Polygons that hold every grid which these points need, and where each is among them."""
        ready = self._ready
        if ready is not None and len(ready[1].bounds) == len(self.geoms):
            return ready
        needed = np.ones(len(self.geoms), np.bool_)
        often = max(self._points, len(lng)) >= _OFTEN * len(self.geoms)
        if len(lng) < _MANY * len(self.geoms):
            needed[:] = False
            pairs = _mark(lng, lat, bucket, self._at, self._grids, self.bounds, needed)
            often = often or pairs >= _OFTEN * needed.sum()
        with self._lock:
            ready = self._ready
            if ready is not None:
                if (ready[0][needed] >= 0).all():
                    return ready
                needed[:] = True
            rows = np.flatnonzero(needed)
            where = np.full(len(self.geoms), -1, np.int32)
            where[rows] = np.arange(len(rows))
            rings = rings_of(self.geoms[rows])
            if not np.isfinite(rings.coords.sum()):
                self._refuse(rows)
            self._ready = where, _polygons.build(rings, often=often)
            return self._ready

    def outline(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Every edge (e,4), and where each grid's begin."""
        return rings_of(self.geoms).edges()


def _buckets(
    bounds: npt.NDArray[np.float64], extent: npt.NDArray[np.float64], rank: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """The frame (west, south, per degree east and north, columns, rows), and of each bucket its grids, lowest
    code first: ``grids[at[k]:at[k + 1]]``."""
    rows = np.argsort(rank).astype(np.int32)
    width, height = np.maximum(extent[2:] - extent[:2], 1e-9)
    # Where boxes lie over one another in heaps, every one of them is listed in every bucket: have fewer.
    heaps = _area(bounds) / (width * height)
    wanted = min(len(rows) / max(1.0, heaps / 4), _MOST_BUCKETS)
    stretch = np.sqrt(np.clip(width / height, 1 / 64, 64))
    columns, n_rows = max(1, int(wanted**0.5 * stretch)), max(1, int(wanted**0.5 / stretch))
    frame = np.array([extent[0], extent[1], columns / width, n_rows / height, columns, n_rows])
    at = np.zeros(columns * n_rows + 1, np.int64)
    _list(bounds, rows, frame, at, np.zeros(0, np.int32))
    np.cumsum(at, out=at)
    grids = np.empty(int(at[-1]), np.int32)
    if len(grids):
        _list(bounds, rows, frame, at, grids)
    return frame, at, grids


@njit(cache=True, nogil=True)
def _area(bounds):  # type: ignore[no-untyped-def]
    """Of all boxes, in square degrees."""
    total = 0.0
    for g in range(len(bounds)):
        if bounds[g, 0] <= bounds[g, 2]:
            total += (bounds[g, 2] - bounds[g, 0]) * (bounds[g, 3] - bounds[g, 1])
    return total


@njit(cache=True, nogil=True, inline="always")
def _column(x, frame):  # type: ignore[no-untyped-def]
    return min(int((x - frame[0]) * frame[2]), int(frame[4]) - 1)


@njit(cache=True, nogil=True, inline="always")
def _row(y, frame):  # type: ignore[no-untyped-def]
    return min(int((y - frame[1]) * frame[3]), int(frame[5]) - 1)


@njit(cache=True, nogil=True)
def _list(bounds, rows, frame, at, grids):  # type: ignore[no-untyped-def]
    """Count the boxes of each bucket in the place after its own; or, where there is room, list them."""
    columns = int(frame[4])
    used = np.zeros(len(at) if len(grids) else 0, np.int32)
    for g in rows:
        if not bounds[g, 0] <= bounds[g, 2]:  # an empty grid has no box
            continue
        first, last = _column(bounds[g, 0], frame), _column(bounds[g, 2], frame)
        for row in range(_row(bounds[g, 1], frame), _row(bounds[g, 3], frame) + 1):
            for k in range(row * columns + first, row * columns + last + 1):
                if len(grids):
                    grids[at[k] + used[k]] = g
                    used[k] += 1
                else:
                    at[k + 1] += 1


@njit(cache=True, nogil=True)
def _sort_out(lng, lat, extent, frame, bucket, in_bucket):  # type: ignore[no-untyped-def]
    """The bucket of each point, -1 outside the extent or not finite, and how many are in each."""
    columns = int(frame[4])
    for i in range(len(lng)):
        x, y = lng[i], lat[i]
        bucket[i] = -1
        if extent[0] <= x <= extent[2] and extent[1] <= y <= extent[3]:  # NaN fails too
            k = _row(y, frame) * columns + _column(x, frame)
            bucket[i] = k
            in_bucket[k] += 1


@njit(cache=True, nogil=True)
def _mark(lng, lat, bucket, at, grids, bounds, needed):  # type: ignore[no-untyped-def]
    """Mark the grids whose box holds a point; how many times one does."""
    pairs = 0
    for i in range(len(lng)):
        if bucket[i] < 0:
            continue
        for k in range(at[bucket[i]], at[bucket[i] + 1]):
            g = grids[k]
            if bounds[g, 0] <= lng[i] <= bounds[g, 2] and bounds[g, 1] <= lat[i] <= bounds[g, 3]:
                needed[g] = True
                pairs += 1
    return pairs


@njit(cache=True, nogil=True)
def _arrange(bucket, in_bucket, order):  # type: ignore[no-untyped-def]
    """Points bucket by bucket."""
    before = 0
    for k in range(len(in_bucket)):
        count = in_bucket[k]
        in_bucket[k] = before
        before += count
    for i in range(len(bucket)):
        if bucket[i] >= 0:
            order[in_bucket[bucket[i]]] = i
            in_bucket[bucket[i]] += 1


@njit(cache=True, nogil=True)
def _ask(  # type: ignore[no-untyped-def]
    lng,
    lat,
    order,
    bucket,
    at,
    grids,
    boxes,
    where,
    bounds,
    slabs,
    edges_at,
    edges,
    coords,
    index,
    tie,
    ambiguous,
):
    for i in order:
        x, y = lng[i], lat[i]
        inside, on_edge = 0, 0
        for k in range(at[bucket[i]], at[bucket[i] + 1]):
            g = grids[k]
            if not (boxes[g, 0] <= x <= boxes[g, 2] and boxes[g, 1] <= y <= boxes[g, 3]):
                continue
            found = side(x, y, where[g], bounds, slabs, edges_at, edges, coords)
            if found == OUTSIDE:
                continue
            if inside + on_edge == 0:
                index[i] = g
            if found == BOUNDARY:
                on_edge += 1
            else:
                inside += 1
        tie[i] = on_edge > 1
        ambiguous[i] = inside > 0 and inside + on_edge > 1
