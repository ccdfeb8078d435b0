"""Grids that a barrier cuts in two, and what joins them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from app.plans.straddling import straddles

GRID = shapely.box(116, 24, 116.02, 24.02)
ACROSS = shapely.LineString([(115.9, 24.01), (116.1, 24.01)])


def _column(*values: shapely.Geometry | None) -> np.ndarray:
    return np.array([*values, None], dtype=object)[:-1]


def _found(
    *lines: shapely.Geometry, bridges: shapely.Geometry | None = None, grid: shapely.Geometry = GRID
) -> int:
    crossings = _column(*([bridges] * len(lines)))
    return len(straddles(_column(grid, None), _column(*lines), crossings))


def test_a_line_across_cuts_the_grid() -> None:
    found = straddles(_column(GRID), _column(ACROSS), _column(None))
    assert [one.row for one in found] == [0]
    assert found[0].line.equals(shapely.LineString([(116, 24.01), (116.02, 24.01)]))


def test_a_line_in_pieces_cuts_it_as_well() -> None:
    west, east = ([(115.9, 24.01), (116.01, 24.01)], [(116.01, 24.01), (116.1, 24.01)])
    assert _found(shapely.LineString(west), shapely.LineString(east)) == 1


@pytest.mark.parametrize(
    "line",
    [
        shapely.LineString([(116, 23.9), (116, 24.1)]),  # along its edge
        shapely.LineString([(115.9, 24.01), (116.015, 24.01)]),  # ends inside
        shapely.LineString([(115.9, 24.5), (116.1, 24.5)]),  # elsewhere
        shapely.LineString([(115.99, 24.01999), (116.03, 24.01999)]),  # a strip of a metre
    ],
)
def test_what_leaves_a_way_round_does_not(line: shapely.Geometry) -> None:
    assert _found(line) == 0


def test_a_bridge_joins_the_sides() -> None:
    assert _found(ACROSS, bridges=shapely.MultiPoint([(116.005, 24.01)])) == 0
    assert _found(ACROSS, bridges=shapely.MultiPoint([(116.05, 24.01)])) == 1


def test_two_rivers_need_two_bridges() -> None:
    north = shapely.LineString([(115.9, 24.015), (116.1, 24.015)])
    one = shapely.MultiPoint([(116.005, 24.01)])
    assert _found(ACROSS, north, bridges=one) == 1
    assert _found(ACROSS, north, bridges=shapely.union(one, shapely.Point(116.01, 24.015))) == 0


def test_parts_that_were_apart_anyway_are_not_the_barriers_doing() -> None:
    two = shapely.MultiPolygon(
        [shapely.box(116, 24, 116.02, 24.005), shapely.box(116, 24.015, 116.02, 24.02)]
    )
    assert _found(ACROSS, grid=two) == 0
