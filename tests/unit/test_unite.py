"""Grids outside the scope of a redraw keep every vertex, since units that would need one go together."""

import numpy as np
import shapely

from geo.adjacency import polygon_edges
from geo.geodesy import local_projection
from geo.redraw import Added, Goal, Ground, redraw_grids
from geo.units import Demand, build_units
from geo.units.model import geometries
from geo.units.unite import meeting_at, unite

WEST = shapely.box(13.0, 50.0, 13.02, 50.02)
EAST = shapely.box(13.02, 50.0, 13.04, 50.02)
NORTH = shapely.Polygon([(13.0, 50.02), (13.02, 50.02), (13.04, 50.02), (13.04, 50.03), (13.0, 50.03)])
GRIDS = geometries([WEST, EAST])
BESIDE = geometries([NORTH])


def demand() -> Demand:
    """Three quarters of the customers stand in the west."""
    rng = np.random.default_rng(4)
    lng = np.concatenate([rng.uniform(13.0, 13.02, 300), rng.uniform(13.02, 13.04, 100)])
    return Demand(lng, rng.uniform(50.0, 50.02, 400), np.ones((400, 1)))


def ground(**more: object) -> Ground:
    words = {"codes": ["W", "E"], "classes": ["", ""], "groups": ["", ""], "locked": np.zeros(2, bool)}
    return Ground(grids=GRIDS, demand=demand(), mode="h3", **(words | more))  # type: ignore[arg-type]


def vertices(polygons: object) -> set[tuple[float, float]]:
    return set(map(tuple, shapely.get_coordinates(polygons).tolist()))


def test_units_that_meet_a_grid_beside_are_one_and_all_else_adds_up() -> None:
    units = build_units(GRIDS, ["W", "E"], mode="h3", demand=demand())
    pairs = meeting_at(units, GRIDS, BESIDE)
    assert len(pairs) > 2
    assert (units.grid[pairs[:, 0]] == units.grid[pairs[:, 1]]).all()
    united, label = unite(units, pairs)
    assert len(united.grid) < len(units.grid)
    assert len(meeting_at(united, GRIDS, BESIDE)) == 0
    assert (united.grid[label] == units.grid).all()
    assert (united.demand_unit == label[units.demand_unit]).all()

    # Everything is what it is of the new polygons, measured anew.
    metric = local_projection(shapely.total_bounds(GRIDS)).forward(united.polygons)
    np.testing.assert_allclose(united.area_m2, shapely.area(metric), rtol=1e-9)
    np.testing.assert_allclose(united.perimeter_m, shapely.length(metric), rtol=1e-9)
    middle = shapely.get_coordinates(shapely.centroid(metric))
    np.testing.assert_allclose(united.xy, middle, atol=1e-3)
    edges, length = polygon_edges(metric)
    assert edges.tolist() == united.edges.tolist()
    np.testing.assert_allclose(united.edge_length_m, length, rtol=1e-9)


def test_nothing_meets_nobody() -> None:
    units = build_units(GRIDS, ["W", "E"], mode="h3", demand=demand())
    pairs = meeting_at(units, GRIDS, geometries())
    assert pairs.shape == (0, 2)
    same, label = unite(units, pairs)
    assert same is units
    assert label.tolist() == list(range(len(units.grid)))


def test_a_redraw_leaves_a_grid_beside_to_the_last_vertex() -> None:
    goal = Goal(measures=["customers"], tolerance=[0.05])
    [drawn] = redraw_grids(ground(beside=BESIDE), goal).plans
    assert drawn.report["feasible"]
    assert drawn.differs.all()
    shared = shapely.intersection(shapely.boundary(WEST), shapely.boundary(NORTH))
    line = shapely.union(shared, shapely.intersection(shapely.boundary(EAST), shapely.boundary(NORTH)))
    on = {xy for xy in vertices(drawn.polygons) if shapely.dwithin(line, shapely.Point(xy), 1e-8)}
    assert on <= vertices(NORTH)
    assert shapely.coverage_is_valid(np.append(drawn.polygons, NORTH))


def test_land_of_every_transfer_adds_up_to_what_changed() -> None:
    goal = Goal(measures=["customers"], tolerance=[0.1])
    [drawn] = redraw_grids(ground(added=[Added("N", "")], dissolved=[1]), goal).plans
    assert drawn.report["feasible"], drawn.report["certificates"]
    assert drawn.polygons[1] is None
    assert {(land.source, land.sink) for land in drawn.lands} <= {(0, 2), (1, 0), (1, 2)}
    given = shapely.union_all([land.polygon for land in drawn.lands if land.source == 1])
    assert shapely.symmetric_difference(given, EAST).area < 1e-12
    steps = [land.step for land in drawn.lands]
    assert steps == sorted(steps)
    assert max(steps) == len(drawn.report["moves"])
