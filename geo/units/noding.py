"""The arrangement of lines: noded, made into faces, with what lies on both sides of every piece."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import InputError
from geo.units.model import Bools, Floats, Geometries, Ints

QUANTUM = 1e-9
"""Degrees; every working coordinate is a multiple."""
ON_LINE = 5e-9
"""A noded piece this close to a line lies on it: snapping to the quantum moves it by less."""


def require_working(geometries: Geometries, what: str) -> None:
    """InputError (``not-rounded``, ``invalid-polygon``) unless these are valid polygons in working
    coordinates.
    """
    bad_type = np.flatnonzero(
        ~np.isin(shapely.get_type_id(geometries), (3, 6)) | shapely.is_empty(geometries)
    )
    if len(bad_type):
        raise InputError(
            f"{len(bad_type)} {what} have no polygon; each needs one",
            kind="not-polygons",
            row=int(bad_type[0]) + 1,
        )
    invalid = np.flatnonzero(~shapely.is_valid(geometries))
    if len(invalid):
        row = int(invalid[0])
        raise InputError(
            f"invalid polygon among the {what} ({shapely.is_valid_reason(geometries[row])}); mend it first",
            kind="invalid-polygon",
            row=row + 1,
        )
    coords, owner = shapely.get_coordinates(geometries, return_index=True)
    rough = (coords != np.round(coords, 9)).any(axis=1)
    if rough.any():
        raise InputError(
            f"coordinates of {what} finer than 1e-9 degree; bring polygons to working coordinates first",
            kind="not-rounded",
            row=int(owner[np.argmax(rough)]) + 1,
        )


def as_lines(geometries: Any, near: shapely.STRtree | None = None) -> Geometries:
    """Line work (outlines of polygons) rounded to the quantum; only what meets a geometry of the tree
    ``near``.
    """
    array: Geometries = np.asarray(geometries, dtype=object).reshape(-1)
    array = array[~shapely.is_missing(array) & ~shapely.is_empty(array)]
    if near is not None and len(array):
        array = array[np.unique(near.query(array, predicate="intersects")[0])]
    flat = shapely.get_dimensions(array) == 2
    array = np.concatenate([array[shapely.get_dimensions(array) == 1], shapely.boundary(array[flat])])
    parts: Geometries = shapely.get_parts(array)
    rounded = shapely.transform(parts, lambda c: np.round(c, 9))
    return np.asarray(rounded[shapely.length(rounded) > 0], dtype=object)


def faces_of(lines: Geometries) -> Geometries:
    """The faces of the arrangement of all lines: an edge-matched coverage on multiples of the quantum.

    Snap-rounding noding (Hobby 1999; GEOS OverlayNG): vertices that are multiples of the quantum stay as they
    are, new ones are the nearest multiple of where lines cross.
    """
    noded = shapely.unary_union(lines, grid_size=QUANTUM)
    # the noder multiplies, numpy divides: rounding again makes the two agree to the last bit
    noded = shapely.transform(noded, lambda c: np.round(c, 9))
    return np.asarray(shapely.get_parts(shapely.polygonize([noded])), dtype=object)


def inside_faces(faces: Geometries, polygons: Geometries, rank: NDArray[np.int64]) -> Ints:
    """The row of the polygon that holds each face, by a point inside it; of several the lowest rank; -1 for
    none.
    """
    points = shapely.point_on_surface(faces)
    face, polygon = shapely.STRtree(polygons).query(points, predicate="intersects")
    return lowest(face, polygon, rank, len(faces))


def lowest(item: NDArray[Any], choice: NDArray[Any], rank: NDArray[np.int64], n: int) -> Ints:
    """For each of n items the choice of lowest rank among its pairs (item, choice); -1 without any."""
    result = np.full(n, -1, np.int32)
    order = np.lexsort((rank[choice], item))[::-1]
    result[item[order]] = choice[order]
    return result


@dataclass(frozen=True)
class Pieces:
    """The straight pieces of the faces' borders (s,): ends, and the faces on both sides (-1: none beyond)."""

    start: Floats
    end: Floats
    left: Ints
    right: Ints


def straight_lines(start: Floats, end: Floats) -> Geometries:
    """A line (s,) from each start to each end."""
    return np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object).reshape(-1)


def single_pieces(lines: Geometries) -> Geometries:
    """Every straight piece of the lines as a line of its own."""
    xy, of = shapely.get_coordinates(lines, return_index=True)
    inner = np.flatnonzero(of[1:] == of[:-1])
    return straight_lines(xy[inner], xy[inner + 1])


def points_at(xy: Floats) -> Geometries:
    """A point (n,) at each coordinate (n, 2)."""
    return np.asarray(shapely.points(xy), dtype=object).reshape(-1)


def chained(lines: Geometries) -> Geometries:
    """Lines joined end to end, as far as no third meets them there."""
    return np.asarray(shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines))), dtype=object)


def keys(coordinates: Floats) -> NDArray[np.complex128]:
    """Coordinates (n, 2) as single values (n,) that can be compared and sorted."""
    return np.ascontiguousarray(coordinates + 0.0).view(np.complex128).ravel()


def pieces_of(faces: Geometries) -> Pieces:
    """Every piece of border once. ``faces`` must be noded, so that neighbours have all vertices in common."""
    rings, of_face = shapely.get_rings(faces, return_index=True)
    xy, of_ring = shapely.get_coordinates(rings, return_index=True)
    inner = np.flatnonzero(of_ring[1:] == of_ring[:-1])
    a, b, owner = xy[inner] + 0.0, xy[inner + 1] + 0.0, of_face[of_ring[inner]]
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    a[swap], b[swap] = b[swap], a[swap].copy()
    order = np.lexsort((owner, b[:, 1], b[:, 0], a[:, 1], a[:, 0]))
    a, b, owner = a[order], b[order], owner[order]
    first = np.ones(len(a), bool)
    first[1:] = (a[1:] != a[:-1]).any(axis=1) | (b[1:] != b[:-1]).any(axis=1)
    rows = np.flatnonzero(first)
    right = np.full(len(rows), -1, np.int32)
    twin = np.flatnonzero(~first)
    right[np.cumsum(first)[twin] - 1] = owner[twin]
    return Pieces(a[rows], b[rows], owner[rows].astype(np.int32), right)


def on_lines(pieces: Pieces, lines: Geometries) -> Bools:
    """Which pieces of border lie on the lines (all degrees)."""
    result = np.zeros(len(pieces.start), bool)
    if len(lines) == 0 or len(result) == 0:
        return result
    middle = shapely.points((pieces.start + pieces.end) / 2)
    result[shapely.STRtree(single_pieces(lines)).query(middle, predicate="dwithin", distance=ON_LINE)[0]] = (
        True
    )
    return result
