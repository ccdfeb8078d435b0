"""Harder ground: towns with parts and holes, faults in a coverage, T-junctions, the ends of the world; and
that no road, thread or file changes an answer."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from locator_cases import agrees, names, trying, voronoi

from geo.locator import Locator
from geo.locator.matched import Matched


def town(seed, west=116.0, south=24.0, step=0.25, side=5):
    """Lattice cells dealt out to grids that have parts and holes, every lattice edge divided at uneven
    places: borders nearly straight, their vertices not on them."""
    rng = np.random.default_rng(seed)

    def line(a, b):
        t = np.sort(rng.random(3))[:, None]
        bent = a + t * (b - a) + rng.choice([0.0, 1e-9, 1e-3], (3, 1)) * step * (b - a)[::-1]
        return np.vstack([a, np.round(bent, 9)])

    at = np.array([[(west + i * step, south + j * step) for j in range(side + 1)] for i in range(side + 1)])
    up = [[line(at[i, j], at[i, j + 1]) for j in range(side)] for i in range(side + 1)]
    east = [[line(at[i, j], at[i + 1, j]) for j in range(side + 1)] for i in range(side)]

    def back(points, end):
        return np.vstack([end, points[:0:-1]])

    cells = np.array([
        shapely.Polygon(np.vstack([east[i][j], up[i + 1][j], back(east[i][j + 1], at[i + 1, j + 1]),
                                   back(up[i][j], at[i, j + 1])]))
        for i in range(side) for j in range(side)
    ])  # fmt: skip
    owner = rng.integers(0, 6, len(cells))
    geoms = [shapely.coverage_union_all(cells[owner == k]) for k in range(5) if (owner == k).any()]
    return np.array(geoms, dtype=object)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([None, 0]))
def test_parts_holes_and_nearly_straight_borders_are_located_exactly(seed, expected):
    geoms = town(seed)
    agrees(geoms, names(len(geoms)), trying(geoms, np.random.default_rng(seed), 8), expected)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_a_town_is_known_to_be_a_coverage_and_a_fault_in_it_is_seen(seed):
    """One vertex moved, one left out of one of two neighbours, one grid laid over another, one doubled."""
    rng = np.random.default_rng(seed)
    geoms = town(seed, side=4)
    whole = Locator.build(geoms, names(len(geoms)))
    assert isinstance(whole.road, Matched) == bool(shapely.coverage_is_valid(geoms))
    k = int(rng.integers(len(geoms)))
    vertices = shapely.get_coordinates(geoms[k])
    moved = vertices[rng.integers(len(vertices))]
    faults = [
        shapely.transform(geoms[k], lambda c: np.where((c == moved).all(axis=1)[:, None], c + 1e-9, c)),
        shapely.simplify(geoms[k], 1e-7),
        shapely.union(geoms[k], shapely.transform(geoms[k], lambda c: c + np.array([0.1, 0.05]))),
    ]
    for other in faults:
        broken = geoms.copy()
        broken[k] = other
        index = Locator.build(broken, names(len(broken)))
        if isinstance(index.road, Matched):  # it may be a coverage still, as where the edge was nobody else's
            assert shapely.coverage_is_valid(broken)
        agrees(broken, names(len(broken)), trying(broken, rng, 4))
    inside = shapely.transform(geoms[k], lambda c: c.mean(axis=0) + (c - c.mean(axis=0)) * 1e-3)
    for geom in (inside, geoms[k]):
        heap = np.array([*geoms, geom], dtype=object)
        assert not isinstance(Locator.build(heap, names(len(heap))).road, Matched) or not geom.intersects(
            shapely.union_all(geoms)
        )


def test_a_grid_inside_another_that_touches_none_of_its_edges_is_an_overlap():
    big, small = shapely.box(116, 24, 117, 25), shapely.box(116.4, 24.4, 116.6, 24.6)
    index = Locator.build([big, small], ["b", "a"])
    assert not isinstance(index.road, Matched)
    got = index.locate([116.5, 116.1], [24.5, 24.5])
    assert got.index.tolist() == [1, 0]
    assert got.ambiguous.tolist() == [True, False]
    ringed = shapely.Polygon(big.exterior, [small.exterior])
    island = shapely.box(116.45, 24.45, 116.55, 24.55)
    for geoms in ([ringed, small], [ringed, island], [ringed, small, shapely.box(118, 24, 119, 25)]):
        assert isinstance(Locator.build(geoms, names(len(geoms))).road, Matched)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([None, 0]))
def test_vertices_on_the_edges_of_neighbours_are_located_exactly(seed, expected):
    """Rectangles that divide a square: corners of some lie within the edges of others."""
    rng = np.random.default_rng(seed)
    boxes = [(0, 0, 64, 64)]
    for _ in range(9):
        k = int(rng.integers(len(boxes)))
        west, south, east, north = boxes.pop(k)
        x, y = (west + east) / 2, (south + north) / 2
        upright = bool(rng.integers(2))
        boxes += [(west, south, x, north), (x, south, east, north)] if upright else [
            (west, south, east, y), (west, y, east, north)]  # fmt: skip
    geoms = shapely.box(*(np.array(boxes) / 64 + [116, 24, 116, 24]).T)
    agrees(geoms, names(len(geoms)), trying(geoms, rng, 8), expected)


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(-180.0, -90.0, 1.0), (179.0, 89.0, 0.2), (0.0, 0.0, 1e-120), (116.0, 24.0, 1e-11)]),
    st.sampled_from([None, 0]),
)
def test_the_ends_of_the_world_and_the_smallest_grids_are_located_exactly(seed, where, expected):
    west, south, step = where
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, 4, (5, 5))
    squares = np.array([
        shapely.box(west + i * step, south + j * step, west + (i + 1) * step, south + (j + 1) * step)
        for i in range(5) for j in range(5)
    ])  # fmt: skip
    geoms = [shapely.MultiPolygon(list(squares[owner.ravel() == k])) for k in range(3)]
    corners = shapely.get_coordinates(geoms)
    picked = corners[rng.integers(0, len(corners), 12)]
    near = np.nextafter(picked, picked + rng.choice([-1.0, 1.0], picked.shape))
    if step < 1e-100:
        near = picked * 1.5
    middle = picked + 0.5 * step
    agrees(np.array(geoms, dtype=object), names(3), np.vstack([picked, near, middle]), expected)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["coverage", "overlaps", "once"]))
def test_saving_threads_and_the_road_taken_change_nothing(seed, kind):
    rng = np.random.default_rng(seed)
    geoms = town(seed) if kind != "overlaps" else np.concatenate([town(seed), voronoi(seed, 5)])
    codes = names(len(geoms))
    points = trying(geoms, rng, 30_000)
    index = Locator.build(geoms, codes, points=0 if kind == "once" else None)
    one, two = index.locate(*points.T), index.locate(*points.T, threads=2)
    few = Locator.build(geoms, codes, points=10)
    bits = [few.locate(*points[k : k + 700].T) for k in range(0, 7_000, 700)]
    with TemporaryDirectory() as folder:
        index.save(Path(folder) / "x.loc")
        saved = Locator.load(Path(folder) / "x.loc").locate(*points.T)
    for name in ("index", "tie", "ambiguous"):
        want = getattr(one, name)
        assert (want == getattr(two, name)).all()
        assert (want == getattr(saved, name)).all()
        assert (want[:7_000] == np.concatenate([getattr(bit, name) for bit in bits])).all()
