import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from geo.errors import InputError
from geo.regions import geodesic_discs, grid_of_discs, grid_of_polygons

GEOD = pyproj.Geod(ellps="WGS84")
EAST = 116.1
GRIDS = np.array([box(116.0, 24.0, EAST, 24.1), box(EAST, 24.0, 116.2, 24.1)], dtype=object)


def disc(lng, lat, radius, start=0, grids=GRIDS):
    return int(
        grid_of_discs(
            grids, np.array([lng]), np.array([lat]), np.array([radius]), np.array([start], np.int32)
        )[0]
    )


@given(st.floats(0.005, 0.05), st.floats(24.03, 24.07), st.booleans())
def test_right_within_a_metre_of_a_border(west, lat, inside):
    # a meridian: the geodesic distance to it, found by search
    lng = EAST - west
    lats = np.linspace(lat - 0.01, lat + 0.01, 2001)
    _, _, d = GEOD.inv(np.full(2001, lng), np.full(2001, lat), np.full(2001, EAST), lats)
    radius = d.min() - 1 if inside else d.min() + 1
    room = min((lat - 24.0), (24.1 - lat)) * 110_000
    if radius < room:
        assert disc(lng, lat, radius) == (0 if inside else -1)


def test_radii_of_the_policy_near_an_edge_of_the_coverage():
    lat = 24.05
    _, _, metres = GEOD.inv(116.0, lat, 116.01, lat)
    assert disc(116.01, lat, metres - 1.2) == 0
    assert disc(116.01, lat, metres + 1.2) == -1


def test_a_long_edge_is_straight_in_longitude_and_latitude():
    # 60 km of parallel: its great circle bows over 60 m to the north
    grid = np.array([box(116.0, 39.0, 116.7, 40.0)], dtype=object)
    _, _, metres = GEOD.inv(116.35, 40.0, 116.35, 39.95)
    assert disc(116.35, 39.95, metres - 1, grids=grid) == 0
    assert disc(116.35, 39.95, metres + 1, grids=grid) == -1


def test_a_hole_breaks_the_disc():
    grid = shapely.difference(GRIDS[0], box(116.049, 24.049, 116.051, 24.051))
    assert disc(116.06, 24.05, 1200, grids=np.array([grid])) == -1
    assert disc(116.06, 24.05, 700, grids=np.array([grid])) == 0


def test_no_centre_no_radius_no_answer():
    assert disc(116.05, 24.05, 10, start=-1) == -1
    assert disc(np.nan, 24.05, 10) == -1
    assert disc(116.05, 24.05, np.nan) == -1
    assert disc(116.05, 24.05, 0.0) == 0
    with pytest.raises(InputError, match="row 1: radius_m is -1"):
        disc(116.05, 24.05, -1.0)


@settings(max_examples=25)
@given(st.floats(-170, 170), st.floats(-70, 70), st.floats(1, 50_000))
def test_discs_are_round_within_a_quarter_metre(lng, lat, radius):
    ring = shapely.get_coordinates(geodesic_discs(np.array([lng]), np.array([lat]), np.array([radius]))[0])
    middle = (ring[1:] + ring[:-1]) / 2
    for points in (ring, middle):
        _, _, d = GEOD.inv(np.full(len(points), lng), np.full(len(points), lat), points[:, 0], points[:, 1])
        assert np.abs(d - radius).max() < 0.26


def test_many_at_once_equal_one_by_one():
    rng = np.random.default_rng(0)
    lng, lat = rng.uniform(116, 116.2, 300), rng.uniform(24, 24.1, 300)
    radius = rng.choice([200.0, 500.0, 1000.0, 4000.0], 300)
    start = (lng > EAST).astype(np.int32)
    many = grid_of_discs(GRIDS, lng, lat, radius, start)
    assert many.tolist() == [disc(*row) for row in zip(lng, lat, radius, start, strict=True)]
    assert -1 in many.tolist()
    assert {0, 1} <= set(many.tolist())


def test_polygons_of_doubt():
    regions = np.array(
        [
            box(116.01, 24.01, 116.02, 24.02),
            box(116.09, 24.01, 116.11, 24.02),
            box(115.99, 24.01, 116.02, 24.02),
            GRIDS[1],
            box(116.15, 24.05, 116.2 + 1e-7, 24.06),  # 1 cm over the border
            box(116.15, 24.05, 116.2 + 2e-5, 24.06),  # 2 m over the border
            None,
        ],
        dtype=object,
    )
    assert grid_of_polygons(GRIDS, ["b", "a"], regions).tolist() == [0, -1, -1, 1, 1, -1, -1]


def test_overlapping_grids_give_a_region_to_the_lowest_code():
    both = np.array([GRIDS[0], GRIDS[0]], dtype=object)
    assert grid_of_polygons(both, ["b", "a"], [box(116.01, 24.01, 116.02, 24.02)])[0] == 1
