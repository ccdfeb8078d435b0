import h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box
from towns import SIZE, SOUTH, WEST, town

from geo.errors import InputError
from geo.footprints import negligible_area
from geo.geodesy import local_projection
from geo.units import Demand, Lines, Options, build_units, locate
from geo.units.cells import adaptive_cells, cell_lines, parents
from geo.units.noding import faces_of

seeds = st.integers(0, 2**32 - 1)
modes = st.sampled_from(["blocks", "h3"])
FINE = Options(resolutions=(8, 10))


def built(seed, mode, **kw):
    t = town(seed)
    return t, build_units(
        t.grids,
        t.codes,
        mode=mode,
        lines=t.lines,
        footprints=t.footprints,
        demand=t.demand,
        options=FINE,
        **kw,
    )


@settings(max_examples=12, deadline=None)
@given(seeds, modes)
def test_units_cover_the_grids_exactly(seed, mode):
    t, u = built(seed, mode)
    assert shapely.is_valid(u.polygons).all()
    assert shapely.coverage_is_valid(u.polygons)
    assert (shapely.get_coordinates(u.polygons) == np.round(shapely.get_coordinates(u.polygons), 9)).all()
    for g, polygon in enumerate(t.grids):
        off = shapely.symmetric_difference(shapely.union_all(u.polygons[u.grid == g]), polygon)
        assert off.area <= 2e-9 * polygon.length
    assert set(u.grid.tolist()) == set(range(len(t.grids)))
    assert len(u.polygons) == len(u.area_m2) == len(u.perimeter_m) == len(u.xy)
    # edges are neighbours with a real border
    assert (u.edges[:, 0] < u.edges[:, 1]).all()
    assert (u.edge_length_m > 0).all()
    assert (u.edge_street_m <= u.edge_length_m * (1 + 1e-9)).all()


@settings(max_examples=12, deadline=None)
@given(seeds, modes)
def test_no_unit_ends_inside_a_footprint(seed, mode):
    t, u = built(seed, mode)
    foot, unit = shapely.STRtree(u.polygons).query(t.footprints, predicate="intersects")
    part = shapely.area(shapely.intersection(t.footprints[foot], u.polygons[unit]))
    real = part > negligible_area(t.footprints[foot])
    pairs = np.unique(np.column_stack([foot, u.grid[unit]])[real], axis=0, return_counts=True)
    assert (pairs[1] == 1).all()
    # and the customers in it are where the greatest share of it is
    best = np.zeros(len(t.footprints))
    np.maximum.at(best, foot, part)
    mine = np.array(
        [part[(foot == f) & (unit == u.footprint_unit[f])].sum() for f in range(len(t.footprints))]
    )
    assert (mine >= best * (1 - 1e-6)).all()
    housed = t.demand.footprint >= 0
    assert (u.demand_unit[housed] == u.footprint_unit[t.demand.footprint[housed]]).all()


@settings(max_examples=12, deadline=None)
@given(seeds, modes)
def test_points_are_in_their_unit_and_crumbs_are_joined(seed, mode):
    t, u = built(seed, mode)
    alone = t.demand.footprint < 0
    at = locate(u.polygons, np.arange(len(u.polygons)), t.demand.lng[alone], t.demand.lat[alone])
    # a point may stand in a building that lines were led around, but it is in some unit all the same
    assert (u.demand_unit[alone] == at).all()
    alone_in_grid = np.bincount(u.grid) == 1
    assert ((u.area_m2 >= FINE.small_m2) | alone_in_grid[u.grid]).all()


def test_the_order_of_lines_and_footprints_does_not_matter():
    t, u = built(5, "blocks")
    back = Demand(
        t.demand.lng, t.demand.lat, t.demand.weights,
        np.where(t.demand.footprint >= 0, len(t.footprints) - 1 - t.demand.footprint, -1).astype(np.int32),
    )  # fmt: skip
    lines = Lines(t.lines.streets[::-1], t.lines.other, t.lines.barriers, t.lines.bridges)
    v = build_units(t.grids, t.codes, lines=lines, footprints=t.footprints[::-1], demand=back, options=FINE)
    assert {p.normalize().wkb for p in u.polygons} == {p.normalize().wkb for p in v.polygons}


def square(x0, y0, x1, y1):
    return box(*(np.round([WEST + x0 * SIZE, SOUTH + y0 * SIZE, WEST + x1 * SIZE, SOUTH + y1 * SIZE], 9)))


def way(*xy):
    return LineString(np.round(np.array(xy) * SIZE + (WEST, SOUTH), 9))


def spots(*xy, weight=1.0, footprint=None):
    xy = np.array(xy, float).reshape(-1, 2) * SIZE + (WEST, SOUTH)
    return Demand(xy[:, 0], xy[:, 1], np.full((len(xy), 1), weight), footprint)


ONE = np.array([square(0, 0, 1, 1)], dtype=object)
CROSS = np.array([way((0.5, -1), (0.5, 2)), way((-1, 0.5), (2, 0.5))], dtype=object)
WHOLE = Options(block_share=2.0)
QUARTERS = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]


def test_streets_make_blocks_and_edges_know_them():
    u = build_units(ONE, ["a"], lines=Lines(streets=CROSS), demand=spots(*QUARTERS), options=WHOLE)
    assert len(u.polygons) == 4
    assert len(u.edges) == 4
    np.testing.assert_allclose(u.edge_street_m, u.edge_length_m)
    assert sorted(u.demand_unit.tolist()) == [0, 1, 2, 3]


def test_a_barrier_parts_neighbours_but_at_bridges():
    sides = Lines(streets=CROSS[:1], barriers=CROSS[1:])
    u = build_units(ONE, ["a"], lines=sides, demand=spots(*QUARTERS), options=WHOLE)
    assert len(u.edges) == 2
    bridge = Point(WEST + 0.25 * SIZE, SOUTH + 0.5 * SIZE)
    sides = Lines(streets=CROSS[:1], barriers=CROSS[1:], bridges=np.array([bridge]))
    v = build_units(ONE, ["a"], lines=sides, demand=spots(*QUARTERS), options=WHOLE)
    assert len(v.edges) == 3


def test_empty_land_joins_the_unit_it_borders_most_but_not_over_a_barrier():
    free = Options(block_share=2.0, empty_share=1.0)
    demand = spots(*QUARTERS[:2])
    u = build_units(ONE, ["a"], lines=Lines(streets=CROSS), demand=demand, options=free)
    assert len(u.polygons) == 2
    v = build_units(
        ONE, ["a"], lines=Lines(streets=CROSS[:1], barriers=CROSS[1:]), demand=demand, options=free
    )
    assert len(v.polygons) == 3
    kept = build_units(
        ONE,
        ["a"],
        lines=Lines(streets=CROSS),
        demand=demand,
        options=Options(block_share=2.0, join_empty=False),
    )
    assert len(kept.polygons) == 4


def test_large_empty_land_stays_apart():
    u = build_units(ONE, ["a"], lines=Lines(streets=CROSS), demand=spots(QUARTERS[0]), options=WHOLE)
    assert len(u.polygons) == 4


def test_a_street_through_a_building_is_led_around_it():
    feet = np.array([square(0.48, 0.2, 0.56, 0.24)], dtype=object)
    demand = spots(*QUARTERS, (0.49, 0.21), footprint=np.array([-1, -1, -1, -1, 0], np.int32))
    u = build_units(ONE, ["a"], lines=Lines(streets=CROSS), footprints=feet, demand=demand, options=WHOLE)
    assert len(u.polygons) == 4
    home = u.footprint_unit[0]
    assert u.demand_unit[4] == home == u.demand_unit[1]
    assert u.polygons[home].buffer(1e-9).covers(feet[0])
    assert len(u.straddlers) == 0


def test_buildings_that_borders_cut_already_are_listed():
    grids = np.array([square(0, 0, 0.5, 1), square(0.5, 0, 1, 1)], dtype=object)
    feet = np.array([square(0.4, 0.2, 0.55, 0.3), square(0.1, 0.1, 0.2, 0.2)], dtype=object)
    u = build_units(grids, ["a", "b"], footprints=feet, options=WHOLE)
    assert u.straddlers.tolist() == [0]
    assert u.grid[u.footprint_unit].tolist() == [0, 0]


def test_crumbs_between_a_border_and_a_street_join_a_neighbour():
    slanted = way((0, 0.5), (1, 0.50001))
    beside = way((0, 0.500012), (1, 0.5))
    lines = Lines(streets=np.array([slanted, beside]))
    u = build_units(ONE, ["a"], lines=lines, demand=spots(*QUARTERS), options=WHOLE)
    assert len(u.polygons) == 2


def test_a_block_with_too_much_work_is_divided_into_cells():
    rng = np.random.default_rng(0)
    crowd = spots(*rng.uniform(0.05, 0.45, (300, 2)), *QUARTERS)
    light = Options(block_share=2.0, join_empty=False)
    split = Options(block_share=0.2, cell_share=0.1, resolutions=(8, 11), join_empty=False)
    u = build_units(ONE, ["a"], lines=Lines(streets=CROSS), demand=crowd, options=light)
    v = build_units(ONE, ["a"], lines=Lines(streets=CROSS), demand=crowd, options=split)
    assert len(u.polygons) == 4
    quarter = square(0, 0, 0.5, 0.5)
    inside = shapely.covers(quarter.buffer(1e-8), v.polygons)
    assert inside.sum() > 10
    assert (~inside).sum() == 3
    assert np.bincount(v.demand_unit).max() < 0.2 * 304


def test_a_target_says_how_much_is_too_much():
    crowd = spots(*QUARTERS)
    fine = Options(resolutions=(8, 9), block_share=0.5)
    few = build_units(ONE, ["a"], demand=crowd, target=np.array([[100.0]]), options=fine)
    many = build_units(ONE, ["a"], demand=crowd, target=np.array([[1.0]]), options=fine)
    assert len(few.polygons) == 1 < len(many.polygons)


def test_supplied_polygons_are_the_units_of_each_grid():
    grids = np.array([square(0, 0, 0.3, 1), square(0.3, 0, 1, 1)], dtype=object)
    given_units = np.array([square(0, 0, 1, 0.5), square(0, 0.5, 1, 1)], dtype=object)
    u = build_units(grids, ["a", "b"], mode="polygons", polygons=given_units)
    assert len(u.polygons) == 4
    assert sorted(u.grid.tolist()) == [0, 0, 1, 1]
    assert not u.straighten


def test_what_no_grid_covers_is_in_no_unit():
    u = build_units(ONE, ["a"], lines=Lines(streets=CROSS), demand=spots((0.25, 0.25), (3, 3), (np.nan, 0)))
    assert u.demand_unit[1:].tolist() == [-1, -1]


def test_bad_input():
    with pytest.raises(InputError, match="row 1: coordinates of grids finer than 1e-9"):
        build_units(np.array([box(0.1 + 1e-12, 0, 1, 1)]), ["a"])
    with pytest.raises(InputError, match="row 2: invalid polygon among the grids"):
        build_units(np.array([ONE[0], shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])]), ["a", "b"])
    with pytest.raises(InputError, match="1 grids have no polygon"):
        build_units(np.array([Point(0, 0)]), ["a"])
    with pytest.raises(InputError, match="resolutions 9 to 8"):
        build_units(ONE, ["a"], mode="h3", options=Options(resolutions=(9, 8)))
    with pytest.raises(InputError, match="one row per point"):
        Demand(np.zeros(2), np.zeros(3), np.zeros((2, 1)))


@given(st.floats(-180, 180), st.floats(-85, 85), st.integers(0, 15), st.integers(0, 15))
def test_parents_are_those_of_h3(lng, lat, a, b):
    coarse, fine = sorted((a, b))
    cell = h3.latlng_to_cell(lat, lng, fine)
    found = parents(np.array([h3.str_to_int(cell)], np.uint64), coarse)[0]
    assert h3.int_to_str(int(found)) == h3.cell_to_parent(cell, coarse)


def test_cells_are_fine_where_the_work_is():
    lng = WEST + np.full(100, 0.3) * SIZE
    lat = SOUTH + np.full(100, 0.3) * SIZE
    leaves = adaptive_cells(ONE, lng, lat, np.full((100, 1), 0.01), 0.1, (7, 10))
    resolution = [h3.get_resolution(h3.int_to_str(int(leaf))) for leaf in leaves]
    assert {7, 8, 9, 10} == set(resolution)
    assert h3.str_to_int(h3.latlng_to_cell(lat[0], lng[0], 10)) in leaves.tolist()
    # leaves tile: no leaf lies below another
    for leaf in leaves:
        text = h3.int_to_str(int(leaf))
        above = {h3.str_to_int(h3.cell_to_parent(text, r)) for r in range(7, h3.get_resolution(text))}
        assert not above & set(leaves.tolist())


def test_lines_of_one_resolution_are_the_cells_own_borders():
    leaves = adaptive_cells(ONE, np.empty(0), np.empty(0), np.empty((0, 1)), 1.0, (9, 9))
    lines = cell_lines(leaves, local_projection(ONE[0].bounds))
    faces = faces_of(np.concatenate([lines, shapely.boundary(ONE)]))
    inner = [f for f in faces if ONE[0].buffer(-0.001).covers(f)]
    assert len(inner) > 5
    for face in inner:
        x, y = face.centroid.coords[0]
        ring = [(b, a) for a, b in h3.cell_to_boundary(h3.latlng_to_cell(y, x, 9))]
        assert shapely.symmetric_difference(face, shapely.Polygon(ring)).area < 0.05 * face.area
