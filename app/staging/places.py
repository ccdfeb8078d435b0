"""Coordinates and shapes of a file in working coordinates, whole columns at once. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
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
    """n points as received and in WGS 84 (NaN where there is none or a fault is)."""

    received_lng: Floats
    received_lat: Floats
    lng: Floats
    lat: Floats
    faults: Faults

    @property
    def ewkb(self) -> Any:
        """As :func:`ewkb`, an Arrow array; null where a fault is."""
        return point_ewkb(self.lng, self.lat)

    @property
    def h3(self) -> Any:
        """The cells, an Arrow array; null where a fault is."""
        return cell_column(self.lng, self.lat)


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
    return Points(x, y, lng, lat, faults)


_EWKB_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")])


def point_ewkb(lng: Floats, lat: Floats) -> Any:
    """Points as binary COPY sends them, as an Arrow array: EWKB in WGS 84, null where NaN."""
    rows = np.empty(len(lng), _EWKB_POINT)
    rows["order"], rows["kind"], rows["srid"] = 1, 0x20000001, 4326
    rows["x"], rows["y"] = lng, lat
    size = _EWKB_POINT.itemsize
    ends = np.arange(len(lng) + 1, dtype=np.int32) * size
    made = pa.Array.from_buffers(pa.binary(), len(lng), [None, pa.py_buffer(ends), pa.py_buffer(rows)])
    return pc.if_else(pa.array(np.isfinite(lng)), made, pa.scalar(None, pa.binary()))


def cell_column(lng: Floats, lat: Floats) -> Any:
    """The cells of points, as an Arrow array; null where NaN."""
    return pa.array(cells(lng, lat).astype(np.int64), mask=~np.isfinite(lng))


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
    """n geometries as received (WKB) and in WGS 84 (None where a fault is), and an inside point's cell, an
    Arrow array.
    """

    received: list[bytes | None]
    shapes: Geometries
    h3: Any
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
    return Shapes(raw, working, cell_column(lng, lat), faults, repaired)


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
