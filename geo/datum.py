"""Coordinates between WGS 84, GCJ-02, BD-09 and any EPSG code, and into working coordinates.

Working coordinates are WGS 84 longitude and latitude in degrees, rounded one by one to 1e-9 degree. GCJ-02
and BD-09 are in ``geo.shifts``.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pyproj
import shapely

from geo import densify
from geo.errors import InputError
from geo.shifts import bd_to_gcj, gcj_to_bd, gcj_to_wgs, wgs_to_gcj

Floats = npt.NDArray[np.float64]
Geometries = npt.NDArray[np.object_]
Forward = Callable[[Floats, Floats], tuple[Floats, Floats]]

DIGITS = 9
"""Decimals of a degree that working coordinates keep (0.1 mm)."""

_CHUNK = 1 << 15  # rows that PROJ works on at a time

_NAMES = {
    "wgs84": "wgs84",
    "wgs1984": "wgs84",
    "crs84": "wgs84",
    "ogc:crs84": "wgs84",
    "urn:ogc:def:crs:ogc:1.3:crs84": "wgs84",
    "epsg:4326": "wgs84",
    "gcj02": "gcj02",
    "gcj2": "gcj02",
    "mars": "gcj02",
    "bd09": "bd09",
    "bd09ll": "bd09",
    "cgcs2000": "epsg:4490",
}
_AS_WGS84 = frozenset({"wgs84", "epsg:4490"})


@lru_cache(maxsize=256)
def parse_crs(text: str) -> str:
    """The normalised name of a CRS: ``wgs84``, ``gcj02``, ``bd09`` or ``epsg:N``.

    Case, spaces, hyphens and underscores do not matter; ``EPSG:4326`` is ``wgs84`` and ``CGCS2000`` is
    ``epsg:4490``. Raises :class:`InputError` of kind ``unknown-crs`` for anything else, also for EPSG codes
    that are not a two-dimensional geographic or projected CRS.
    """
    key = re.sub(r"[\s_-]", "", str(text)).lower()
    if key in _NAMES:
        return _NAMES[key]
    match = re.fullmatch(r"(?:urn:ogc:def:crs:)?epsg:+(?:[\d.]+:)?(\d{1,7})", key)
    if match:
        name = f"epsg:{int(match[1])}"
        if name in _NAMES:
            return _NAMES[name]
        _proj_crs(name)
        return name
    raise InputError(
        f"unknown CRS {str(text)!r}: expected wgs84, gcj02, bd09 or epsg:N (such as epsg:4547); "
        "name the datum that the coordinates are really in",
        kind="unknown-crs",
    )


def is_wgs84(crs: str) -> bool:
    """Whether coordinates in this CRS are WGS 84 as they stand (CGCS2000 is, within centimetres)."""
    return parse_crs(crs) in _AS_WGS84


def is_degrees(crs: str) -> bool:
    """Whether coordinates in this CRS are longitude and latitude in degrees."""
    name = parse_crs(crs)
    return not name.startswith("epsg:") or bool(_proj_crs(name).is_geographic)


@overload
def transform(lng: float, lat: float, src: str, dst: str) -> tuple[float, float]: ...
@overload
def transform(lng: npt.ArrayLike, lat: npt.ArrayLike, src: str, dst: str) -> tuple[Floats, Floats]: ...
def transform(lng: Any, lat: Any, src: str, dst: str) -> tuple[Any, Any]:
    """Coordinates from one CRS to another.

    ``lng``, ``lat``: floats or float arrays of one shape, in degrees, or easting and northing in the unit of
    a projected CRS (always x first). Returns floats for floats, float64 arrays for arrays; NaN where a
    coordinate is not finite or has no place in the target CRS. Outside the rectangle 72.004–137.8347 E,
    0.8293–55.8271 N GCJ-02 is WGS 84. Round trips come back within 1e-9 degree. Raises :class:`InputError`
    for an unknown CRS.
    """
    src, dst = parse_crs(src), parse_crs(dst)
    x, y = np.broadcast_arrays(np.asarray(lng, np.float64), np.asarray(lat, np.float64))
    shape = x.shape
    out_x, out_y = _transform_flat(x.ravel(), y.ravel(), src, dst)
    if shape == ():
        return float(out_x[0]), float(out_y[0])
    return out_x.reshape(shape), out_y.reshape(shape)


def points_to_working(lng: npt.ArrayLike, lat: npt.ArrayLike, crs: str) -> tuple[Floats, Floats]:
    """Points (n,) in ``crs`` as working coordinates: WGS 84 degrees rounded to 1e-9.

    NaN in both where either coordinate is not finite, is beyond ±180 / ±90 (before the transformation if the
    CRS is in degrees, and after it), or has no place in WGS 84. Never raises for a coordinate.
    """
    name = parse_crs(crs)
    x, y = np.array(lng, np.float64), np.array(lat, np.float64)
    bad = ~(np.isfinite(x) & np.isfinite(y))
    if is_degrees(name):
        bad |= ~((np.abs(x) <= 180.0) & (np.abs(y) <= 90.0))
    x[bad] = y[bad] = np.nan
    if name not in _AS_WGS84:
        x, y = transform(x, y, name, "wgs84")
    x, y = np.round(x, DIGITS), np.round(y, DIGITS)
    with np.errstate(invalid="ignore"):
        bad = ~((np.abs(x) <= 180.0) & (np.abs(y) <= 90.0))
    x[bad] = y[bad] = np.nan
    return x, y


def point_to_working(lng: float, lat: float, crs: str) -> tuple[float, float]:
    """One point as :func:`points_to_working` has it."""
    if parse_crs(crs) in _AS_WGS84 and -180.0 <= lng <= 180.0 and -90.0 <= lat <= 90.0:
        scale = 10.0**DIGITS
        return round(lng * scale) / scale, round(lat * scale) / scale
    x, y = points_to_working([lng], [lat], crs)
    return float(x[0]), float(y[0])


def polygons_to_working(geoms: npt.ArrayLike, crs: str) -> Geometries:
    """Geometries (n,) in ``crs`` (polygons, lines or points; None stays None) in working coordinates, 2-D.

    From WGS 84 this is rounding alone. From another CRS a straight edge is not straight in the
    longitude–latitude plane, so neighbours are first noded in the source CRS (every vertex that lies on
    another ring's edge goes into that edge), then each edge gets vertices until no piece bows more than 0.05
    m, the same ones seen from either side; then all is transformed and rounded. Edge-matched polygons stay
    so. Invalid polygons are passed through. Raises :class:`InputError` naming the row of a geometry that has
    no place in WGS 84.
    """
    name = parse_crs(crs)
    array = np.array(geoms, dtype=object).reshape(-1)
    if name in _AS_WGS84:
        return np.asarray(shapely.transform(array, lambda c: np.round(c, DIGITS)), dtype=object)
    degrees = is_degrees(name)
    scale = 1.0 if degrees else 111_320.0

    def forward(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return _transform_flat(x, y, name, "wgs84")

    flat = np.asarray(shapely.force_2d(array), dtype=object)
    _refuse_lost(flat, name)
    dense = densify.node_and_densify(flat, forward, tolerance=1e-9 * scale, longest=0.05 * scale)
    # Every distinct coordinate is transformed once, so that a vertex of two rings cannot come out as two.
    distinct, at = np.unique(shapely.get_coordinates(dense), axis=0, return_inverse=True)
    moved = np.round(np.column_stack(forward(distinct[:, 0], distinct[:, 1])), DIGITS)
    return np.asarray(shapely.set_coordinates(dense, moved[at.reshape(-1)]), dtype=object)


def _refuse_lost(geoms: Geometries, crs: str) -> None:
    """Raise for the first vertex that the transformation has no place for."""
    coords, row = shapely.get_coordinates(geoms, return_index=True)
    lng, lat = _transform_flat(coords[:, 0], coords[:, 1], crs, "wgs84")
    lost = np.flatnonzero(np.isfinite(coords).all(axis=1) & ~(np.isfinite(lng) & np.isfinite(lat)))
    if len(lost):
        x, y = coords[lost[0]]
        raise InputError(
            f"coordinate ({x:.10g}, {y:.10g}) has no place in {crs}: the geometry is in another CRS; "
            "name the one it is really in",
            kind="bad-coordinates",
            row=int(row[lost[0]]) + 1,
        )


lines_to_working = polygons_to_working


def _transform_flat(x: Floats, y: Floats, src: str, dst: str) -> tuple[Floats, Floats]:
    """1-D arrays from one normalised CRS to another; NaN where there is no answer."""
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(finite, x, np.nan), np.where(finite, y, np.nan)
    if src == dst or (src in _AS_WGS84 and dst in _AS_WGS84):
        return x, y
    for step in _road(src, dst):
        out_x, out_y = np.empty_like(x), np.empty_like(y)
        for start in range(0, len(x), _CHUNK):
            part = slice(start, start + _CHUNK)
            out_x[part], out_y[part] = step(x[part], y[part])
        x, y = out_x, out_y
    lost = ~(np.isfinite(x) & np.isfinite(y))
    x[lost] = y[lost] = np.nan
    return x, y


def _road(src: str, dst: str) -> list[Forward]:
    """The steps from src to dst: up to WGS 84, then down."""
    if {src, dst} == {"gcj02", "bd09"}:
        return [gcj_to_bd if src == "gcj02" else bd_to_gcj]
    up: dict[str, list[Forward]] = {"gcj02": [gcj_to_wgs], "bd09": [bd_to_gcj, gcj_to_wgs]}
    down: dict[str, list[Forward]] = {"gcj02": [wgs_to_gcj], "bd09": [wgs_to_gcj, gcj_to_bd]}
    steps: list[Forward] = []
    if src not in _AS_WGS84:
        steps += up.get(src) or [_proj_step(src, True)]
    if dst not in _AS_WGS84:
        steps += down.get(dst) or [_proj_step(dst, False)]
    return steps


@lru_cache(maxsize=256)
def _proj_crs(name: str) -> Any:
    try:
        crs = pyproj.CRS.from_user_input(name.upper())
    except pyproj.exceptions.CRSError:
        crs = None
    if crs is None or not (crs.is_geographic or crs.is_projected) or len(crs.axis_info) != 2:
        raise InputError(
            f"unknown CRS {name!r}: EPSG has no two-dimensional geographic or projected CRS of that number; "
            "expected wgs84, gcj02, bd09 or epsg:N",
            kind="unknown-crs",
        )
    return crs


def _proj_step(name: str, to_wgs84: bool) -> Forward:
    """A step through PROJ between an EPSG code and WGS 84, always x first."""
    ends = (_proj_crs(name), _proj_crs("epsg:4326"))
    transformer = _transformer(*(ends if to_wgs84 else ends[::-1]))

    def step(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        out_x, out_y = transformer.transform(x, y)
        return np.asarray(out_x, np.float64), np.asarray(out_y, np.float64)

    return step


@lru_cache(maxsize=64)
def _transformer(src: Any, dst: Any) -> Any:
    return pyproj.Transformer.from_crs(src, dst, always_xy=True)
