"""What a map shows beneath and between its grids, read from the demo's files, in metres of one plane."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

from app.demo.tables import columns
from geo.datum import points_to_working, polygons_to_working
from geo.geodesy import Projection

Geometries = npt.NDArray[np.object_]

MAIN_STREETS = ("motorway", "primary", "secondary", "tertiary")
SIDE_STREETS = ("residential", "unclassified", "living_street")


def nothing() -> Geometries:
    """No geometries."""
    return np.empty(0, dtype=object)


@dataclass(frozen=True)
class Base:
    """Ground in metres of the map's plane: water, rivers, railways, streets, and points of places."""

    water: Geometries = field(default_factory=nothing)
    rivers: Geometries = field(default_factory=nothing)
    railways: Geometries = field(default_factory=nothing)
    main_streets: Geometries = field(default_factory=nothing)
    side_streets: Geometries = field(default_factory=nothing)
    places: Geometries = field(default_factory=nothing)


def of_lines(folder: Path, crs: str, plane: Projection) -> Base:
    """Streets, railways, rivers and lakes from ``barriers.gpkg`` and ``exclusions.gpkg``."""
    kinds, lines = _read(folder / "barriers.gpkg", crs, "kind")
    lakes = _read(folder / "exclusions.gpkg", crs, "reason")[1]
    is_line = shapely.get_dimensions(lines) == 1

    def of(wanted: Sequence[str]) -> Geometries:
        return np.asarray(plane.forward(lines[is_line & np.isin(kinds, np.array(wanted))]), dtype=object)

    return Base(
        water=np.asarray(plane.forward(lakes), dtype=object),
        rivers=of(("river",)),
        railways=of(("railway",)),
        main_streets=of(MAIN_STREETS),
        side_streets=of(SIDE_STREETS),
    )


def of_places(file: Path, crs: str, plane: Projection) -> Base:
    """Points of a CSV with ``lng`` and ``lat``."""
    found = columns(file, ("lng", "lat"))
    lng, lat = (np.array(found[name], dtype=float) for name in ("lng", "lat"))
    x, y = plane.to_plane(*points_to_working(lng, lat, crs))
    return Base(places=np.asarray(shapely.points(x, y), dtype=object))


def _read(path: Path, crs: str, column: str) -> tuple[npt.NDArray[np.str_], Geometries]:
    """A column as text, and the geometries in WGS 84."""
    found = columns(path, (column, "geometry"))
    shapes = np.asarray(shapely.from_wkb(found["geometry"]), dtype=object)
    return np.array([name or "" for name in found[column]]), polygons_to_working(shapes, crs)
