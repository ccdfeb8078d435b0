"""Which polygons are neighbours, and which borders a barrier closes.

Both functions work on whole arrays: 100,000 polygons take seconds.
"""

import numpy as np
import numpy.typing as npt
import shapely

from geo.errors import InputError

Geometries = npt.NDArray[np.object_]
Edges = npt.NDArray[np.int64]
Lengths = npt.NDArray[np.float64]

MIN_SHARED = 1e-9
"""Shared borders up to this length (coordinate units) are rounding, not borders."""
ON_BARRIER = 0.01
"""A border closer than this (metres) to a barrier lies on it."""
BRIDGE_REACH = 1.0
"""A bridge this close (metres) to a border opens it."""


def polygon_edges(geoms: Geometries) -> tuple[Edges, Lengths]:
    """Pairs of polygons that share a border of positive length.

    ``geoms`` is an (n,) array of valid Polygon or MultiPolygon in one planar CRS. Returns ``edges``
    (m, 2) with ``edges[:, 0] < edges[:, 1]``, sorted, and their shared ``lengths`` (m,) in units of
    the coordinates. Polygons that meet in single points are no neighbours.

    Segments that two polygons have in common are found by sorting; only segments without a twin
    (outer borders, and borders where one side has vertices that the other lacks) are intersected.
    Overlapping polygons are neighbours only where their borders run together.

    Raises InputError (``not-polygons``) for missing, empty or other geometries.
    """
    geoms = np.asarray(geoms, dtype=object)
    n = len(geoms)
    if n == 0:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    bad = np.flatnonzero((shapely.get_dimensions(geoms) != 2) | shapely.is_empty(geoms))
    if len(bad):
        found = shapely.get_type_id(geoms[bad[0]])
        name = "no geometry" if found < 0 else str(geoms[bad[0]].geom_type)
        raise InputError(
            f"{len(bad)} units are not polygons (the first is {name}); give polygons or a table of edges",
            kind="not-polygons",
            row=int(bad[0]) + 1,
        )
    a, b, owner = _segments(geoms)
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    a[swap], b[swap] = b[swap], a[swap].copy()
    order = np.lexsort((owner, b[:, 1], b[:, 0], a[:, 1], a[:, 0]))
    a, b, owner = a[order], b[order], owner[order]
    new = np.ones(len(a), bool)
    new[1:] = (a[1:] != a[:-1]).any(axis=1) | (b[1:] != b[:-1]).any(axis=1)
    run = np.cumsum(new) - 1
    size = np.bincount(run)
    pairs, length = [], []
    for lag in range(1, int(size.max())):
        same = run[lag:] == run[:-lag]
        one, two = owner[:-lag][same], owner[lag:][same]
        real = one != two
        pairs.append(np.column_stack([one, two])[real])
        length.append(np.hypot(*(a[lag:][same] - b[lag:][same]).T)[real])
    single = size[run] == 1
    extra, extra_length = _overlapping(a[single], b[single], owner[single])
    pairs.append(extra)
    length.append(extra_length)
    return _summed(np.concatenate(pairs), np.concatenate(length), n)


def drop_barriers(
    geoms: Geometries, edges: Edges, lengths: Lengths, barriers: Geometries, bridges: Geometries | None
) -> tuple[Edges, Lengths]:
    """The edges that no barrier closes.

    A barrier closes an edge when more than half of the shared border lies on it (within
    0.01 m), unless a bridge is within 1 m of that border. ``geoms`` (n,) polygons, ``edges`` (m, 2)
    and ``lengths`` (m,) as from :func:`polygon_edges`, ``barriers`` (any number of lines or
    polygons, whose outlines count) and ``bridges`` (any geometries, or None): all in one planar CRS
    in **metres**. Returns the remaining ``(edges, lengths)`` in the same order.
    """
    geoms = np.asarray(geoms, dtype=object)
    edges = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    lines = _barrier_segments(np.asarray(barriers, dtype=object))
    if len(lines) == 0 or len(edges) == 0:
        return edges, lengths
    touched = np.zeros(len(geoms), bool)
    touched[shapely.STRtree(geoms).query(lines, predicate="dwithin", distance=ON_BARRIER)[1]] = True
    candidate = np.flatnonzero(touched[edges].all(axis=1))
    if len(candidate) == 0:
        return edges, lengths
    outline = shapely.boundary(geoms[edges[candidate].ravel()]).reshape(-1, 2)
    border = shapely.intersection(outline[:, 0], outline[:, 1])
    which, line = shapely.STRtree(lines).query(border, predicate="dwithin", distance=ON_BARRIER)
    order = np.argsort(which, kind="stable")
    near, at = np.unique(which[order], return_inverse=True)
    if len(near) == 0:
        return edges, lengths
    beside = shapely.buffer(shapely.multilinestrings(lines[line[order]], indices=at), ON_BARRIER)
    covered = shapely.length(shapely.intersection(border[near], beside))
    shut = near[covered > 0.5 * shapely.length(border[near])]
    if bridges is not None and len(bridges):
        spots = np.asarray(bridges, dtype=object)
        spots = spots[~shapely.is_missing(spots) & ~shapely.is_empty(spots)]
        crossed = shapely.STRtree(spots).query(border[shut], predicate="dwithin", distance=BRIDGE_REACH)[0]
        shut = np.delete(shut, np.unique(crossed))
    keep = np.ones(len(edges), bool)
    keep[candidate[shut]] = False
    return edges[keep], lengths[keep]


def _segments(
    geoms: Geometries,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Both ends (s, 2) of every ring segment, and the number (s,) of its polygon."""
    parts, of_geom = shapely.get_parts(geoms, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    inner = (of_ring[1:] == of_ring[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    owner = of_geom[of_part[of_ring[:-1][inner]]]
    return xy[:-1][inner] + 0.0, xy[1:][inner] + 0.0, owner.astype(np.int64)


def _overlapping(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], owner: npt.NDArray[np.int64]
) -> tuple[Edges, Lengths]:
    """Pairs of owners of segments that run together without having both ends in common."""
    if len(a) == 0:
        return np.zeros((0, 2), np.int64), np.zeros(0)
    lines: Geometries = np.asarray(shapely.linestrings(np.stack([a, b], axis=1)), dtype=object)
    i, j = shapely.STRtree(lines).query(lines, predicate="intersects")
    real = (i < j) & (owner[i] != owner[j])
    i, j = i[real], j[real]
    shared = np.asarray(shapely.length(shapely.intersection(lines[i], lines[j])), dtype=np.float64)
    some = shared > 0
    return np.sort(np.column_stack([owner[i], owner[j]])[some], axis=1), shared[some]


def _summed(pairs: Edges, length: Lengths, n: int) -> tuple[Edges, Lengths]:
    """Each pair once, with the sum of its lengths, where that is a border."""
    key, at = np.unique(pairs[:, 0] * n + pairs[:, 1], return_inverse=True)
    total = np.bincount(at, length, len(key)).astype(np.float64)
    edges = np.column_stack([key // n, key % n]).astype(np.int64).reshape(-1, 2)
    return edges[total > MIN_SHARED], total[total > MIN_SHARED]


def _barrier_segments(barriers: Geometries) -> Geometries:
    """The barriers as single segments, so that a long river is not tested as a whole."""
    barriers = barriers[~shapely.is_missing(barriers) & ~shapely.is_empty(barriers)]
    if len(barriers) == 0:
        return barriers
    flat = shapely.get_dimensions(barriers) == 2
    barriers = np.concatenate([barriers[~flat], shapely.boundary(barriers[flat])])
    parts = shapely.get_parts(barriers)
    xy, of = shapely.get_coordinates(parts, return_index=True)
    inner = (of[1:] == of[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    return np.asarray(shapely.linestrings(np.stack([xy[:-1][inner], xy[1:][inner]], axis=1)), dtype=object)
