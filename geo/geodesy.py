"""Areas, lengths and distances in metres on the WGS 84 ellipsoid, and a local equal-area plane.

Geometries are WGS 84 longitude and latitude in degrees, and an edge is straight in that plane.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geo.errors import InputError

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]

_GEOD: Any = pyproj.Geod(ellps="WGS84")
_A: float = _GEOD.a
_B: float = _GEOD.b
_E = float(np.sqrt(_GEOD.es))
# Gauss–Legendre places and weights on an edge 0..1: the authalic function is smooth, so five are exact to
# rounding on edges of tens of degrees.
_PLACES, _WEIGHTS = (v / 2 for v in np.polynomial.legendre.leggauss(5))
_PLACES = _PLACES + 0.5


def area_m2(geoms: npt.ArrayLike) -> Floats:
    """Ellipsoidal area of each geometry (n,) in square metres; 0 for None, empty, points and lines.

    Exact for edges straight in the longitude–latitude plane: the integral of the authalic function along each
    ring (the area of an ellipsoidal zone in closed form, Snyder 1987 eq. 3-12). An outer ring counts positive
    and holes negative whatever their direction.
    """
    array = np.array(geoms, dtype=object).reshape(-1)
    out = np.zeros(len(array))
    parts, owner = shapely.get_parts(array, return_index=True)
    areal = shapely.get_type_id(parts) == 3
    parts, owner = parts[areal], owner[areal]
    rings, part = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return out
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.searchsorted(ring, np.arange(len(rings)))
    inner = np.flatnonzero(ring[1:] == ring[:-1])
    a, b, of = coords[inner], coords[inner + 1], ring[inner]
    # The zone below the ring's first latitude adds nothing to a closed ring: without it no digits are lost.
    base = _zone(coords[first, 1])[of]
    mean = sum(
        w * (_zone(a[:, 1] + t * (b[:, 1] - a[:, 1])) - base) for t, w in zip(_PLACES, _WEIGHTS, strict=True)
    )
    signed = np.bincount(of, mean * np.radians(b[:, 0] - a[:, 0]), minlength=len(rings))
    outer = np.r_[True, part[1:] != part[:-1]]
    np.add.at(out, owner[part], np.where(outer, 1.0, -1.0) * np.abs(signed))
    return out


def length_m(geoms: npt.ArrayLike) -> Floats:
    """Length of each line, or perimeter of each polygon (n,), in metres along geodesics between its
    vertices.
    """
    array = np.array(geoms, dtype=object).reshape(-1)
    parts, owner = shapely.get_parts(array, return_index=True)
    areal = shapely.get_type_id(parts) == 3
    rings, of = shapely.get_rings(parts[areal], return_index=True)
    lines = shapely.get_type_id(parts) == 1
    chains = np.concatenate([parts[lines], rings])
    at = np.concatenate([owner[lines], owner[areal][of]])
    coords, chain = shapely.get_coordinates(chains, return_index=True)
    inner = np.flatnonzero(chain[1:] == chain[:-1])
    spans = distance_m(*coords[inner].T, *coords[inner + 1].T)
    return np.bincount(at[chain[inner]], spans, minlength=len(array)).astype(np.float64)


def distance_m(lng1: npt.ArrayLike, lat1: npt.ArrayLike, lng2: npt.ArrayLike, lat2: npt.ArrayLike) -> Floats:
    """Geodesic distances (n,) in metres between points in degrees (Karney 2013, through PROJ); NaN for
    NaN."""
    ends = np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (lng1, lat1, lng2, lat2)))
    flat = [np.ascontiguousarray(v.ravel()) for v in ends]
    return np.asarray(_GEOD.inv(flat[0], flat[1], flat[2], flat[3])[2], np.float64).reshape(ends[0].shape)


def _zone(lat: Floats) -> Floats:
    """Square metres per radian of longitude between the equator and a latitude in degrees."""
    s = _E * np.sin(np.radians(lat))
    return np.asarray(_B * _B / 2 * (s / _E / (1 - s * s) + np.arctanh(s) / _E), np.float64)


@dataclass(frozen=True)
class Projection:
    """A plane in metres on which areas are true, with the way back.

    ``forward`` takes geometries (n,) from degrees to metres, ``inverse`` from metres to degrees; ``to_plane``
    and ``to_degrees`` do the same for coordinate arrays (x, y). Vertices move, edges stay straight between
    them: at 100 km from the middle a kilometre is true within 0.01 %.
    """

    proj4: str
    to_plane: Callable[[Any, Any], tuple[Any, Any]]
    to_degrees: Callable[[Any, Any], tuple[Any, Any]]

    def forward(self, geoms: Any) -> Any:
        return shapely.transform(geoms, lambda c: np.column_stack(self.to_plane(c[:, 0], c[:, 1])))

    def inverse(self, geoms: Any) -> Any:
        return shapely.transform(geoms, lambda c: np.column_stack(self.to_degrees(c[:, 0], c[:, 1])))


def local_projection(bounds: npt.ArrayLike) -> Projection:
    """The Lambert azimuthal equal-area plane about the middle of bounds (west, south, east, north; degrees).

    Raises :class:`InputError` where the bounds are not finite (nothing to project).
    """
    west, south, east, north = np.asarray(bounds, np.float64)
    if not np.isfinite([west, south, east, north]).all():
        raise InputError("no geometry with coordinates: there is no place to work in", kind="empty")
    proj4 = (
        f"+proj=laea +lon_0={(west + east) / 2:.9f} +lat_0={(south + north) / 2:.9f} +ellps=WGS84 +units=m"
    )
    plane: Any = pyproj.Proj(proj4)

    def to_plane(x: Any, y: Any) -> tuple[Any, Any]:
        out: tuple[Any, Any] = plane(x, y)
        return out

    def to_degrees(x: Any, y: Any) -> tuple[Any, Any]:
        # PROJ's inverse is a series good to half a millimetre: asking again for what it missed leaves
        # nothing.
        there_x, there_y = plane(*plane(x, y, inverse=True))
        out: tuple[Any, Any] = plane(2 * x - there_x, 2 * y - there_y, inverse=True)
        return out

    return Projection(proj4, to_plane, to_degrees)
