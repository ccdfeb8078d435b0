import numpy as np
import pytest
import shapely
import shifts_reference as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import geodesy
from geo.datum import (
    is_wgs84,
    parse_crs,
    point_to_working,
    points_to_working,
    polygons_to_working,
    transform,
)
from geo.errors import InputError

lngs = st.floats(73.5, 135.0)
lats = st.floats(3.9, 53.5)

WGS_GCJ = [
    ((116.404, 39.915), (116.41024449916938, 39.91640428150164)),
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
]


@pytest.mark.parametrize(("wgs", "gcj"), WGS_GCJ)
def test_published_gcj02_vectors_hold_both_ways(wgs, gcj):
    assert transform(*wgs, "wgs84", "gcj02") == pytest.approx(gcj, abs=1e-12)
    assert transform(*gcj, "gcj02", "wgs84") == pytest.approx(wgs, abs=1e-12)


def test_published_bd09_vectors_hold_both_ways():
    assert transform(116.404, 39.915, "gcj02", "bd09") == pytest.approx(
        (116.41036949371029, 39.92133699351021), abs=1e-12
    )
    bd = (116.41662724378733, 39.922699552216216)
    assert transform(116.404, 39.915, "wgs84", "bd09") == pytest.approx(bd, abs=1e-12)
    assert transform(*bd, "bd09", "wgs84") == pytest.approx((116.404, 39.915), abs=1e-12)


@given(lngs, lats)
def test_the_compiled_formulas_are_the_published_ones(lng, lat):
    assert transform(lng, lat, "wgs84", "gcj02") == pytest.approx(reference.wgs_to_gcj(lng, lat), abs=1e-12)
    assert transform(lng, lat, "gcj02", "bd09") == pytest.approx(reference.gcj_to_bd(lng, lat), abs=1e-12)


@given(lngs, lats, st.sampled_from(["gcj02", "bd09"]), st.sampled_from(["wgs84", "gcj02", "bd09"]))
def test_round_trips_come_back(lng, lat, src, via):
    there = transform(lng, lat, src, via)
    back = transform(*there, via, src)
    assert back == pytest.approx((lng, lat), abs=1e-11)


@pytest.mark.parametrize("place", [(2.35, 48.86), (139.7, 35.7), (-122.4, 37.8), (100.0, -5.0), (71.9, 40.0)])
def test_gcj02_is_wgs84_outside_the_rectangle(place):
    assert transform(*place, "wgs84", "gcj02") == place
    assert transform(*place, "gcj02", "wgs84") == place


def test_arrays_keep_their_shape_and_nan_stays_alone():
    lng = np.array([[116.404, np.nan], [np.inf, 121.5272106]])
    lat = np.array([[39.915, 30.0], [30.0, 31.1774276]])
    x, y = transform(lng, lat, "wgs84", "gcj02")
    assert x.shape == (2, 2)
    assert (x[0, 0], y[0, 0]) == pytest.approx(WGS_GCJ[0][1])
    assert (x[1, 1], y[1, 1]) == pytest.approx(WGS_GCJ[1][1])
    assert np.isnan([x[0, 1], y[0, 1], x[1, 0], y[1, 0]]).all()


def test_a_point_has_one_answer_whatever_comes_with_it():
    rng = np.random.default_rng(1)
    lng, lat = rng.uniform(75, 130, 1001), rng.uniform(10, 50, 1001)
    all_at_once = np.column_stack(points_to_working(lng, lat, "bd09"))
    one_by_one = np.array(
        [np.ravel(points_to_working([a], [b], "bd09")) for a, b in zip(lng, lat, strict=True)]
    )
    assert np.abs(all_at_once - one_by_one).max() <= 1e-9


def test_epsg_codes_go_through_proj_x_first():
    assert transform(117.0, 0.0, "wgs84", "epsg:32650") == pytest.approx((500_000.0, 0.0), abs=1e-3)
    assert transform(500_000.0, 4_000_000.0, "epsg:32650", "wgs84")[0] == pytest.approx(117.0)
    gcj = transform(*WGS_GCJ[0][0], "wgs84", "gcj02")
    utm = transform(*gcj, "gcj02", "epsg:32650")
    assert transform(*utm, "epsg:32650", "wgs84") == pytest.approx(WGS_GCJ[0][0], abs=1e-9)


def test_cgcs2000_is_wgs84():
    assert is_wgs84("EPSG:4490")
    assert transform(116.404, 39.915, "epsg:4490", "wgs84") == (116.404, 39.915)
    assert is_wgs84("cgcs2000")


@pytest.mark.parametrize(
    ("text", "name"),
    [("WGS84", "wgs84"), ("wgs 84", "wgs84"), ("EPSG:4326", "wgs84"), ("GCJ-02", "gcj02"), ("BD09LL", "bd09"),
     ("EPSG:4547", "epsg:4547"), ("urn:ogc:def:crs:EPSG::4490", "epsg:4490"), ("OGC:CRS84", "wgs84")],
)  # fmt: skip
def test_names_of_a_crs(text, name):
    assert parse_crs(text) == name


@pytest.mark.parametrize(
    "text", ["", "beijing", "epsg:", "epsg:999999", "4547", "epsg:4978", "epsg:5773", "bd09mc"]
)
def test_an_unknown_crs_is_refused(text):
    with pytest.raises(InputError, match="unknown CRS") as error:
        parse_crs(text)
    assert error.value.kind == "unknown-crs"


def test_working_points_are_rounded_and_bad_ones_nan():
    lng, lat = points_to_working(
        [116.1234567894, np.nan, 181.0, 24.2, 116.2, 1e300, np.inf],
        [24.2, 24.2, 24.2, 116.2, 91.0, 0.0, 1.0],
        "wgs84",
    )
    assert (lng[0], lat[0]) == (116.123456789, 24.2)
    assert np.isnan(lng[1:]).all()
    assert np.isnan(lat[1:]).all()


def test_working_points_from_a_projection_far_from_home_are_nan_not_an_error():
    lng, lat = points_to_working([500_000.0, 1e20], [2_700_000.0, 1e20], "epsg:32650")
    assert np.isfinite([lng[0], lat[0]]).all()
    assert np.isnan([lng[1], lat[1]]).all()


def bow_m(before, after, crs):
    """The most by which the straight lines of `after` miss the true images of the edges of `before`."""
    fine = shapely.segmentize(before, shapely.length(before) / 5000)
    x, y = transform(*shapely.get_coordinates(fine).T, crs, "wgs84")
    scale = np.array([np.cos(np.radians(y.mean())), 1.0]) * 111_320
    rings = shapely.transform(shapely.boundary(after), lambda c: c * scale)
    return shapely.distance(shapely.points(np.column_stack([x, y]) * scale), rings).max()


@pytest.mark.parametrize(
    ("crs", "box"),
    [("gcj02", (116.0, 24.0, 116.2, 24.3)), ("bd09", (116.0, 39.0, 116.02, 39.1)),
     ("gcj02", (100.0, 30.0, 104.0, 33.0)),
     ("epsg:32650", (400_000, 2_600_000, 430_000, 2_640_000)), ("epsg:4214", (116.0, 24.0, 116.2, 24.3))],
)  # fmt: skip
def test_no_edge_bows_more_than_five_centimetres(crs, box):
    before = shapely.box(*box)
    (after,) = polygons_to_working([before], crs)
    assert bow_m(before, after, crs) <= 0.05
    assert after.is_valid
    assert len(after.exterior.coords) < 4000


def test_densifying_adds_only_what_is_needed():
    before = shapely.box(116.0, 24.0, 116.001, 24.001)
    (after,) = polygons_to_working([before], "gcj02")
    assert len(after.exterior.coords) == 5


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "epsg:32650"])
def test_neighbours_with_a_t_junction_become_edge_matched(crs):
    scale, x0, y0 = (1.0, 116.0, 24.0) if crs != "epsg:32650" else (1e5, 4e5, 2.6e6)
    boxes = np.array([(0, 0, 0.2, 0.37), (0.2, 0, 0.4, 0.11), (0.2, 0.11, 0.4, 0.37), (0, 0.37, 0.4, 0.5)])
    boxes = boxes * scale + np.array([x0, y0, x0, y0])
    assert not shapely.coverage_is_valid(shapely.box(*boxes.T))
    working = polygons_to_working(shapely.box(*boxes.T), crs)
    assert shapely.coverage_is_valid(working)
    union = shapely.coverage_union_all(working)
    assert union.geom_type == "Polygon"
    assert not union.interiors


def test_noding_survives_slanting_edges_where_no_vertex_is_exact():
    a, b, c = np.array([116.0, 24.0]), np.array([116.37, 24.91]), np.array([116.9, 24.1])
    m = a + (b - a) / 3
    left = shapely.Polygon([a, b, [115.5, 24.8]])
    right = [shapely.Polygon([a, m, c]), shapely.Polygon([m, b, c])]
    working = polygons_to_working([left, *right], "gcj02")
    assert shapely.coverage_is_valid(working)


@given(st.integers(0, 10_000))
def test_edge_matched_polygons_stay_edge_matched(seed):
    rng = np.random.default_rng(seed)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(rng.uniform([116, 24], [117, 25], (12, 2))))
    )
    assert shapely.coverage_is_valid(cells)
    assert shapely.coverage_is_valid(polygons_to_working(cells, "gcj02"))


def test_holes_multipolygons_lines_points_and_none_keep_their_kind():
    holed = shapely.Polygon(
        shapely.box(116, 24, 117, 25).exterior.coords, [shapely.box(116.4, 24.4, 116.6, 24.6).exterior.coords]
    )
    many = shapely.MultiPolygon([shapely.box(118, 24, 119, 25), shapely.box(120, 24, 121, 25)])
    line = shapely.LineString([(116, 24), (118, 26)])
    point = shapely.Point(116.404, 39.915)
    empty = shapely.Polygon()
    out = polygons_to_working(
        [holed, many, None, line, point, empty, shapely.MultiLineString([line])], "gcj02"
    )
    assert [g if g is None else g.geom_type for g in out] == [
        "Polygon", "MultiPolygon", None, "LineString", "Point", "Polygon", "MultiLineString",
    ]  # fmt: skip
    assert len(out[0].interiors) == 1
    assert len(out[1].geoms) == 2
    assert len(out[3].coords) > 2
    assert out[5].is_empty
    x, y = transform(116.404, 39.915, "gcj02", "wgs84")
    assert out[4].coords[0] == (round(x, 9), round(y, 9))


def test_the_wgs84_road_only_rounds():
    before = shapely.Polygon([(116.00000000049, 24), (117, 24), (117, 25.12345678951)], [])
    (after,) = polygons_to_working([before], "wgs84")
    assert list(after.exterior.coords) == [(116.0, 24), (117, 24), (117, 25.12345679), (116.0, 24)]


def test_a_polygon_in_a_false_crs_is_named():
    with pytest.raises(InputError, match="no place in epsg:32650") as error:
        polygons_to_working(
            [shapely.box(5e5, 2.6e6, 5.1e5, 2.7e6), shapely.box(1e15, 1e15, 2e15, 2e15)], "epsg:32650"
        )
    assert error.value.row == 2


def test_a_square_kilometre_stays_one():
    (after,) = polygons_to_working([shapely.box(500_000, 2_600_000, 501_000, 2_601_000)], "epsg:32650")
    assert geodesy.area_m2(np.array([after]))[0] == pytest.approx(1e6 / 0.9996**2, rel=1e-6)


@settings(deadline=None)
@given(
    st.floats(-181, 181) | st.floats() | st.sampled_from([180.0, -180.0, 5e-10, 116.1234567895]),
    st.floats(-91, 91) | st.floats() | st.sampled_from([90.0, -90.0, -5e-10]),
    st.sampled_from(["wgs84", "EPSG:4326", "cgcs2000", "gcj02", "bd09", "epsg:4547"]),
)
def test_one_point_is_worked_with_as_many_are(lng, lat, crs):
    x, y = points_to_working([lng], [lat], crs)
    np.testing.assert_array_equal(point_to_working(lng, lat, crs), (x[0], y[0]))
