"""Coordinates and shapes of a file in working coordinates, whole columns at once. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from app.staging.values import Faults
from geo import files
from geo.cells import cells
from geo.datum import is_degrees, is_wgs84, points_to_working, polygons_to_working

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Geometries = npt.NDArray[np.object_]

POINTS = ("Point",)
POLYGONS = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")


@dataclass(frozen=True)
class Points:
    """n points as received and in WGS 84 (NaN where a fault is), with EWKB and H3 cell (None there)."""

    received_lng: list[float | None]
    received_lat: list[float | None]
    lng: Floats
    lat: Floats
    ewkb: list[bytes | None]
    h3: list[int | None]
    faults: Faults


def points(lng: Any, lat: Any, crs: str, *, needed: bool = True) -> Points:
    """Columns of longitude and latitude (or easting and northing); faults say what is wrong and whether the
    axes look swapped. Not ``needed``: a row with neither coordinate is no fault.
    """
    x, wrong_x = files.numbers(lng)
    y, wrong_y = files.numbers(lat)
    blank = np.zeros(len(x), bool) if needed else np.isnan(x) & np.isnan(y) & ~wrong_x & ~wrong_y
    return _points(x, y, wrong_x, wrong_y, blank, crs)


def points_of(shapes: Geometries, crs: str) -> Points:
    """The same for a column of geometries, which have to be points."""
    kinds = shapely.get_type_id(shapes)
    single = (kinds == 0) & ~shapely.is_empty(shapes)
    x, y = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
    x[single], y[single] = shapely.get_x(shapes[single]), shapely.get_y(shapes[single])
    no = np.zeros(len(shapes), bool)
    found = _points(x, y, no, no, no, crs)
    for row in np.flatnonzero(~single):
        shape = shapes[row]
        found.faults[int(row)] = (
            "the geometry is missing"
            if shape is None or shape.is_empty
            else f"the geometry is a {shape.geom_type}: expected a point"
        )
    return found


def _points(x: Floats, y: Floats, wrong_x: Bools, wrong_y: Bools, blank: Bools, crs: str) -> Points:
    lng, lat = points_to_working(x, y, crs)
    good = np.isfinite(lng)
    faults = {
        int(row): _why_not(x[row], y[row], bool(wrong_x[row]), bool(wrong_y[row]), crs)
        for row in np.flatnonzero(~good & ~blank)
    }
    return Points(_listed(x), _listed(y), lng, lat, ewkb(_made(lng, lat, good)), _cells(lng, lat), faults)


def _made(lng: Floats, lat: Floats, good: Bools) -> Geometries:
    out = np.full(len(lng), None, dtype=object)
    out[good] = shapely.points(lng[good], lat[good])
    return out


def _listed(values: Floats) -> list[float | None]:
    out: list[float | None] = values.tolist()
    for row in np.flatnonzero(~np.isfinite(values)):
        out[row] = None
    return out


def _cells(lng: Floats, lat: Floats) -> list[int | None]:
    out: list[int | None] = cells(lng, lat).astype(np.int64).tolist()
    for row in np.flatnonzero(~np.isfinite(lng)):
        out[row] = None
    return out


def _why_not(x: float, y: float, wrong_x: bool, wrong_y: bool, crs: str) -> str:
    """Why a point is refused."""
    degrees = is_degrees(crs)
    for value, wrong, name in (
        (x, wrong_x, "longitude" if degrees else "easting"),
        (y, wrong_y, "latitude" if degrees else "northing"),
    ):
        if wrong:
            return f"the {name} is not a number"
        if np.isnan(value):
            return f"the {name} is missing or NaN"
        if np.isinf(value):
            return f"the {name} is infinite"
    if degrees and abs(y) > 90 and abs(x) <= 90 and abs(y) <= 180:
        return (
            f"latitude {y:.10g} is out of range -90 to 90: longitude and latitude look swapped "
            f"({y:.10g}, {x:.10g} would be a place)"
        )
    if degrees and abs(y) > 90:
        return f"latitude {y:.10g} is out of range -90 to 90"
    if degrees and abs(x) > 180:
        return f"longitude {x:.10g} is out of range -180 to 180"
    return f"({x:.10g}, {y:.10g}) has no place in {crs}: the coordinates look like another CRS, or swapped"


@dataclass(frozen=True)
class Shapes:
    """n geometries as received (WKB) and in WGS 84 (None where a fault is), and an inside point's cell."""

    received: list[bytes | None]
    shapes: Geometries
    h3: list[int | None]
    faults: Faults
    repaired: int = 0


def shapes(
    given: Geometries, crs: str, kinds: Collection[str], *, repair: bool = False, needed: bool = True
) -> Shapes:
    """Geometries of these ``kinds`` in working coordinates. A fault is named with where it is; an invalid
    polygon is mended only when ``repair`` says so. Not ``needed``: a missing geometry is no fault.
    """
    received = given
    given = np.asarray(shapely.force_2d(given), dtype=object)
    faults: Faults = {}
    missing = shapely.is_missing(given) | shapely.is_empty(given)
    if needed:
        faults |= {int(row): "the geometry is missing" for row in np.flatnonzero(missing)}
    usable = ~missing & np.isin(_names(given), list(kinds))
    for row in np.flatnonzero(~missing & ~usable):
        faults[int(row)] = f"the geometry is a {given[row].geom_type}: expected {' or '.join(kinds)}"
    for number, why in _bad_coordinates(given, usable, crs).items():
        faults[number], usable[number] = why, False
    invalid = usable & ~shapely.is_valid(given)
    repaired = int(invalid.sum()) if repair else 0
    if repair:
        given[invalid] = [mended(shape) for shape in given[invalid]]
        usable &= ~shapely.is_missing(given)
    for row in np.flatnonzero(invalid & ~usable if repair else invalid):
        faults[int(row)] = f"the polygon is invalid: {shapely.is_valid_reason(received[row])}"
        usable[row] = False
    working = np.full(len(given), None, dtype=object)
    if usable.any():
        working[usable] = polygons_to_working(given[usable], crs)
    # Rounding may pinch a hair's breadth shut; that is our doing, so it is ours to mend.
    pinched = usable & ~shapely.is_valid(working)
    working[pinched] = [mended(shape) or shape for shape in working[pinched]]
    inside = shapely.point_on_surface(working)
    lng, lat = np.full(len(given), np.nan), np.full(len(given), np.nan)
    lng[usable], lat[usable] = shapely.get_x(inside[usable]), shapely.get_y(inside[usable])
    raw = list(shapely.to_wkb(received))
    return Shapes(raw, working, _cells(lng, lat), faults, repaired)


def mended(shape: Any) -> Any:
    """The valid polygonal shape nearest to this one's meaning, None when nothing with an area is left."""
    made = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    if made.geom_type not in (*POLYGONS, "GeometryCollection"):
        return None if shape.geom_type in POLYGONS else made
    parts = [part for part in shapely.get_parts(made) if part.geom_type in POLYGONS]
    joined = shapely.union_all(parts) if len(parts) > 1 else (parts[0] if parts else None)
    return None if joined is None or joined.is_empty else joined


def ewkb(geometries: Geometries) -> list[bytes | None]:
    """Geometries as binary COPY sends them: EWKB in WGS 84."""
    return list(shapely.to_wkb(shapely.set_srid(geometries, 4326), include_srid=True))


def _names(geometries: Geometries) -> npt.NDArray[np.str_]:
    names = np.array(
        [
            "Point",
            "LineString",
            "LinearRing",
            "Polygon",
            "MultiPoint",
            "MultiLineString",
            "MultiPolygon",
            "Other",
        ]
    )
    kinds = shapely.get_type_id(geometries)
    return names[np.clip(kinds, -1, 7)]


def _bad_coordinates(geometries: Geometries, usable: Bools, crs: str) -> Faults:
    """The usable rows with a vertex that is no place, with the reason for the first such vertex."""
    rows = np.flatnonzero(usable)
    xy, at = shapely.get_coordinates(geometries[rows], return_index=True)
    if is_wgs84(crs):
        with np.errstate(invalid="ignore"):
            bad = ~((np.abs(xy[:, 0]) <= 180) & (np.abs(xy[:, 1]) <= 90))
    else:
        bad = ~np.isfinite(points_to_working(xy[:, 0], xy[:, 1], crs)[0])
    first = dict(zip(at[bad][::-1].tolist(), np.flatnonzero(bad)[::-1].tolist(), strict=True))
    return {
        int(rows[row]): f"a vertex is no place: {_why_not(xy[v, 0], xy[v, 1], False, False, crs)}"
        for row, v in first.items()
    }
