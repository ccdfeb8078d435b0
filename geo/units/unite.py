"""Units that go together: where a new border may not end, the units on both sides are one."""

from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.units.build import dissolve
from geo.units.joins import group_edges
from geo.units.model import Geometries, Ints, Units
from geo.units.noding import keys

# A new vertex on an old border lies this near it at most (rounding to 1e-9 degree), with room.
_ON = 1e-8


def meeting_at(units: Units, grids: Geometries, beside: Geometries) -> NDArray[np.int64]:
    """Pairs of units (m, 2) that meet the polygons ``beside`` at a point that is no vertex of ``grids``.

    ``grids`` (g,) are those the units were made of, ``beside`` (b,) others that border them; all EPSG:4326.
    A new border between the units of a pair would put a vertex on the border of a polygon beside.
    """
    nothing = np.empty((0, 2), np.int64)
    outer = units.segments.only(units.segments.right < 0)
    if not len(beside) or not len(outer.left):
        return nothing
    xy = np.concatenate([outer.start, outer.end])
    unit = np.concatenate([outer.left, outer.left]).astype(np.int64)
    at = keys(xy)
    new = ~np.isin(at, keys(shapely.get_coordinates(grids)))
    xy, unit, at = xy[new], unit[new], at[new]
    touching = shapely.STRtree(beside).query(shapely.points(xy), predicate="dwithin", distance=_ON)[0]
    on = np.unique(touching)
    unit, at = unit[on], at[on]
    order = np.lexsort((unit, at))
    unit, at = unit[order], at[order]
    same = (at[1:] == at[:-1]) & (unit[1:] != unit[:-1])
    return np.column_stack([unit[:-1][same], unit[1:][same]]) if len(at) else nothing


def unite(units: Units, pairs: NDArray[np.int64]) -> tuple[Units, Ints]:
    """The units with those of each pair (m, 2), which must be of one grid, made one; and the new number (n,)
    of each old unit.

    Units are numbered anew in the order of their first members. A unit may be in several pieces where those
    of a pair share no border.
    """
    n = len(units.grid)
    if not len(pairs):
        return units, np.arange(n, dtype=np.int32)
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    found = connected_components(links, directed=False)[1]
    _, first, back = np.unique(found, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    label: Ints = rank[back.reshape(-1)]
    count = len(first)

    left = label[units.segments.left]
    right = np.where(units.segments.right >= 0, label[units.segments.right], -1).astype(np.int32)
    inner = left == right
    area = np.bincount(label, units.area_m2, count).astype(np.float64)
    shared = np.bincount(left[inner], units.segments.length_m[inner], count)
    outline = (np.bincount(label, units.perimeter_m, count) - 2 * shared).astype(np.float64)
    middle = [np.bincount(label, units.xy[:, axis] * units.area_m2, count) / area for axis in (0, 1)]
    ends = label[units.edges]
    apart = ends[:, 0] != ends[:, 1]
    edges, (length, street) = group_edges(
        ends[apart, 0], ends[apart, 1], count, units.edge_length_m[apart], units.edge_street_m[apart]
    )
    grid = np.empty(count, np.int32)
    grid[label] = units.grid
    united = replace(
        units,
        polygons=dissolve(units.polygons, label, count),
        grid=grid,
        xy=np.column_stack(middle),
        area_m2=area,
        perimeter_m=outline,
        edges=edges,
        edge_length_m=length,
        edge_street_m=street,
        segments=replace(units.segments, left=left, right=right).only(~inner),
        demand_unit=np.where(units.demand_unit >= 0, label[units.demand_unit], -1).astype(np.int32),
        footprint_unit=np.where(units.footprint_unit >= 0, label[units.footprint_unit], -1).astype(np.int32),
    )
    return united, label
