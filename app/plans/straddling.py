"""Barriers that a grid straddles: its parts on either side meet at no bridge. Pure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.geodesy import area_m2

Geometries = npt.NDArray[np.object_]

# A strip between a border and a barrier drawn by another hand is not a side of its own.
LEAST_M2 = 1_000.0
LEAST_SHARE = 0.01
# About a metre in degrees: bridges and barriers come from different drawings.
NEAR = 1e-5


@dataclass(frozen=True)
class Straddle:
    """A grid (its row), and the pieces of barrier inside it that cut it."""

    row: int
    line: Any


def straddles(grids: Geometries, lines: Geometries, bridges: Geometries) -> list[Straddle]:
    """Grids (n,) that barriers (m,) cut into parts which no bridge joins. All WGS 84; a grid or a barrier's
    ``bridges`` (m,) may be None.
    """
    if not len(lines):
        return []
    out = []
    tree = shapely.STRtree(lines)
    crossings = shapely.get_parts(bridges[~shapely.is_missing(bridges)])
    usable = np.flatnonzero(~shapely.is_missing(grids) & shapely.is_valid(grids))
    rows, hits = tree.query(grids[usable], predicate="crosses")
    for at in np.unique(rows):
        row = int(usable[at])
        inside = shapely.intersection(shapely.union_all(lines[hits[rows == at]]), grids[row])
        if _apart(grids[row], inside, crossings):
            out.append(Straddle(row, inside))
    return out


def _apart(grid: Any, inside: Any, crossings: Geometries) -> bool:
    """Whether the lines leave sides of some size that no crossing joins."""
    # What the grid's own shape separates (a part across a lake) no barrier is to blame for.
    for part in shapely.get_parts(grid):
        noded = shapely.union_all([part.boundary, shapely.intersection(inside, part)])
        faces = shapely.get_parts(shapely.polygonize([noded]))
        faces = faces[shapely.contains(part, shapely.point_on_surface(faces))]
        areas = area_m2(faces)
        group = np.arange(len(faces))
        for crossing in crossings:
            joined = np.flatnonzero(shapely.dwithin(faces, crossing, NEAR))
            group[np.isin(group, group[joined])] = group[joined].min() if len(joined) else 0
        sides = np.bincount(group, areas, minlength=1)
        if (sides > max(LEAST_M2, LEAST_SHARE * areas.sum())).sum() > 1:
            return True
    return False
