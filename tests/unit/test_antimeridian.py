"""Polygons that run over ±180° are named, those cut there are not."""

import numpy as np
import pytest
import shapely

from geo.antimeridian import jumping
from geo.errors import InputError
from geo.locator import Locator

OVER = shapely.Polygon([(179, 0), (-179, 0), (-179, 1), (179, 1)])
POLE = shapely.Polygon([(-170, 80), (-60, 80), (60, 80), (170, 80)])
CUT = shapely.MultiPolygon([shapely.box(179, 0, 180, 1), shapely.box(-180, 0, -179, 1)])
HOLED = shapely.Polygon(shapely.box(-180, -90, 180, 90).segmentize(90).exterior, [OVER.exterior.coords])
PLAIN = shapely.box(116, 24, 117, 25)


def test_only_rings_that_go_over_180_degrees_at_once_jump():
    shapes = np.array([OVER, POLE, CUT, HOLED, PLAIN, None, shapely.Polygon()], dtype=object)
    assert jumping(shapes).tolist() == [True, True, False, True, False, False, False]


@pytest.mark.parametrize("points", [None, 10])
def test_the_locator_refuses_them_and_takes_what_is_cut(points):
    with pytest.raises(InputError, match=r"'b' goes over 180°.*cut it at the antimeridian"):
        Locator.build([PLAIN, OVER], ["a", "b"], points=points)
    found = Locator.build([PLAIN, CUT], ["a", "b"], points=points).locate(
        [179.5, -179.5, 180, -180, 181, 116.5], [0.5] * 5 + [24.5]
    )
    assert found.index.tolist() == [1, 1, 1, 1, -1, 0]
