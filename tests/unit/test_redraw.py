import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import LineString, box
from towns import SIZE, SOUTH, WEST, town

from geo.coverage import check
from geo.errors import InputError
from geo.units import Demand, Lines, Options, build_units, locate, redraw
from geo.units.noding import keys

seeds = st.integers(0, 2**32 - 1)
FINE = Options(resolutions=(8, 10))


def grown(units, rng, steps):
    """Labels after some units went over to a neighbouring grid."""
    labels = units.grid.copy()
    for a, b in units.edges[rng.permutation(len(units.edges))][:steps]:
        if labels[a] != labels[b]:
            labels[a] = labels[b]
    return labels


def redrawn(seed, mode, steps, **kw):
    t = town(seed, **kw)
    u = build_units(
        t.grids, t.codes, mode=mode, lines=t.lines, footprints=t.footprints, demand=t.demand, options=FINE
    )
    labels = grown(u, np.random.default_rng(seed), steps)
    return t, u, labels, redraw(t.grids, u, labels)


def in_order(old, new):
    """Every ring of ``old`` is a ring of ``new`` with further vertices: old ones survive, in order."""
    for ring in shapely.get_rings(old):
        had = keys(shapely.get_coordinates(ring))[:-1]
        for other in shapely.get_rings(new):
            has = keys(shapely.get_coordinates(other))[:-1]
            has = has[np.isin(has, had)]
            if len(has) == len(had):
                turn = np.roll(has, -int(np.flatnonzero(has == had[0])[0]))
                if (turn == had).all() or (np.roll(turn[::-1], 1) == had).all():
                    break
        else:
            return False
    return True


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from(["blocks", "h3"]), st.integers(1, 25))
def test_a_redraw_is_a_coverage_of_the_same_land(seed, mode, steps):
    t, u, labels, r = redrawn(seed, mode, steps)
    there = ~shapely.is_missing(r.polygons)
    assert shapely.is_valid(r.polygons[there]).all()
    assert shapely.coverage_is_valid(r.polygons[there])
    was, now = shapely.union_all(t.grids), shapely.union_all(r.polygons[there])
    assert shapely.symmetric_difference(was, now).area <= 2e-9 * was.length
    xy = shapely.get_coordinates(r.polygons[there])
    assert (xy == np.round(xy, 9)).all()
    assert there.tolist() == [g in labels for g in range(len(t.grids))]
    # only those that gave or received are drawn anew, or have a new vertex where a border ends
    moved = u.grid != labels
    assert set(np.flatnonzero(r.changed)) == set(u.grid[moved]) | set(labels[moved])
    for g in np.flatnonzero(~r.changed):
        if r.touched[g]:
            assert in_order(t.grids[g], r.polygons[g])
            extra = np.setdiff1d(
                keys(shapely.get_coordinates(r.polygons[g])), keys(shapely.get_coordinates(t.grids[g]))
            )
            assert len(extra) > 0
            off = shapely.distance(shapely.points(extra.real, extra.imag), t.grids[g].boundary)
            assert off.max() <= 2e-9
        else:
            assert r.polygons[g] is t.grids[g]


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from(["blocks", "h3"]), st.integers(1, 25))
@example(2585, "h3", 15)  # a ring straightened to two vertices
def test_noding_leaves_no_vertex_on_old_borders(seed, mode, steps):
    t, _, _, r = redrawn(seed, mode, steps)
    there = r.polygons[~shapely.is_missing(r.polygons)]
    old = keys(shapely.get_coordinates(t.grids))
    fresh = np.setdiff1d(keys(shapely.get_coordinates(there)), old)
    assert np.isin(fresh, keys(shapely.get_coordinates(r.new_border))).all()
    # the outline of the land: old vertices survive in order, further ones end a new border within 2e-9
    outline = shapely.union_all(t.grids)
    now = shapely.coverage_union_all(there)
    frame = keys(
        shapely.get_coordinates(
            shapely.intersection(shapely.multipoints(np.column_stack([old.real, old.imag])), outline.boundary)
        )
    )
    assert np.isin(frame, keys(shapely.get_coordinates(now))).all()
    added = np.setdiff1d(keys(shapely.get_coordinates(now)), old)
    if len(added):
        assert shapely.distance(shapely.points(added.real, added.imag), outline.boundary).max() <= 2e-9
        ends = keys(shapely.get_coordinates(shapely.boundary(r.new_border)))
        assert np.isin(added, ends).all()


@settings(max_examples=20, deadline=None)
@given(seeds, st.sampled_from(["blocks", "h3"]), st.integers(1, 25))
def test_everyone_is_in_the_grid_of_their_unit_and_no_footprint_is_newly_cut(seed, mode, steps):
    t, u, labels, r = redrawn(seed, mode, steps)
    assert len(r.newly_cut) == 0
    straddling = np.isin(t.demand.footprint, u.straddlers)
    at = locate(r.polygons, np.arange(len(r.polygons)), t.demand.lng, t.demand.lat)
    alone = t.demand.footprint < 0
    # a building may stick out of all grids, and its customers' point with it
    whole = (t.demand.footprint >= 0) & ~straddling & (at >= 0)
    assert (at[alone] == labels[u.demand_unit[alone]]).all()
    assert (at[whole] == labels[u.demand_unit[whole]]).all()


def test_a_redraw_brings_no_new_findings():
    for seed in range(4):
        t, _, _, r = redrawn(seed, "blocks" if seed % 2 else "h3", 20)
        there = ~shapely.is_missing(r.polygons)
        codes = [c for c, ok in zip(t.codes, there, strict=True) if ok]
        assert [f for f in check(r.polygons[there], codes) if f.severity == "error"] == []


def test_cells_give_straight_borders():
    straightened = zigzag = pieces = 0
    was_m = now_m = 0.0
    for seed in range(6):
        t = town(seed, buildings=0, points=25)
        u = build_units(t.grids, t.codes, mode="h3", demand=t.demand, options=Options(resolutions=(9, 10)))
        labels = grown(u, np.random.default_rng(seed), 40)
        r = redraw(t.grids, u, labels)
        straightened += r.straightened
        seg = u.segments
        beyond = np.where(seg.right >= 0, labels[seg.right], -1)
        was = np.where(seg.right >= 0, u.grid[seg.right], -1)
        new = (labels[seg.left] != beyond) & (u.grid[seg.left] == was)
        zigzag += new.sum()
        pieces += shapely.get_num_coordinates(r.new_border).sum() - len(r.new_border)
        was_m, now_m = was_m + seg.length_m[new].sum(), now_m + r.new_border_m
        assert r.street_share == 0
    assert straightened > 0
    assert pieces < 0.5 * zigzag
    assert now_m < 0.9 * was_m


def square(x0, y0, x1, y1):
    return box(*(np.round([WEST + x0 * SIZE, SOUTH + y0 * SIZE, WEST + x1 * SIZE, SOUTH + y1 * SIZE], 9)))


TWO = np.array([square(0, 0, 0.5, 1), square(0.5, 0, 1, 1)], dtype=object)
STREETS = np.array(
    [LineString(np.array([(x, -0.1), (x, 1.1)]) * SIZE + (WEST, SOUTH)) for x in (0.3, 0.7)], dtype=object
)
EACH = Options(block_share=2.0, join_empty=False)


def test_borders_on_streets_are_reported():
    u = build_units(TWO, ["a", "b"], lines=Lines(streets=STREETS), options=EACH)
    labels = np.where(shapely.get_x(shapely.centroid(u.polygons)) < WEST + 0.7 * SIZE, 0, 1)
    r = redraw(TWO, u, labels)
    assert r.street_share == pytest.approx(1.0, abs=1e-6)
    assert r.new_border_m == pytest.approx(2215, rel=0.01)
    assert shapely.get_num_coordinates(r.polygons).tolist() == [7, 5]
    assert r.changed.all()


def test_nothing_moved_is_nothing_changed():
    u = build_units(TWO, ["a", "b"], lines=Lines(streets=STREETS), options=EACH)
    r = redraw(TWO, u, u.grid)
    assert all(a is b for a, b in zip(r.polygons, TWO, strict=True))
    assert r.street_share is None
    assert not r.changed.any()


def test_a_grid_that_loses_all_and_one_that_is_new():
    u = build_units(TWO, ["a", "b"], lines=Lines(streets=STREETS), options=EACH)
    west = shapely.get_x(shapely.centroid(u.polygons)) < WEST + 0.3 * SIZE
    r = redraw(TWO, u, np.where(west, 2, 1))
    assert r.polygons[0] is None
    assert r.polygons[2].area == pytest.approx(0.3 * SIZE * SIZE)
    assert shapely.coverage_is_valid(r.polygons[1:])


def test_a_third_grid_gets_the_vertex_where_a_new_border_ends():
    north = shapely.Polygon([*square(0, 1, 1, 2).exterior.coords[:4], TWO[1].exterior.coords[2]])
    grids = np.array([*TWO, north], dtype=object)
    assert shapely.coverage_is_valid(grids)
    u = build_units(grids, ["a", "b", "c"], lines=Lines(streets=STREETS), options=EACH)
    r = redraw(
        grids,
        u,
        np.where(
            (u.grid == 1) & (shapely.get_x(shapely.centroid(u.polygons)) < WEST + 0.7 * SIZE), 0, u.grid
        ),
    )
    assert r.touched.tolist() == [False, False, True]
    assert shapely.get_num_coordinates(r.polygons[2]) == shapely.get_num_coordinates(grids[2]) + 1
    assert shapely.coverage_is_valid(r.polygons)


def test_customers_hold_a_border_where_it_is():
    rng = np.random.default_rng(3)
    at = rng.uniform(0, 1, (4000, 2)) * SIZE + (WEST, SOUTH)
    crowd = Demand(at[:, 0], at[:, 1], np.ones((4000, 1)))
    u = build_units(TWO, ["a", "b"], mode="h3", demand=crowd, options=Options(resolutions=(8, 9)))
    labels = grown(u, rng, 60)
    r = redraw(TWO, u, labels)
    assert (locate(r.polygons, np.arange(2), at[:, 0], at[:, 1]) == labels[u.demand_unit]).all()


def test_bad_labels():
    u = build_units(TWO, ["a", "b"])
    for labels in (np.zeros(1), np.array([-1, 0])):
        with pytest.raises(InputError, match="the row of a grid for each"):
            redraw(TWO, u, labels)
