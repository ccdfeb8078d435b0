"""Adaptive H3 cells: fine where there is much work, coarse where there is little."""

from typing import Any

import numpy as np
import shapely
from h3.api import basic_int
from numpy.typing import NDArray

from geo.cells import cells
from geo.errors import InputError
from geo.geodesy import Projection
from geo.units.model import Floats, Geometries, geometries


def parents(cell: NDArray[np.uint64], res: int) -> NDArray[np.uint64]:
    """The ancestors at a coarser resolution (or the cells themselves), by the layout of the H3 index."""
    below = np.uint64((1 << (3 * (15 - res))) - 1)
    cleared = cell & ~np.uint64(0xF << 52)
    return cleared | np.uint64(res << 52) | below


def adaptive_cells(
    extent: Geometries, lng: Floats, lat: Floats, load: Floats, share: float, resolutions: tuple[int, int]
) -> NDArray[np.uint64]:
    """Leaf cells over polygons, of mixed resolution.

    ``extent`` polygons in EPSG:4326; ``lng``, ``lat`` (m,) degrees and ``load`` (m, k) shares of a grid's
    target. Starts from the coarsest resolution and divides every cell whose load exceeds ``share`` in some
    column, down to the finest. InputError (``bad-resolution``) unless 0 <= coarsest <= finest <= 15.
    """
    coarsest, finest = resolutions
    if not 0 <= coarsest <= finest <= 15:
        raise InputError(
            f"H3 resolutions {coarsest} to {finest}; ascending numbers from 0 to 15 were expected",
            kind="bad-resolution",
        )
    open_cells = _covering(extent, coarsest)
    at = cells(lng, lat, finest)
    leaves = []
    for res in range(coarsest, finest + 1):
        if res == finest or len(open_cells) == 0:
            leaves.append(open_cells)
            break
        found, inverse = np.unique(parents(at, res), return_inverse=True)
        inverse = inverse.reshape(-1)
        heaviest = np.zeros(len(found))
        for column in load.T:
            heaviest = np.maximum(heaviest, np.bincount(inverse, column, minlength=len(found)))
        divide = np.isin(open_cells, found[heaviest > share])
        leaves.append(open_cells[~divide])
        children = [basic_int.cell_to_children(int(cell), res + 1) for cell in open_cells[divide]]
        open_cells = np.array([child for family in children for child in family], np.uint64)
    return np.concatenate(leaves)


def cell_lines(leaves: NDArray[np.uint64], plane: Projection) -> Geometries:
    """The lines between leaf cells, EPSG:4326, rounded to 1e-9 degree.

    Hexagons of two resolutions do not fit together, so the lines are those of the Voronoi diagram of the
    cells' centres (in the local plane): within one resolution the cells themselves, between two a clean seam.
    """
    if len(leaves) < 2:
        return geometries()
    centres = np.array([basic_int.cell_to_latlng(int(cell)) for cell in leaves])
    x, y = plane.to_plane(centres[:, 1], centres[:, 0])
    edges = shapely.voronoi_polygons(shapely.multipoints(np.column_stack([x, y])), only_edges=True)
    lines = plane.inverse(shapely.get_parts(edges))
    return np.asarray(shapely.transform(lines, lambda c: np.round(c, 9)), dtype=object)


def _covering(extent: Geometries, res: int) -> NDArray[np.uint64]:
    found: set[int] = set()
    for polygon in shapely.get_parts(extent):
        shape: Any = basic_int.geo_to_h3shape(shapely.Polygon(polygon.exterior).__geo_interface__)
        found.update(basic_int.h3shape_to_cells_experimental(shape, res, contain="overlap"))
    return np.array(sorted(found), np.uint64)
