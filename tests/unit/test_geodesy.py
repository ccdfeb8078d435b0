import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo import geodesy
from geo.errors import InputError

GEOD = pyproj.Geod(ellps="WGS84")


@given(st.floats(-170, 169), st.floats(-85, 80), st.floats(1e-4, 1.0), st.floats(1e-4, 1.0))
def test_area_agrees_with_geodesic_polygons(x, y, w, h):
    box = shapely.box(x, y, x + w, y + h)
    fine = shapely.segmentize(box, max(w, h) / 200)
    want = abs(GEOD.geometry_area_perimeter(fine)[0])
    assert geodesy.area_m2([box])[0] == pytest.approx(want, rel=1e-5)


def test_area_of_the_whole_earth():
    assert geodesy.area_m2([shapely.box(-180, -90, 180, 90)])[0] == pytest.approx(
        510_065_621_724_088, rel=1e-9
    )


def test_holes_count_negative_and_direction_does_not_matter():
    ring = [(116, 24), (117, 24), (117, 25), (116, 25)]
    hole = [(116.4, 24.4), (116.6, 24.4), (116.6, 24.6), (116.4, 24.6)]
    a, b = shapely.Polygon(ring), shapely.Polygon(hole)
    many = shapely.MultiPolygon([b, shapely.box(0, 0, 1, 1)])
    holed = [shapely.Polygon(ring, [hole]), shapely.Polygon(ring[::-1], [hole])]
    areas = geodesy.area_m2([*holed, a, b, None, shapely.Point(1, 2), shapely.Polygon(), many])
    assert areas[0] == pytest.approx(areas[2] - areas[3])
    assert areas[1] == pytest.approx(areas[0])
    assert (areas[4:7] == 0).all()
    assert areas[7] > areas[3]


def test_a_square_centimetre_is_not_lost():
    side = 1e-7
    area = geodesy.area_m2([shapely.box(116, 24, 116 + side, 24 + side)])[0]
    assert area == pytest.approx(side * side * 111_320 * np.cos(np.radians(24)) * 110_770, rel=1e-2)


def test_lengths_and_distances():
    line = shapely.LineString([(116, 24), (117, 24), (117, 25)])
    want = GEOD.line_length([116, 117, 117], [24, 24, 25])
    got = geodesy.length_m([line, shapely.MultiLineString([line, line]), shapely.Polygon(line), None])
    assert got[:2] == pytest.approx([want, 2 * want])
    assert got[2] == pytest.approx(want + GEOD.inv(117, 25, 116, 24)[2])
    assert got[3] == 0
    assert np.isnan(geodesy.distance_m([np.nan], [1.0], [2.0], [3.0]))[0]


@given(st.floats(73, 135), st.floats(5, 53))
def test_the_local_plane_keeps_areas_and_comes_back(x, y):
    box = np.array([shapely.box(x, y, x + 0.3, y + 0.2)])
    plane = geodesy.local_projection(shapely.total_bounds(box))
    fine = shapely.segmentize(box, 0.01)
    assert shapely.area(plane.forward(fine))[0] == pytest.approx(geodesy.area_m2(box)[0], rel=1e-6)
    back = shapely.get_coordinates(plane.inverse(plane.forward(box)))
    assert np.abs(back - shapely.get_coordinates(box)).max() < 1e-9


def test_a_plane_for_nothing_is_refused():
    with pytest.raises(InputError):
        geodesy.local_projection(shapely.total_bounds(np.array([None], dtype=object)))
