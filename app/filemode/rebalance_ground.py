"""Neighbours of units, from a table or their polygons, and the barriers between them."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely

from app.filemode.rebalance_options import Options
from geo.adjacency import drop_barriers, polygon_edges
from geo.datum import is_degrees, transform
from geo.errors import InputError
from geo.files import geometries, numbers, open_table, text
from geo.geodesy import local_projection
from geo.metrics import Shapes, shapes_of

Geometries = npt.NDArray[np.object_]


def all_polygons(geoms: Geometries) -> bool:
    return bool(((shapely.get_dimensions(geoms) == 2) & ~shapely.is_empty(geoms)).all())


def read_edges(
    options: Options, ids: list[str], shapes: Shapes | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64] | None]:
    """Neighbours (m, 2) and shared lengths: from the table, else from the polygons."""
    if options.edges is None:
        if shapes is None:
            message = "units without polygons need --edges, a table of source and target"
            raise InputError(message, kind="no-geometry", file=str(options.units))
        return shapes.edges, shapes.lengths
    table = open_table(options.edges)
    has_length = "length" in table.columns
    data = table.read(["source", "target", "length"] if has_length else ["source", "target"])
    index = {v: i for i, v in enumerate(ids)}
    ends = []
    for column in ("source", "target"):
        end = np.array([index.get(v, -1) for v in text(data[column]).to_pylist()], np.int64)
        unknown = np.flatnonzero(end < 0)
        if len(unknown):
            value = text(data[column])[int(unknown[0])].as_py()
            message = f"no unit has the id {value!r}"
            raise InputError(
                message, kind="unknown-unit", file=str(options.edges), row=int(unknown[0]) + 1, column=column
            )
        ends.append(end)
    edges = np.column_stack(ends).reshape(-1, 2)
    if not has_length:
        return edges, _lengths_from(shapes, edges)
    lengths, _ = numbers(data["length"])
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths >= 0)))
    if len(bad):
        message = "a length must be a number from 0"
        raise InputError(
            message, kind="bad-value", file=str(options.edges), row=int(bad[0]) + 1, column="length"
        )
    return edges, lengths


def _lengths_from(shapes: Shapes | None, edges: npt.NDArray[np.int64]) -> npt.NDArray[np.float64] | None:
    """Shared lengths of given pairs from the polygons; 0 for a pair that does not touch, such as a bridge."""
    if shapes is None:
        return None
    n = len(shapes.area)
    key = shapes.edges[:, 0] * n + shapes.edges[:, 1]
    pair = np.sort(edges, axis=1)
    wanted = pair[:, 0] * n + pair[:, 1]
    at = np.minimum(np.searchsorted(key, wanted), max(0, len(key) - 1))
    if len(key) == 0:
        return np.zeros(len(edges))
    return np.where(key[at] == wanted, shapes.lengths[at], 0.0)


def rounded(geoms: Geometries, crs: str | None) -> Geometries:
    """The same polygons with coordinates to 0.1 mm (1e-9 degree), as grids are worked with everywhere.

    Corners of neighbours that were computed differ in their last bits; unrounded they would not touch.
    """
    decimals = 9 if crs is None or is_degrees(crs) else 4
    return np.asarray(shapely.transform(geoms, lambda xy: np.round(xy, decimals)), dtype=object)


def in_metres(geoms: Geometries, crs: str | None) -> Geometries:
    """The same polygons in a plane in metres; as they are where the CRS is a plane or unknown."""
    if crs is None or not is_degrees(crs):
        return geoms
    return np.asarray(local_projection(shapely.total_bounds(geoms)).forward(geoms), dtype=object)


def unit_shapes(geoms: Geometries, plane: Geometries) -> Shapes:
    """Shapes in metres, with neighbours from the coordinates before projection: those match exactly."""
    if plane is geoms:
        return shapes_of(geoms)
    edges, lengths = polygon_edges(geoms)
    _, metres = polygon_edges(plane)
    if len(metres) == len(lengths):
        lengths = metres
    return Shapes(np.asarray(shapely.area(plane)), np.asarray(shapely.length(plane)), edges, lengths)


def without_barriers(
    options: Options,
    geoms: Geometries | None,
    crs: str | None,
    plane: Geometries | None,
    edges: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.float64] | None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64] | None]:
    if geoms is None or plane is None:
        raise InputError(
            "--barriers need units that are polygons", kind="no-geometry", file=str(options.units)
        )
    assert options.barriers is not None
    barriers = _beside(options.barriers, geoms, crs)
    bridges = None if options.bridges is None else _beside(options.bridges, geoms, crs)
    known = np.ones(len(edges)) if lengths is None else lengths
    kept, left = drop_barriers(plane, edges, known, barriers, bridges)
    return kept, None if lengths is None else left


def _beside(path: Path, geoms: Geometries, crs: str | None) -> Geometries:
    """Lines or points of a file in the plane in which the units are measured."""
    table = open_table(path)
    if not table.has_geometry:
        raise InputError("no geometry: expected lines or points", kind="no-geometry", file=str(path))
    found = geometries(table.read(["geometry"])["geometry"], file=str(path))
    found = found[~shapely.is_missing(found)]
    if table.crs != crs:
        if table.crs is None or crs is None:
            message = f"its CRS is {table.crs or 'unknown'}, the units' {crs or 'unknown'}: give both one"
            raise InputError(message, kind="unknown-crs", file=str(path))
        found = _reproject(found, table.crs, crs)
    if crs is None or not is_degrees(crs):
        return found
    return np.asarray(local_projection(shapely.total_bounds(geoms)).forward(found), dtype=object)


def _reproject(geoms: Geometries, source: str, sink: str) -> Geometries:
    def move(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack(transform(xy[:, 0], xy[:, 1], source, sink))

    return np.asarray(shapely.transform(geoms, move), dtype=object)
