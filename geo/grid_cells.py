"""A grid as H3 cells: those wholly inside it, and of each cell on its border the exact share that it covers.

What is meant: an edge of a grid is straight in the longitude–latitude plane; an edge of a cell is a
great-circle arc between its corners on H3's sphere, which takes geodetic latitudes as they are: so
``latLngToCell`` decides points. An arc is followed by a chain of straight edges that leave it by no more than
a millionth of its length, the same chain for the cells on either side. Areas are those on the WGS 84
ellipsoid. A share is right within 1e-6; cells that only touch a grid are not in it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.affinity
from h3.api import basic_int
from numpy.typing import NDArray

from geo.cells import cells
from geo.errors import InputError
from geo.geodesy import area_m2, distance_m

Floats = NDArray[np.float64]
Cells = NDArray[np.uint64]
Geometries = NDArray[np.object_]

LEAST_SHARE = 1e-9
"""Less of a cell than this is the rounding of a line that runs along its border."""

_BOW = 1e-6
_STEP = 0.2
_SMALLEST = 0.3
_EARTH_M = 6_371_007.0


@dataclass(frozen=True)
class GridCells:
    """``cell`` (n,) uint64, ascending; ``inside`` (n,) whether the grid covers it whole; ``share`` (n,) of
    the cell's area that the grid covers: 1 inside, more than 0 on the border.
    """

    cell: Cells
    inside: NDArray[np.bool_]
    share: Floats

    def __len__(self) -> int:
        return len(self.cell)


def expected(polygon: Any, res: int) -> float:
    """About how many cells of a resolution a grid (EPSG:4326) has, inside and on its border."""
    edge = basic_int.average_hexagon_edge_length(res, unit="m")
    across = float(shapely.length(polygon)) * 111_320 / edge
    return float(area_m2([polygon])[0] / basic_int.average_hexagon_area(res, unit="m^2") + across)


def grid_cells(polygon: Any, res: int) -> GridCells:
    """The cells of a resolution (0–15) that a polygon or multipolygon (EPSG:4326 degrees, valid) meets.

    Raises :class:`InputError` for another geometry, and for one wider than half the earth.
    """
    if polygon is None or polygon.is_empty:
        none = np.empty(0, np.uint64)
        return GridCells(none, np.empty(0, bool), np.empty(0))
    if polygon.geom_type not in ("Polygon", "MultiPolygon"):
        raise InputError(f"a {polygon.geom_type}: a polygon was expected", kind="bad-geometry")
    if polygon.bounds[2] - polygon.bounds[0] > 180:
        raise InputError("the grid is wider than 180°: cut it in two", kind="grid-too-wide")
    on_border = _crossed(polygon, res)
    whole = np.setdiff1d(_within(polygon, res), on_border)
    shapes = cell_polygons(on_border)
    polygon = shapely.from_wkb(shapely.to_wkb(polygon))  # preparing changes it, and it is the caller's
    shapely.prepare(polygon)
    inside = shapely.covers(polygon, shapes)
    met = inside | shapely.intersects(polygon, shapes)
    on_border, shapes, inside = on_border[met], shapes[met], inside[met]
    share = np.ones(len(on_border))
    cut = ~inside
    share[cut] = area_m2(shapely.intersection(shapes[cut], polygon)) / area_m2(shapes[cut])
    real = share > LEAST_SHARE
    cell = np.concatenate([whole, on_border[real]])
    order = np.argsort(cell)
    return GridCells(
        cell[order],
        np.concatenate([np.ones(len(whole), bool), inside[real]])[order],
        np.concatenate([np.ones(len(whole)), np.minimum(share[real], 1.0)])[order],
    )


def cell_polygons(cell: Cells) -> Geometries:
    """The ground of each cell (n,) as a polygon, or a multipolygon where ±180° or a pole cuts it."""
    out = np.empty(len(cell), dtype=object)
    for row, one in enumerate(cell.tolist()):
        out[row] = _polygon(np.array(basic_int.cell_to_boundary(one))[:, ::-1])
    return out


def _crossed(polygon: Any, res: int) -> Cells:
    """All cells that the border of the polygon runs through, and some beside them.

    Cells that do not touch each other are about an edge apart, so whatever cell the border enters touches the
    cell of a point of the border that is nearer than that.
    """
    step = _STEP * basic_int.average_hexagon_edge_length(res, unit="m")
    coords, ring = shapely.get_coordinates(shapely.get_rings(shapely.get_parts(polygon)), return_index=True)
    inner = np.flatnonzero(ring[1:] == ring[:-1])
    a, b = coords[inner], coords[inner + 1]
    # Along a parallel an edge is longer than the geodesic between its ends.
    middle = (a + b) / 2
    metres = distance_m(*a.T, *middle.T) + distance_m(*middle.T, *b.T)
    pieces = np.maximum(np.ceil(1.1 * metres / step), 1).astype(np.int64)
    at = np.repeat(np.arange(len(a)), pieces)
    t = (np.arange(len(at)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[at]
    points = a[at] + t[:, None] * (b[at] - a[at])
    found = np.unique(cells(points[:, 0], points[:, 1], res))
    beside = [cell for one in found.tolist() for cell in basic_int.grid_disk(one, 1)]
    return np.unique(np.array(beside, np.uint64))


def _within(polygon: Any, res: int) -> Cells:
    """All cells that the polygon holds whole, and some that it does not: those whose centre it holds."""
    found: list[int] = []
    parts = shapely.get_parts(polygon)
    # No cell is smaller than that (pentagons are half the average), so a part that is holds none; H3 refuses
    # the thinnest.
    least = basic_int.average_hexagon_area(res, unit="m^2") * _SMALLEST
    for part in parts[area_m2(parts) > least]:
        rings = [shapely.get_coordinates(ring)[:-1, ::-1].tolist() for ring in shapely.get_rings(part)]
        found += basic_int.h3shape_to_cells(basic_int.LatLngPoly(*rings), res)
    return np.unique(np.array(found, np.uint64))


def _polygon(corners: Floats) -> Any:
    """The ring of a cell's corners (n,2) degrees, its edges as chains, within ±180°."""
    corners = np.round(corners, 11)  # of two cells they differ in the last bit
    chain = np.concatenate(
        [_arc(a, b)[:-1] for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    )
    turns = np.diff(chain[:, 0], append=chain[:1, 0])
    if np.abs(turns).max() <= 180:
        return shapely.Polygon(chain)
    turns -= 360 * np.round(turns / 360)
    lng = chain[0, 0] + np.concatenate([[0.0], np.cumsum(turns)])
    ring = np.column_stack([lng[:-1], chain[:, 1]])
    if abs(lng[-1] - lng[0]) > 180:  # it goes around a pole
        pole = np.copysign(90.0, chain[0, 1])
        ring = np.vstack([ring, [[lng[-1], chain[0, 1]], [lng[-1], pole], [lng[0], pole]]])
    shape = shapely.Polygon(ring)
    parts = []
    for turn in (-360, 0, 360):
        window = shapely.intersection(shape, shapely.box(turn - 180, -90, turn + 180, 90))
        parts.append(shapely.affinity.translate(window, -turn))
    return shapely.union_all([part for part in parts if part.area > 0])


def _arc(a: Floats, b: Floats) -> Floats:
    """The great-circle arc between two points (degrees) as a chain (k,2); the reverse of that from b to a."""
    if tuple(b) < tuple(a):
        return _arc(b, a)[::-1]
    start, end = _vector(a), _vector(b)
    angle = float(np.arctan2(np.linalg.norm(np.cross(start, end)), start @ end))
    # How far a straight edge leaves the arc, as a part of its length: L tan(lat) / 8R.
    lat = min(max(abs(float(a[1])), abs(float(b[1]))), 89.0)
    pieces = int(np.ceil(np.sqrt(max(angle * np.tan(np.radians(lat)) / 8 / _BOW, 1.0))))
    t = np.linspace(0, 1, pieces + 1)[1:-1, None]
    between = (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)
    lng = np.degrees(np.arctan2(between[:, 1], between[:, 0]))
    lat_between = np.degrees(np.arctan2(between[:, 2], np.hypot(between[:, 0], between[:, 1])))
    return np.vstack([a, np.column_stack([lng, lat_between]), b])


def _vector(place: Floats) -> Floats:
    lng, lat = np.radians(place)
    return np.array([np.cos(lat) * np.cos(lng), np.cos(lat) * np.sin(lng), np.sin(lat)])
