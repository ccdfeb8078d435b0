"""Which grid a building belongs to: the one with the greatest share of its footprint."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import InputError

EQUAL_SHARE = 1e-9
"""Shares that differ by less (relative) are equal."""
_ROUNDING = 3e-9
"""Degrees: coordinates rounded to 1e-9 put an edge this far off at most, on both sides together."""
_COORDINATE_NOISE = 1e-13
"""Degrees; the arithmetic of a cut at longitude 180 is good to about this."""


@dataclass(frozen=True)
class FootprintGrids:
    """The grid of each of n footprints: columns of length n."""

    index: NDArray[np.int32]
    """Row of the grid with the greatest share; -1 where no grid meets the footprint's inside."""
    share: NDArray[np.float64]
    """Share of the footprint's area in that grid, 0..1."""
    straddles: NDArray[np.bool_]
    """Parts of the footprint lie in two grids or more."""
    tie: NDArray[np.bool_]
    """Two grids or more have the greatest share; the lowest code has it."""
    pairs: NDArray[np.int32]
    """(m, 2): every footprint with every grid that has a part of it, sorted by footprint, then grid."""
    pair_share: NDArray[np.float64]
    """(m,): the share of each pair."""


def code_ranks(codes: Any) -> NDArray[np.int64]:
    """The place of each code in code-point order (the order of "lowest code" everywhere)."""
    text = np.asarray([str(code) for code in codes], dtype=np.str_)
    ranks = np.empty(len(text), np.int64)
    ranks[np.argsort(text, kind="stable")] = np.arange(len(text))
    return ranks


def negligible_area(footprints: NDArray[Any]) -> NDArray[np.float64]:
    """Square degrees; a part of a footprint up to this is rounding along its edges, not a part."""
    return np.asarray(_ROUNDING * shapely.length(footprints), np.float64)


def grid_of_footprints(grids: NDArray[Any], codes: Any, footprints: NDArray[Any]) -> FootprintGrids:
    """The grid with the greatest share of each footprint; equal shares (1e-9, relative): the lowest code.

    ``grids`` (g,) polygons and ``footprints`` (n,) polygons, both EPSG:4326; ``codes`` (g,) texts. Shares are
    taken in the longitude-latitude plane, where the edges are straight: over one footprint they are those on
    the ground to about one part in 100,000, and a border through its middle cuts it into exact halves. What a
    border cuts off a footprint by rounding alone (0.3 mm along its edges) is no part of it. Missing and empty
    footprints, and those that are no polygons, get -1. InputError (``bad-shape``) when codes and grids differ
    in number; an invalid polygon raises InputError (``invalid-polygon``, with its row).
    """
    grids, footprints = np.asarray(grids, dtype=object), np.asarray(footprints, dtype=object)
    if len(grids) != len(codes):
        raise InputError(
            f"{len(grids)} grids but {len(codes)} codes; one each was expected", kind="bad-shape"
        )
    n = len(footprints)
    usable = np.isin(shapely.get_type_id(footprints), (3, 6)) & ~shapely.is_empty(footprints)
    for name, geometries, asked in (("grid", grids, True), ("footprint", footprints, usable)):
        invalid = ~shapely.is_valid(geometries) & ~shapely.is_missing(geometries) & asked
        if invalid.any():
            row = int(np.argmax(invalid))
            raise InputError(
                f"invalid {name} polygon ({shapely.is_valid_reason(geometries[row])}); mend it first",
                kind="invalid-polygon",
                row=row + 1,
            )
    areas = np.where(usable, shapely.area(footprints), 0.0)
    usable &= areas > 0
    rows = np.flatnonzero(usable)
    shapely.prepare(grids)
    which, grid = shapely.STRtree(grids).query(footprints[rows], predicate="intersects")
    foot = rows[which]
    # most footprints lie in one grid: only the others need a cut
    share = np.ones(len(foot))
    cut = ~shapely.covers(grids[grid], footprints[foot])
    share[cut] = (
        shapely.area(shapely.intersection(footprints[foot[cut]], grids[grid[cut]])) / areas[foot[cut]]
    )
    keep = share * areas[foot] > negligible_area(footprints[foot])
    foot, grid, share = foot[keep], grid[keep], np.minimum(share[keep], 1.0)

    index = np.full(n, -1, np.int32)
    best = np.zeros(n)
    np.maximum.at(best, foot, share)
    noise = _COORDINATE_NOISE * shapely.length(footprints) / np.where(areas > 0, areas, 1.0)
    is_top = share >= best[foot] * (1 - EQUAL_SHARE) - noise[foot]
    ranks = code_ranks(codes)
    top_foot, top_grid = foot[is_top], grid[is_top]
    order = np.lexsort((ranks[top_grid], top_foot))
    winners = order[np.r_[True, top_foot[order][1:] != top_foot[order][:-1]]] if len(order) else order
    index[top_foot[winners]] = top_grid[winners]
    tie = np.bincount(top_foot, minlength=n) > 1
    final_share = np.zeros(n)
    final_share[top_foot[winners]] = share[is_top][winners]
    straddles = np.bincount(foot, minlength=n) > 1
    order = np.lexsort((grid, foot))
    pairs = np.column_stack([foot, grid]).astype(np.int32)[order]
    return FootprintGrids(index, final_share, straddles, tie, pairs, share[order])
