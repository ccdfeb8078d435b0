"""Barriers as columns: what is a wall, and where it is open."""

import numpy as np
import shapely

from app.places.obstacles import Barriers


def test_a_bridge_that_is_a_row_of_its_own_opens_walls_and_is_no_street() -> None:
    """Rows: a river with a bridge of its own, a railway without, a street, and a bridge alone."""
    lines = [shapely.LineString([(0, y), (1, y)]) for y in range(3)] + [shapely.Point(0.5, 1)]
    bridges = [shapely.MultiPoint([(0.2, 0), (0.8, 0)]), None, None, shapely.MultiPoint([(0.5, 1)])]
    barriers = Barriers(
        ids=[1, 2, 3, 4],
        kinds=["river", "railway", "residential", "bridge"],
        crossable=np.array([False, False, True, True]),
        lines=np.array(lines, dtype=object),
        bridges=np.array(bridges, dtype=object),
    )
    assert barriers.is_line.tolist() == [True, True, True, False]
    assert barriers.walls.tolist() == lines[:2]
    assert sorted(shapely.get_coordinates(barriers.spots).tolist()) == [[0.2, 0], [0.5, 1], [0.8, 0]]
