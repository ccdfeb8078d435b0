"""A/B from codes and from density."""

from __future__ import annotations

import h3
import numpy as np
import pytest
from h3.api import basic_int
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import classify
from geo.classify import Density, class_of_code, clusters, parse_policy, suggest
from geo.errors import InputError

CENTRE = basic_int.latlng_to_cell(24.3, 116.1, 8)
NEAR = sorted(basic_int.grid_disk(CENTRE, 1))
FAR = basic_int.latlng_to_cell(25.3, 117.1, 8)


@pytest.mark.parametrize(
    ("code", "wanted"),
    [("111", "A"), ("112", "A"), ("121", "A"), ("122", "A"), ("123", "A"), ("210", "B"), ("220", "B")],
)
def test_codes_of_towns_are_a_and_of_the_country_b(code: str, wanted: str) -> None:
    assert class_of_code(code) == wanted


def test_the_longest_beginning_decides() -> None:
    policy = parse_policy({"codes": {"1": "A", "12": "B", "123": ""}})
    assert [class_of_code(code, policy) for code in ("111", "121", "123", "220")] == ["A", "B", "", ""]


@pytest.mark.parametrize("code", ["", "11", "1111", "441402001001", "310", "a"])
def test_no_other_code_is_one(code: str) -> None:
    with pytest.raises(InputError, match="111, 112, 121, 122, 123, 210, 220"):
        class_of_code(code)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"nbs": {}}, "nbs"),
        ({"codes": {"3": "A"}}, "codes.3"),
        ({"codes": {1: "A"}}, "codes.1"),
        ({"codes": {"1": "C"}}, "codes.1"),
        ({"codes": ["A"]}, "codes"),
        ({"density": {"share": 0}}, "density.share"),
        ({"density": {"share": 1.01}}, "density.share"),
        ({"density": {"density_km2": "300"}}, "density.density_km2"),
        ({"density": {"density_km2": True}}, "density.density_km2"),
        ({"density": {"population": float("nan")}}, "density.population"),
        ({"density": {"measure": "people"}}, "density.measure"),
        ({"density": {"resolution": 11}}, "density.resolution"),
        ({"density": {"resolution": 8.0}}, "density.resolution"),
        ({"density": {"threshold": 1}}, "density.threshold"),
        ({"density": 300}, "density"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_path(document: dict[str, object], path: str) -> None:
    with pytest.raises(InputError) as error:
        parse_policy(document)
    assert (error.value.kind, error.value.column) == ("bad-policy", path)


def test_an_empty_policy_is_the_default() -> None:
    assert parse_policy({}) == classify.DEFAULT_POLICY


def test_a_parent_is_the_cell_that_holds_the_finer_one() -> None:
    fine = [basic_int.latlng_to_cell(24.3 + i / 50, 116.1 - i / 30, 10) for i in range(20)]
    for resolution in (5, 8, 10):
        wanted = [basic_int.cell_to_parent(cell, resolution) for cell in fine]
        assert classify.parents(np.array(fine, np.uint64), resolution).tolist() == wanted


def test_dense_cells_that_touch_and_hold_enough_are_a_town() -> None:
    # Seven cells of 1,000 people: above 300 a km² each, 7,000 together. Alone, one of them is no town.
    cells, people = [*NEAR, FAR], [1_000.0] * 8
    found = clusters(cells, people)
    assert found.people.tolist() == [7_000.0]
    assert sorted(found.cell[found.cluster == 0].tolist()) == NEAR
    assert (found.cluster[found.cell == FAR] == -1).all()


def test_a_gap_parts_two_towns() -> None:
    ring = sorted(set(basic_int.grid_disk(CENTRE, 3)) - set(basic_int.grid_disk(CENTRE, 2)))
    found = clusters([CENTRE, *ring], [9_000.0] + [600.0] * len(ring))
    assert found.people.tolist() == [600.0 * len(ring), 9_000.0]


def test_thinly_settled_land_is_no_town_however_many_live_there() -> None:
    area = basic_int.cell_area(CENTRE, "km^2")
    wide = sorted(basic_int.grid_disk(CENTRE, 10))
    assert len(clusters(wide, [200.0 * area] * len(wide)).people) == 0
    assert len(clusters(wide, [330.0 * area] * len(wide)).people) == 1


def test_an_area_is_suggested_a_when_half_of_its_people_live_in_towns() -> None:
    cells = [*NEAR, FAR]
    people = [1_000.0] * 7 + [200.0]
    # Area 0 is the town; 1 a corner of it and the far village; 2 the village; 3 nobody's.
    inside = ([0] * 7 + [1, 1, 2], [*range(7), 0, 7, 7])
    town, mixed, village, empty = suggest(cells, people, inside, 4)
    assert (town.suggested, town.share, town.cells, town.urban_cells) == ("A", 1.0, 7, 7)
    assert (mixed.suggested, mixed.population, mixed.urban_population) == ("A", 1_200.0, 1_000.0)
    # The corner alone would be no town: the cluster counts beyond the area's edge.
    assert (mixed.cells, mixed.urban_cells, mixed.largest_cluster) == (2, 1, 7_000.0)
    assert (village.suggested, village.share, village.largest_cluster) == ("B", 0.0, 0.0)
    assert (empty.suggested, empty.share, empty.population) == (None, None, 0.0)


def test_thresholds_decide() -> None:
    cells, people, inside = NEAR, [1_000.0] * 7, ([0] * 7, list(range(7)))
    assert suggest(cells, people, inside, 1, Density(population=7_000))[0].suggested == "A"
    assert suggest(cells, people, inside, 1, Density(population=7_001))[0].suggested == "B"
    assert suggest(cells, people, inside, 1, Density(density_km2=2_000))[0].suggested == "B"


def test_nobody_anywhere_suggests_nothing() -> None:
    assert suggest([], [], ([], []), 1)[0].suggested is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3_000), min_size=19, max_size=19), st.randoms())
def test_finer_cells_and_another_order_change_nothing(people: list[int], chance: object) -> None:
    cells = sorted(basic_int.grid_disk(CENTRE, 2))
    fine = [basic_int.str_to_int(h3.cell_to_center_child(h3.int_to_str(cell), 10)) for cell in cells]
    order = list(range(19))
    chance.shuffle(order)  # type: ignore[attr-defined]
    inside = ([i % 3 for i in range(19)], list(range(19)))
    mixed = ([order[i] % 3 for i in range(19)], list(range(19)))
    plain = suggest(cells, people, inside, 3, Density(population=2_000))
    other = suggest([fine[i] for i in order], [people[i] for i in order], mixed, 3, Density(population=2_000))
    assert [one.suggested for one in plain] == [one.suggested for one in other]
    assert [one.urban_cells for one in plain] == [one.urban_cells for one in other]
