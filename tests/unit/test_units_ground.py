"""Units on ground of every shape, by lines of every kind, and of polygons that a planner supplies."""

from typing import Any

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Polygon, box

from geo.errors import InputError
from geo.units import Demand, Lines, Options, build_units
from geo.units.model import Units, geometries

W, S = 116.0, 24.0
FINE = Options(resolutions=(8, 10))
WHOLE = Options(block_share=10.0, join_empty=False)
"""Blocks as lines make them."""


def at(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    """A box in thousandths of a degree from the south-west corner."""
    return box(W + x0 / 1000, S + y0 / 1000, W + x1 / 1000, S + y1 / 1000)


def line(*xy: tuple[float, float]) -> LineString:
    return shapely.set_precision(LineString([(W + x / 1000, S + y / 1000) for x, y in xy]), 1e-9)


def work(n: int, ground: Polygon, seed: int = 0) -> Demand:
    rng = np.random.default_rng(seed)
    west, south, east, north = ground.bounds
    return Demand(rng.uniform(west, east, n), rng.uniform(south, north, n), np.ones((n, 1)))


def worked(*grids: Any, **options: Any) -> Units:
    codes = [f"G{i}" for i in range(len(grids))]
    options.setdefault("options", FINE)
    options.setdefault("mode", "h3")
    rounded = shapely.transform(geometries(grids), lambda xy: np.round(xy, 9))
    return build_units(rounded, codes, **options)


def covers(units: Units, grids: list[Any]) -> None:
    assert shapely.is_valid(units.polygons).all()
    assert shapely.coverage_is_valid(units.polygons)
    for g, polygon in enumerate(grids):
        mine = shapely.union_all(units.polygons[units.grid == g])
        assert shapely.symmetric_difference(mine, polygon).area <= 2e-9 * polygon.length


RING = at(0, 0, 20, 20).difference(at(6, 6, 12, 12))
ISLANDS = MultiPolygon([at(22, 0, 28, 6), at(24, 9, 27, 12)])
SHAPES: dict[str, list[Any]] = {
    "a hole that is nobody's": [RING],
    "an enclave": [RING, at(6, 6, 12, 12)],
    "two islands of one grid": [at(0, 0, 20, 20), ISLANDS],
    "a sliver of a gap": [at(0, 0, 10, 20), at(10.00001, 0, 20, 20)],
    "a tiny extent": [at(0, 0, 0.2, 0.2), at(0.2, 0, 0.4, 0.2)],
}
STREETS = geometries([line((-1, 5), (30, 5)), line((5, -1), (5, 30)), line((11, -1), (11, 9))])


@pytest.mark.parametrize("mode", ["h3", "blocks"])
@pytest.mark.parametrize("name", SHAPES)
def test_units_cover_grids_of_any_shape_and_are_the_same_each_time(name: str, mode: Any) -> None:
    grids = SHAPES[name]
    lines = Lines(streets=STREETS) if mode == "blocks" else None
    made = [worked(*grids, mode=mode, lines=lines, demand=work(300, at(0, 0, 28, 20))) for _ in range(2)]
    covers(made[0], grids)
    assert shapely.to_wkb(made[0].polygons).tolist() == shapely.to_wkb(made[1].polygons).tolist()
    assert made[0].edges.tolist() == made[1].edges.tolist()
    for polygon in made[0].polygons:  # every unit is one piece, islands apart
        assert shapely.get_num_geometries(polygon) == 1


def test_where_roads_are_in_part_of_the_ground_the_rest_is_cells() -> None:
    west, east = at(0, 0, 20, 20), at(20, 0, 40, 20)
    streets = geometries([line((-1, y), (19, y)) for y in (4, 8, 12, 16)])
    units = worked(
        west, east, mode="blocks", lines=Lines(streets=streets), demand=work(2_000, at(0, 0, 40, 20))
    )
    covers(units, [west, east])
    assert np.count_nonzero(units.grid == 1) > 4
    assert units.edge_street_m.sum() > 0


def test_paths_divide_only_blocks_with_much_work() -> None:
    ground = at(0, 0, 40, 4)
    streets = geometries([line((x, -1), (x, 5)) for x in range(1, 40)])
    path = geometries([line((-1, 2), (41, 2))])
    busy = np.full(200, W + 0.0105)
    everywhere = W + np.linspace(0.0005, 0.0395, 40)
    demand = Demand(
        np.concatenate([busy, everywhere]),
        np.concatenate([S + np.linspace(0.0005, 0.0035, 200), np.full(40, S + 0.001)]),
        np.ones((240, 1)),
    )
    with_paths = worked(
        ground, mode="blocks", lines=Lines(streets=streets, paths=path), demand=demand, options=WHOLE
    )
    without = worked(ground, mode="blocks", lines=Lines(streets=streets), demand=demand, options=WHOLE)
    assert len(without.polygons) == 40
    assert len(with_paths.polygons) == 41


def test_a_border_on_a_street_costs_half_its_length() -> None:
    units = worked(
        at(0, 0, 10, 10), mode="blocks",
        lines=Lines(streets=geometries([line((5, -1), (5, 11))]), other=geometries([line((-1, 5), (11, 5))])),
        demand=work(100, at(0, 0, 10, 10)), options=WHOLE,
    )  # fmt: skip
    street = units.edge_street_m > 0
    assert street.any()
    assert not street.all()
    assert units.edge_cost[street] == pytest.approx(0.5 * units.edge_length_m[street], rel=1e-6)
    assert units.edge_cost[~street] == pytest.approx(units.edge_length_m[~street])


GROUND = at(0, 0, 20, 10)


def test_supplied_polygons_are_the_units() -> None:
    mine = [at(0, 0, 7, 10), at(7, 0, 20, 10)]
    units = worked(GROUND, mode="polygons", polygons=geometries(mine), demand=work(100, GROUND))
    assert len(units.polygons) == 2
    covers(units, [GROUND])


def test_supplied_polygons_that_overlap_are_refused_and_named() -> None:
    with pytest.raises(InputError, match=r"units overlap on .* m²; most of it is in rows 1 and 3") as raised:
        worked(
            GROUND, mode="polygons",
            polygons=geometries([at(0, 0, 8, 10), at(8, 0, 20, 10), at(6, 0, 7, 10)]),
            demand=work(100, GROUND),
        )  # fmt: skip
    assert raised.value.kind == "units-overlap"
    assert raised.value.row == 3


def test_supplied_polygons_that_leave_ground_to_none_are_refused_with_the_place() -> None:
    with pytest.raises(
        InputError, match=r"are in no unit; the largest part is at 116\.018\d+, 24\.00"
    ) as raised:
        worked(
            GROUND, mode="polygons", polygons=geometries([at(0, 0, 7, 10), at(7, 0, 17, 10)]),
            demand=work(100, GROUND),
        )  # fmt: skip
    assert raised.value.kind == "units-gap"
