"""Grids that an area's ground cuts in two, so that half of such a grid is of another class. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from app.plans.model import GridTable
from geo.coverage import Finding
from geo.geodesy import area_m2

CUT_SHARE = 0.05
"""Less than this share of a grid on the other side of an area's edge is two hands drawing one border."""


def cut_grids(
    table: GridTable, ground: Any, belongs: Sequence[bool], concerned: Sequence[bool]
) -> list[Finding]:
    """The grids that the ground of an area cuts, each with the part on the wrong side of its edge.

    ``belongs``: grids of the area or of one below it; ``concerned``: grids whose class could come to differ.
    """
    rows = np.flatnonzero(np.asarray(concerned, bool) & ~shapely.is_missing(table.geometries))
    rows = rows[shapely.intersects(table.geometries[rows], ground)]
    if not len(rows):
        return []
    grids = np.array(table.geometries[rows], dtype=object)
    broken = ~shapely.is_valid(grids)
    grids[broken] = shapely.make_valid(grids[broken])
    inside = shapely.intersection(grids, ground)
    outside = shapely.difference(grids, ground)
    area_in, area_out = area_m2(inside), area_m2(outside)
    share = area_in / np.maximum(area_in + area_out, np.finfo(float).tiny)
    found = []
    for at in np.flatnonzero((share > CUT_SHARE) & (share < 1 - CUT_SHARE)).tolist():
        row = int(rows[at])
        wrong, size = (outside[at], area_out[at]) if belongs[row] else (inside[at], area_in[at])
        side = (
            "outside the area's ground" if belongs[row] else "on the area's ground, and the grid is another's"
        )
        said = f"{100 * size / (area_in[at] + area_out[at]):.0f} % of the grid is {side}"
        found.append(Finding("mixed_class", "error", (table.codes[row],), float(size), wrong, said))
    return found
