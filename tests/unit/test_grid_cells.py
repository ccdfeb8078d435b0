"""Grids as H3 cells: every cell that meets a grid, and how much of it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from h3.api import basic_int
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.cells import cells
from geo.errors import InputError
from geo.geodesy import area_m2
from geo.grid_cells import LEAST_SHARE, cell_polygons, grid_cells

PLACES = st.tuples(st.floats(-179.9, 179.9), st.floats(-80, 80))


def _blob(lng: float, lat: float, radius: float, wiggles: list[float]) -> shapely.Polygon:
    """A star around a place, within the bounds of longitude."""
    angles = np.linspace(0, 2 * np.pi, len(wiggles), endpoint=False)
    reach = radius * (1 + 0.9 * np.array(wiggles))
    ring = np.column_stack([lng + reach * np.cos(angles), lat + reach * np.sin(angles)])
    ring[:, 0] = np.clip(ring[:, 0], -180, 180)
    made = shapely.make_valid(shapely.Polygon(np.round(ring, 9)))
    return shapely.union_all([part for part in shapely.get_parts(made) if part.geom_type == "Polygon"])


@st.composite
def grids(draw: st.DrawFn) -> tuple[shapely.Geometry, int]:
    """A polygon, some with a hole, and a resolution at which it has some hundreds of cells at most."""
    lng, lat = draw(PLACES)
    res = draw(st.integers(3, 10))
    edge = basic_int.average_hexagon_edge_length(res, unit="m") / 111_320
    radius = edge * draw(st.floats(0.05, 8))
    wiggles = draw(st.lists(st.floats(-1, 1), min_size=3, max_size=9))
    shape = _blob(lng, lat, radius, wiggles)
    if draw(st.booleans()):
        shape = shapely.difference(shape, shapely.Point(lng, lat).buffer(radius / 3, quad_segs=2))
    return shape, res


def _near(shape: shapely.Geometry, res: int) -> np.ndarray:
    """More than all cells that a grid may meet, found another way: around points strewn over it."""
    edge = basic_int.average_hexagon_edge_length(res, unit="m") / 111_320
    found: set[int] = set()
    for part in shapely.get_parts(shape):
        west, south, east, north = part.bounds
        wide = max(np.cos(np.radians(max(abs(south), abs(north)))), 0.1)
        xs = np.linspace(west, east, int((east - west) * wide / edge) + 2)
        ys = np.linspace(south, north, int((north - south) / edge) + 2)
        x, y = (v.ravel() for v in np.meshgrid(xs, ys))
        for one in set(cells(x, y, res).tolist()):
            found.update(basic_int.grid_disk(one, 2))
    return np.array(sorted(found), np.uint64)


@settings(max_examples=60, deadline=None)
@given(grids())
def test_every_cell_that_meets_a_grid_is_listed_with_its_share(drawn: tuple[shapely.Geometry, int]) -> None:
    shape, res = drawn
    if shape.is_empty:
        return
    found = grid_cells(shape, res)
    near = _near(shape, res)
    ground = cell_polygons(near)
    share = area_m2(shapely.intersection(ground, shape)) / area_m2(ground)
    told = dict(zip(found.cell.tolist(), found.share.tolist(), strict=True))
    for cell, expected in zip(near.tolist(), share.tolist(), strict=True):
        assert told.pop(cell, 0.0) == pytest.approx(expected, abs=2 * LEAST_SHARE)
    assert told == {}
    assert (np.diff(found.cell.astype(object)) > 0).all()
    assert (found.share[found.inside] == 1).all()
    assert shapely.covers(shape, cell_polygons(found.cell[found.inside])).all()
    assert not shapely.covers(shape, cell_polygons(found.cell[~found.inside])).any()


@settings(max_examples=40, deadline=None)
@given(PLACES, st.integers(4, 10), st.floats(0.5, 5), st.lists(st.floats(0, 1), min_size=2, max_size=4))
def test_the_shares_of_a_cell_and_what_no_grid_covers_are_one(
    place: tuple[float, float], res: int, size: float, cuts: list[float]
) -> None:
    lng, lat = place
    half = size * basic_int.average_hexagon_edge_length(res, unit="m") / 111_320
    west, east = max(lng - half, -180), min(lng + half, 180)
    edges = sorted({west, east, *(west + cut * (east - west) for cut in cuts)})
    strips = [shapely.box(a, lat - half, b, lat + half) for a, b in itertools.pairwise(edges)]
    sums: dict[int, float] = {}
    for strip in strips:
        found = grid_cells(strip, res)
        for cell, share in zip(found.cell.tolist(), found.share.tolist(), strict=True):
            sums[cell] = sums.get(cell, 0.0) + share
    ground = cell_polygons(np.array(list(sums), np.uint64))
    bare = area_m2(shapely.difference(ground, shapely.union_all(strips))) / area_m2(ground)
    assert np.array(list(sums.values())) + bare == pytest.approx(1, abs=1e-8)


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.floats(-180, 180), st.floats(-89, 89)), st.integers(0, 10))
def test_a_cells_ground_is_where_its_points_are(place: tuple[float, float], res: int) -> None:
    lng, lat = np.array([place[0]]), np.array([place[1]])
    own = cells(lng, lat, res)
    ring = np.array([one for one in basic_int.grid_disk(int(own[0]), 1) if one != own[0]], np.uint64)
    point = shapely.Point(place)
    near = 2e-6 * np.sqrt(shapely.area(cell_polygons(own))[0])
    assert shapely.dwithin(cell_polygons(own)[0], point, near)
    inner = shapely.buffer(cell_polygons(ring), -near)
    assert not shapely.covers(inner, point).any()


@settings(max_examples=20, deadline=None)
@given(PLACES, st.integers(2, 9))
def test_neighbours_meet_without_gap_or_overlap(place: tuple[float, float], res: int) -> None:
    own = int(cells([place[0]], [place[1]], res)[0])
    ground = cell_polygons(np.array(basic_int.grid_disk(own, 1), np.uint64))
    joined = shapely.union_all(ground)
    total = area_m2(ground).sum()
    assert area_m2([joined])[0] == pytest.approx(total, rel=1e-9)
    filled = [shapely.Polygon(part.exterior) for part in shapely.get_parts(joined)]
    assert area_m2(filled).sum() == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize("res", [0, 1, 2])
def test_the_cells_of_a_resolution_cover_the_earth_once(res: int) -> None:
    every = [child for base in basic_int.get_res0_cells() for child in basic_int.cell_to_children(base, res)]
    total = area_m2(cell_polygons(np.array(every, np.uint64))).sum()
    earth = area_m2([shapely.box(-180, -90, 180, 90)])[0]
    assert total == pytest.approx(earth, rel=1e-6)


def test_a_cell_on_both_sides_of_180_degrees_is_met_from_both() -> None:
    own = int(cells([180.0], [10.0], 4)[0])
    for grid in (shapely.box(179, 9, 180, 11), shapely.box(-180, 9, -179, 11)):
        found = grid_cells(grid, 4)
        assert own in found.cell.tolist()
        assert 0 < found.share[found.cell == own][0] < 1


def test_a_grid_thinner_than_any_cell_has_no_cell_inside() -> None:
    for width in (1e-17, 1e-9, 1e-5):
        found = grid_cells(shapely.box(0, -0.2, width, 0.2), 8)
        assert not found.inside.any()
        assert (found.share < 0.01).all()


def test_what_is_no_grid() -> None:
    assert len(grid_cells(None, 8)) == 0
    assert len(grid_cells(shapely.Polygon(), 8)) == 0
    with pytest.raises(InputError, match="polygon was expected"):
        grid_cells(shapely.Point(116, 24), 8)
    with pytest.raises(InputError, match="wider than 180"):
        grid_cells(shapely.box(-170, 0, 170, 10), 2)
