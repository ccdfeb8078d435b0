"""The region of doubt of a coarse geocode: which grid, if any, holds all of it."""

from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from geo.errors import InputError
from geo.footprints import code_ranks

_ELLIPSOID = pyproj.Geod(ellps="WGS84")
_SAGITTA_M = 0.5
_SLACK_M = 0.05
_METRES_PER_DEGREE = 110_500.0
"""Not more than a degree of latitude has anywhere."""


def geodesic_discs(lng: NDArray[Any], lat: NDArray[Any], radius_m: NDArray[Any]) -> NDArray[Any]:
    """Polygons (n,) in EPSG:4326 around n points, nowhere more than 0.25 m off the geodesic circle.

    ``lng``, ``lat`` in degrees, ``radius_m`` in metres above 0, all (n,). Vertices by the direct geodesic
    problem (Karney 2013, through PROJ).
    """
    discs = np.empty(len(lng), dtype=object)
    corners = np.ceil(np.pi / np.arccos(1 - np.minimum(_SAGITTA_M / radius_m, 0.1))).astype(np.int64)
    # one call per number of corners: rounding it up to powers of two leaves few of them
    corners = 2 ** np.ceil(np.log2(np.maximum(corners, 8))).astype(np.int64)
    for k in np.unique(corners):
        rows = np.flatnonzero(corners == k)
        azimuths = np.arange(k) * (360.0 / k)
        # half the sagitta outwards, so that the polygon is off by as much on either side
        reach = radius_m[rows] * (2 / (1 + np.cos(np.pi / k)))
        repeat = np.repeat(rows, k)
        x, y, _ = _ELLIPSOID.fwd(lng[repeat], lat[repeat], np.tile(azimuths, len(rows)), np.repeat(reach, k))
        ring = np.stack([x, y], axis=1).reshape(len(rows), k, 2)
        discs[rows] = shapely.polygons(np.concatenate([ring, ring[:, :1]], axis=1))
    return discs


def grid_of_discs(
    grids: NDArray[Any],
    lng: NDArray[np.float64],
    lat: NDArray[np.float64],
    radius_m: NDArray[np.float64],
    start: NDArray[np.int32],
) -> NDArray[np.int32]:
    """The grid that holds the whole geodesic disc around each of n points; right within 1 m.

    ``grids`` (g,) polygons in EPSG:4326; ``lng``, ``lat`` (n,) degrees; ``radius_m`` (n,) metres; ``start``
    (n,) the grid of the centre (from the locator), -1 for none. Returns int32 (n,): ``start``, or -1 where
    the disc crosses a border or leaves the coverage, or where a number is missing. A radius of 0 is the point
    itself. InputError (``bad-radius``, with the row) for a negative radius.
    """
    grids = np.asarray(grids, dtype=object)
    lng, lat, radius_m = (np.asarray(column, np.float64) for column in (lng, lat, radius_m))
    if (radius_m < 0).any():
        row = int(np.argmax(radius_m < 0))
        raise InputError(
            f"radius_m is {radius_m[row]}; metres from 0 up were expected", kind="bad-radius", row=row + 1
        )
    result = np.full(len(lng), -1, np.int32)
    usable = (start >= 0) & np.isfinite(lng) & np.isfinite(lat) & np.isfinite(radius_m)
    result[usable & (radius_m == 0)] = start[usable & (radius_m == 0)]
    rows = np.flatnonzero(usable & (radius_m > 0))
    if len(rows) == 0:
        return result
    # many customers stand at one place: each disc is asked about once
    keys = np.column_stack([lng[rows], lat[rows], radius_m[rows], start[rows].astype(np.float64)])
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    x, y, radius, grid = unique[:, 0], unique[:, 1], unique[:, 2], unique[:, 3].astype(np.int64)
    holds = np.zeros(len(unique), bool)
    # a disc can only fit in a grid whose bounds hold the points due north, south, east and west of it
    bounds = shapely.bounds(grids)[grid]
    high = radius / _METRES_PER_DEGREE * 0.98
    fits = (y - high >= bounds[:, 1]) & (y + high <= bounds[:, 3])
    todo = np.flatnonzero(fits)
    shapely.prepare(grids)
    for some in np.array_split(todo, max(1, len(todo) // 20_000)):
        holds[some] = shapely.covers(grids[grid[some]], geodesic_discs(x[some], y[some], radius[some]))
    result[rows] = np.where(holds, grid, -1)[inverse.reshape(-1)].astype(np.int32)
    return result


def grid_of_polygons(grids: NDArray[Any], codes: Any, regions: NDArray[Any]) -> NDArray[np.int32]:
    """The grid that holds each supplied region of doubt (a village, a road's buffer) whole.

    ``grids`` (g,) and ``regions`` (n,) in EPSG:4326, ``codes`` (g,) texts; where several grids hold one
    (grids that overlap) it is the lowest code. A region drawn along a border may overstep it by 5 cm, which
    is how far coordinates from another datum can lie off. Returns int32 (n,), -1 where no grid holds it all
    or it is empty.
    """
    grids, regions = np.asarray(grids, dtype=object), np.asarray(regions, dtype=object)
    result = np.full(len(regions), -1, np.int32)
    rows = np.flatnonzero(~shapely.is_missing(regions) & ~shapely.is_empty(regions))
    if len(rows) == 0 or len(grids) == 0:
        return result
    shapely.prepare(grids)
    which, grid = shapely.STRtree(grids).query(regions[rows], predicate="intersects")
    region = rows[which]
    holds = shapely.covers(grids[grid], regions[region])
    near = np.flatnonzero(~holds)
    excess = shapely.difference(regions[region[near]], grids[grid[near]])
    # eroding by degrees of longitude erodes by at most the slack in both directions
    holds[near] = shapely.is_empty(shapely.buffer(excess, -_SLACK_M / 2 / _METRES_PER_DEGREE)) & (
        shapely.area(excess) < 0.5 * shapely.area(regions[region[near]])
    )
    order = np.lexsort((code_ranks(codes)[grid], region))
    order = order[holds[order]][::-1]
    result[region[order]] = grid[order]
    return result
