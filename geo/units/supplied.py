"""Polygons that a planner supplies as units: they must divide the ground of the grids."""

import numpy as np
import shapely

from geo.errors import InputError
from geo.geodesy import Projection
from geo.units.model import Bools, Floats, Geometries, Options


def require_partition(faces: Geometries, supplied: Geometries, plane: Projection, options: Options) -> None:
    """InputError (``units-overlap``, ``units-gap``) unless every face of the grids is in one polygon.

    Faces that are crumbs by the ``options`` are what drawing by another hand leaves along a border; they
    join a neighbour.
    """
    metric = plane.forward(faces)
    area, perimeter = shapely.area(metric), shapely.length(metric)
    ground = (area >= options.small_m2) & (2 * area >= options.thin_m * perimeter)
    face, row = shapely.STRtree(supplied).query(shapely.point_on_surface(faces), predicate="intersects")
    times = np.bincount(face, minlength=len(faces))
    twice, never = ground & (times > 1), ground & (times == 0)
    if twice.any():
        rows = np.sort(row[face == _largest(twice, area)]) + 1
        raise InputError(
            f"units overlap on {area[twice].sum():,.0f} m²; most of it is in rows {rows[0]} and {rows[1]}. "
            "Each place belongs to one unit: mend the polygons first",
            kind="units-overlap",
            row=int(rows[1]),
        )
    if never.any():
        spot = shapely.point_on_surface(faces[_largest(never, area)])
        raise InputError(
            f"{area[never].sum():,.0f} m² of the grids are in no unit; the largest part is at "
            f"{spot.x:.6f}, {spot.y:.6f}. Units must cover the grids: add what is missing",
            kind="units-gap",
        )


def _largest(some: Bools, area: Floats) -> int:
    rows = np.flatnonzero(some)
    return int(rows[np.argmax(area[rows])])
