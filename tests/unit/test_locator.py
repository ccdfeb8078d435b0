import itertools
from dataclasses import replace

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from locator_cases import agrees, names, trying, voronoi

from geo.errors import InputError
from geo.locator import Locator, raster
from geo.locator.exact import orientation
from geo.locator.matched import Matched
from geo.locator.rings import rings_of

GEOD = pyproj.Geod(ellps="WGS84")
with np.errstate(invalid="ignore"):
    NOT_A_NUMBER = shapely.from_wkt("POLYGON((0 0, 1 0, nan 1, 0 0))")


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([None, 0, 500]))
def test_a_coverage_is_located_exactly(seed, expected):
    geoms = voronoi(seed)
    agrees(geoms, names(len(geoms)), trying(geoms, np.random.default_rng(seed)), expected=expected)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([None, 0]))
def test_overlaps_gaps_holes_and_parts_are_located_exactly(seed, expected):
    rng = np.random.default_rng(seed)
    a, b = voronoi(seed, 5), voronoi(seed + 1, 5)
    holed = [
        shapely.Polygon(
            g.exterior,
            [shapely.transform(g, lambda c: np.round(c.mean(0) + (c - c.mean(0)) * 0.3, 9)).exterior],
        )
        for g in a[:2]
    ]
    many = shapely.MultiPolygon([b[0], shapely.transform(b[1], lambda c: c + np.array([1.0, 0.25]))])
    geoms = np.array([*holed, a[3], many, b[2], None, shapely.Polygon()], dtype=object)
    agrees(geoms, names(len(geoms)), trying(geoms, rng), expected=expected)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000))
def test_grids_of_lattice_cells_are_located_exactly(seed):
    """Level and upright edges, corners of four grids, grids in parts and with holes, gaps."""
    rng = np.random.default_rng(seed)
    squares = np.array(
        [shapely.box(i / 4, j / 4, i / 4 + 0.25, j / 4 + 0.25) for i in range(6) for j in range(6)]
    )
    owner = rng.integers(0, 7, len(squares))
    geoms = np.array([shapely.coverage_union_all(squares[owner == k]) for k in range(5)], dtype=object)
    lattice = np.array([(x / 8, y / 8) for x in range(-1, 14, 2) for y in range(-1, 14)])
    agrees(geoms, names(len(geoms)), np.vstack([lattice, lattice[:, ::-1], trying(geoms, rng, 10)]))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1e-3, 0.5, 30.0]))
def test_the_road_of_a_coverage_agrees_with_the_road_of_any_grids(seed, size):
    rng = np.random.default_rng(seed)
    geoms = voronoi(seed, 40, size=size)
    geoms = geoms[rng.random(len(geoms)) < 0.9]
    quick = Locator.build(geoms, names(len(geoms)))
    assert isinstance(quick.road, Matched) == (
        bool(shapely.coverage_is_valid(geoms)) and bool(shapely.is_valid(geoms).all())
    )
    slow = replace(quick, road=raster.build(rings_of(geoms), quick.rank))
    points = trying(geoms, rng, 2_000).T
    for a, b in zip(vars(quick.locate(*points)).values(), vars(slow.locate(*points)).values(), strict=True):
        assert (a == b).all()


def test_the_least_doubles_beside_an_upright_or_level_edge_are_on_their_side():
    """Where products underflow no determinant tells: 5e-324 times less than a half is 0."""
    halves = [(-0.5, 0), (0, 0.5)]
    geoms = np.array([shapely.box(a, c, b, d) for a, b in halves for c, d in halves])
    least = np.array([-5e-324, -1e-200, 0.0, 1e-200, 5e-324])
    other = np.array([-0.35, -0.15, 0.15, 0.35])
    upright = np.stack(np.meshgrid(least, other), axis=-1).reshape(-1, 2)
    agrees(geoms, ["b", "c", "d", "a"], np.vstack([upright, upright[:, ::-1], [[0.0, 0.0]]]))


coordinate = st.integers(-8, 8).map(lambda v: v / 4)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8), min_size=1, max_size=4))
def test_any_rings_at_all_on_a_lattice(rings):
    """Invalid ones too: crossing, doubled back, flat; every lattice point is asked."""
    geoms = [shapely.Polygon(r) for r in rings]
    lattice = np.array([(x / 8, y / 8) for x in range(-17, 18, 3) for y in range(-18, 18, 2)])
    agrees(geoms, [f"G{i}" for i in range(len(geoms))], lattice)


@settings(deadline=None)
@given(st.lists(st.floats(-180, 180).filter(lambda v: v == 0 or abs(v) > 1e-100), min_size=6, max_size=6))
def test_orientation_is_exact(values):
    from fractions import Fraction

    ax, ay, bx, by, cx, cy = (Fraction(v) for v in values)
    det = (ax - cx) * (by - cy) - (ay - cy) * (bx - cx)
    assert orientation(*values) == (det > 0) - (det < 0)


@settings(deadline=None)
@given(st.integers(0, 1 << 30), st.sampled_from([1e-3, 1.0, 100.0]))
def test_orientation_is_exact_where_points_nearly_line_up(seed, spread):
    from fractions import Fraction

    rng = np.random.default_rng(seed)
    a, b = rng.uniform(-spread, spread, (2, 2))
    c = a + rng.uniform(-2, 2) * (b - a)
    for _ in range(rng.integers(0, 3)):
        c = np.nextafter(c, rng.uniform(-200, 200, 2))
    values = [float(v) for v in (*a, *b, *c)]
    fx = [Fraction(v) for v in values]
    det = (fx[0] - fx[4]) * (fx[3] - fx[5]) - (fx[1] - fx[5]) * (fx[2] - fx[4])
    assert orientation(*values) == (det > 0) - (det < 0)


def test_edges_of_many_vertices_and_thin_spikes():
    rng = np.random.default_rng(3)
    x = np.sort(rng.uniform(116, 117, 800))
    y = 24 + rng.uniform(0, 0.01, 800)
    wiggle = np.round(np.column_stack([x, y]), 9)
    north = shapely.Polygon([*wiggle, (117, 25), (116, 25)])
    south = shapely.Polygon([*wiggle, (117, 23), (116, 23)])
    geoms = np.array([north, south], dtype=object)
    agrees(geoms, ["b", "a"], trying(geoms, rng, 12))


def test_not_finite_is_nowhere_and_the_outer_boundary_is_inside():
    loc = Locator.build([shapely.box(116, 24, 117, 25)], ["a"])
    got = loc.locate([116, 117, 116.5, np.nan, np.inf, 116.5, 200], [24, 25, 25, 24.5, 24.5, np.nan, 24.5])
    assert got.index.tolist() == [0, 0, 0, -1, -1, -1, -1]
    assert got.index.dtype == np.int32
    assert not got.tie.any()


def test_no_grids_and_no_points():
    assert Locator.build([], []).locate([1.0], [2.0]).index.tolist() == [-1]
    assert Locator.build([None], ["a"]).locate([1.0], [2.0]).index.tolist() == [-1]
    row, metres = Locator.build([], []).nearest([1.0], [2.0])
    assert row.tolist() == [-1]
    assert np.isnan(metres).all()
    assert len(Locator.build([shapely.box(0, 0, 1, 1)], ["a"]).locate([], []).index) == 0


def test_threads_change_nothing():
    geoms = voronoi(5, 30)
    loc = Locator.build(geoms, names(len(geoms)))
    points = np.random.default_rng(1).uniform((115.9, 23.9), (116.6, 24.6), (200_000, 2)).T
    one, two = loc.locate(*points), loc.locate(*points, threads=2)
    assert (one.index == two.index).all()
    assert (one.tie == two.tie).all()


@pytest.mark.parametrize(
    ("geoms", "codes", "kind"),
    [
        ([shapely.box(0, 0, 1, 1)] * 2, ["a", "a"], "duplicate-code"),
        ([shapely.Point(0, 0)], ["a"], "bad-geometry"),
        ([shapely.box(179, 0, 181, 1)], ["a"], "out-of-range"),
        ([shapely.box(0, 89, 1, 91)], ["a"], "out-of-range"),
        ([NOT_A_NUMBER], ["a"], "out-of-range"),
    ],
)
def test_what_cannot_be_indexed_is_refused(geoms, codes, kind):
    with pytest.raises(InputError) as error:
        Locator.build(geoms, codes)
    assert error.value.kind == kind


def test_a_saved_index_answers_the_same(tmp_path):
    geoms = voronoi(7, 20)
    loc = Locator.build(geoms, names(len(geoms)))
    loc.save(tmp_path / "x.loc")
    again = Locator.load(tmp_path / "x.loc")
    points = trying(geoms, np.random.default_rng(1)).T
    for a, b in zip(vars(loc.locate(*points)).values(), vars(again.locate(*points)).values(), strict=True):
        assert (a == b).all()
    assert again.codes.tolist() == loc.codes.tolist()
    for a, b in zip(loc.nearest(*points), again.nearest(*points), strict=True):
        assert (a == b).all()
    few = Locator.build(geoms, names(len(geoms)), points=0)
    few.save(tmp_path / "y.loc")
    assert (Locator.load(tmp_path / "y.loc").locate(*points).index == loc.locate(*points).index).all()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.loc", "y.loc"]


def test_a_damaged_index_is_refused(tmp_path):
    path = tmp_path / "x.loc"
    Locator.build([shapely.box(0, 0, 1, 1)], ["a"]).save(path)
    whole = path.read_bytes()
    for content in (b"", b"noise" * 100, whole[: len(whole) // 2], whole[:100]):
        path.write_bytes(content)
        with pytest.raises(InputError):
            Locator.load(path)
    with pytest.raises(InputError, match="no such file"):
        Locator.load(tmp_path / "nowhere")


def least_metres(x, y, geom):
    """Brute force: geodesic metres to points a few metres apart, then a few centimetres around the least."""
    line = shapely.get_coordinates(shapely.segmentize(geom, 1e-3))
    d = GEOD.inv(np.full(len(line), x), np.full(len(line), y), line[:, 0], line[:, 1])[2]
    k = int(d.argmin())
    around = line[max(0, k - 1) : k + 2]
    fine = np.vstack([a + np.linspace(0, 1, 2001)[:, None] * (b - a) for a, b in itertools.pairwise(around)])
    return GEOD.inv(np.full(len(fine), x), np.full(len(fine), y), fine[:, 0], fine[:, 1])[2].min()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-4, 60.0), st.floats(0, 2 * np.pi))
def test_nearest_is_right_within_a_metre_or_a_tenth_of_a_percent(seed, away, bearing):
    geoms = voronoi(seed, 6)
    loc = Locator.build(geoms, names(len(geoms)))
    west, south, east, north = shapely.total_bounds(geoms)
    middle = np.array([(west + east) / 2, (south + north) / 2])
    x, y = middle + (away + 0.3) * np.array([np.cos(bearing), np.sin(bearing)])
    rows, metres = loc.nearest([x], [y])
    want = np.array([0.0 if shapely.intersects_xy(g, x, y) else least_metres(x, y, g) for g in geoms])
    slack = max(1.0, want.min() * 0.001 if want.min() > 100_000 else 0.0)
    assert metres[0] == pytest.approx(want.min(), abs=slack)
    assert want[rows[0]] <= want.min() + slack


def test_nearest_prefers_the_lowest_code_at_a_shared_corner():
    geoms = [shapely.box(116, 24, 117, 25), shapely.box(117, 24, 118, 25)]
    rows, metres = Locator.build(geoms, ["b", "a"]).nearest([117.0, 116.5], [25.1, 24.5])
    assert rows.tolist() == [1, 0]
    assert metres[0] == pytest.approx(GEOD.inv(117, 25, 117, 25.1)[2], abs=0.01)
    assert metres[1] == 0


def test_nearest_across_the_antimeridian_and_in_a_gap():
    loc = Locator.build([shapely.box(179, 0, 180, 1), shapely.box(150, 0, 151, 1)], ["a", "b"])
    rows, metres = loc.nearest([-179.9, np.nan], [0.5, 0.0])
    assert rows.tolist() == [0, -1]
    assert metres[0] == pytest.approx(GEOD.inv(180, 0.5, -179.9, 0.5)[2], abs=1)
    ring = shapely.box(116, 24, 117, 25)
    hole = shapely.box(116.4, 24.4, 116.6, 24.6)
    rows, metres = Locator.build([shapely.Polygon(ring.exterior, [hole.exterior])], ["a"]).nearest(
        [116.41], [24.5]
    )
    assert rows.tolist() == [0]
    assert metres[0] == pytest.approx(GEOD.inv(116.4, 24.5, 116.41, 24.5)[2], abs=1)
