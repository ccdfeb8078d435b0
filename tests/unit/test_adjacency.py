"""Neighbours from polygons, and what barriers and bridges make of them."""

import numpy as np
import pytest
import shapely

from geo.adjacency import drop_barriers, polygon_edges
from geo.errors import InputError


def squares(columns: int, rows: int) -> np.ndarray:
    return np.array(
        [shapely.box(x, y, x + 1, y + 1) for y in range(rows) for x in range(columns)], dtype=object
    )


def test_squares_are_neighbours_over_sides_not_corners() -> None:
    edges, lengths = polygon_edges(squares(3, 2))
    assert edges.tolist() == [[0, 1], [0, 3], [1, 2], [1, 4], [2, 5], [3, 4], [4, 5]]
    assert np.allclose(lengths, 1)


def test_a_border_with_vertices_on_one_side_only_counts_once() -> None:
    left = shapely.box(0, 0, 1, 2)
    right = np.array([left, shapely.box(1, 0, 2, 1), shapely.box(1, 1, 2, 2)], dtype=object)
    edges, lengths = polygon_edges(right)
    assert edges.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert np.allclose(lengths, 1)


def test_a_hole_borders_what_fills_it() -> None:
    hole = shapely.box(1, 1, 2, 2)
    edges, lengths = polygon_edges(np.array([shapely.box(0, 0, 3, 3).difference(hole), hole], dtype=object))
    assert edges.tolist() == [[0, 1]]
    assert lengths.tolist() == [4.0]


@pytest.mark.parametrize("bad", [None, shapely.Point(0, 0), shapely.Polygon()])
def test_what_is_not_a_polygon_is_named(bad: object) -> None:
    with pytest.raises(InputError) as error:
        polygon_edges(np.array([shapely.box(0, 0, 1, 1), bad], dtype=object))
    assert error.value.kind == "not-polygons"
    assert error.value.row == 2


def test_a_barrier_closes_what_lies_on_it_and_a_bridge_opens_it() -> None:
    cells = shapely.transform(squares(2, 3), lambda xy: xy * 100)
    edges, lengths = polygon_edges(cells)
    river = np.array([shapely.LineString([(100, -50), (100, 350)])], dtype=object)
    left, _ = drop_barriers(cells, edges, lengths, river, None)
    assert left.tolist() == [[0, 2], [1, 3], [2, 4], [3, 5]]
    bridge = np.array([shapely.Point(100.5, 150)], dtype=object)
    left, length = drop_barriers(cells, edges, lengths, river, bridge)
    assert left.tolist() == [[0, 2], [1, 3], [2, 3], [2, 4], [3, 5]]
    assert np.allclose(length, 100)


def test_a_barrier_that_only_crosses_a_border_leaves_it_open() -> None:
    cells = shapely.transform(squares(2, 1), lambda xy: xy * 100)
    edges, lengths = polygon_edges(cells)
    road = np.array([shapely.LineString([(0, 50), (200, 50)])], dtype=object)
    assert drop_barriers(cells, edges, lengths, road, None)[0].tolist() == [[0, 1]]
