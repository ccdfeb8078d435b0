"""Bad problems are refused by name; infeasible ones come with the reason."""

from typing import Any

import numpy as np
import pytest
from redraws import lattice, strips

from geo.errors import InputError
from geo.rebalance import Problem, Result, rebalance

EDGES = lattice(6, 2)
CURRENT = strips(6, 2, [3, 3])
XY = np.column_stack([np.arange(12) % 6, np.arange(12) // 6]).astype(float)


def kinds(problem: Problem, **options: Any) -> set[str]:
    result = rebalance(problem, time_limit=None, effort=0.1, **options)
    assert not result.feasible
    return {c.kind for c in result.certificates}


def test_one_unit_heavier_than_a_grid_may_be() -> None:
    weights = np.ones(12)
    weights[4] = 30
    assert kinds(Problem(weights, EDGES, CURRENT, 2, 0.05)) >= {"unit_too_heavy"}


def test_a_class_that_does_not_fit_its_grids() -> None:
    result = rebalance(
        Problem(np.ones(12), EDGES, CURRENT, 2, 0.05, target=np.array([[4.0], [4.0]])), effort=0.1
    )
    assert [c.kind for c in result.certificates] == ["class_total"]
    assert result.certificates[0].figures["grids_that_fit"] == 3


def test_a_part_cut_off() -> None:
    edges = EDGES[~((EDGES % 6 == 3).any(axis=1) & (EDGES % 6 == 2).any(axis=1))]
    weights = np.where(np.arange(12) % 6 < 3, 1.0, 2.0)
    assert kinds(Problem(weights, edges, CURRENT, 2, 0.05)) == {"cut_off"}


def cut_between(edges: np.ndarray, *columns: int) -> np.ndarray:
    """The lattice without the edges between these columns and the next."""
    ends = np.sort(edges % 6, axis=1)
    return edges[~np.isin(ends[:, 0], columns) | (ends[:, 0] == ends[:, 1])]


def refused(problem: Problem, **options: Any) -> Result:
    result = rebalance(problem, time_limit=None, effort=0.05, **options)
    assert not result.feasible
    return result


def test_a_bridge_is_named_where_two_banks_are_nearest_and_it_helps() -> None:
    edges = cut_between(EDGES, 2)
    weights = np.where(np.arange(12) % 6 < 3, 1.0, 2.0)
    places = XY.copy()
    places[9, 0] -= 0.5  # unit 9 lies nearest to the other bank, opposite unit 8
    result = refused(Problem(weights, edges, CURRENT, 2, 0.05, xy=places))
    assert {frozenset(c.bridge) for c in result.certificates if c.bridge} == {frozenset((8, 9))}
    assert all("a bridge, best between {bridge}" in c.message for c in result.certificates)
    first = result.certificates[0]
    assert first.figures == {"weight": 6.0, "most": 0.0, "least": pytest.approx(8.55), "grids_now": 1}
    assert "too few for one grid" in first.message
    joined = Problem(weights, np.vstack([edges, [first.bridge]]), CURRENT, 2, 0.34, xy=places)
    assert rebalance(joined, effort=0.05).feasible


def test_a_bridge_that_is_only_the_first_of_several_is_told_so() -> None:
    column = np.arange(12) % 6
    weights = np.where(column < 2, 1.0, np.where(column == 2, 2.0, 2 / 3))
    result = refused(Problem(weights, cut_between(EDGES, 1, 2), CURRENT, 2, 0.1, xy=XY))
    assert {c.kind for c in result.certificates} == {"cut_off"}
    assert all("bridges, the first between {bridge}" in c.message for c in result.certificates)


def test_parts_that_each_would_fit_but_not_with_all_grids() -> None:
    current = np.where(CURRENT == 0, 0, np.where(np.arange(12) % 6 < 5, 1, 2))
    result = refused(Problem(np.ones(12), cut_between(EDGES, 2), current, 3, 0.25, xy=XY))
    (one,) = result.certificates
    assert one.kind == "cut_off"
    assert one.figures == {"parts": 2, "sizes": [6, 6], "counts_that_fit": [[2], [2]]}
    assert one.units == (0, 3)
    assert one.bridge in {(2, 3), (8, 9), (3, 2), (9, 8)}
    assert "a bridge, best between {bridge}" in one.message
    joined = Problem(np.ones(12), EDGES, current, 3, 0.25)
    assert rebalance(joined, effort=0.05).feasible


def test_units_that_nothing_borders_are_named() -> None:
    alone = EDGES[(EDGES != 0).all(axis=1)]
    result = refused(Problem(np.ones(12), alone, CURRENT, 2, 0.2, xy=XY))
    assert [c.kind for c in result.certificates] == ["cut_off"]
    assert result.certificates[0].bridge in {(0, 1), (0, 6)}
    assert result.certificates[0].figures["weight"] == 1.0
    nowhere = refused(Problem(np.ones(12), alone, None, 2, 0.2))
    assert [(c.kind, c.units) for c in nowhere.certificates] == [("cut_off", (0,))]


def test_a_part_whose_weights_want_different_numbers_of_grids() -> None:
    west = np.arange(12) % 6 < 3
    weights = np.column_stack([np.where(west, 1.0, 2.0), np.where(west, 2.0, 1.0)])
    current = np.where(west, 0, np.where(np.arange(12) % 6 < 5, 1, 2))
    result = refused(Problem(weights, cut_between(EDGES, 2), current, 3, 0.1))
    assert [c.kind for c in result.certificates] == ["cut_off", "cut_off"]
    assert [c.figures["counts_that_fit"] for c in result.certificates] == [[[1], [2]], [[2], [1]]]
    assert all(c.weight is None for c in result.certificates)


def test_no_number_of_grids_is_promised_where_none_fits() -> None:
    result = refused(Problem(np.ones(12), EDGES, CURRENT, 2, 0.05, target=np.array([[10.0], [10.0]])))
    assert [c.kind for c in result.certificates] == ["class_total"]
    assert result.certificates[0].figures["grids_that_fit"] is None
    assert "no number of grids" in result.certificates[0].message


def test_locked_units_that_lie_apart_are_named_one_for_each_part() -> None:
    current = CURRENT.copy()
    current[5] = 0
    locked = np.isin(np.arange(12), [0, 1, 5])
    result = refused(Problem(np.ones(12), cut_between(EDGES, 2), current, 2, 0.3, locked_units=locked))
    apart = [c for c in result.certificates if "one piece" in c.message]
    assert [(c.kind, c.grids, c.units) for c in apart] == [("locks", (0,), (0, 5))]
    joined = Problem(np.ones(12), EDGES, current, 2, 0.3, locked_units=locked)
    assert rebalance(joined, effort=0.05).feasible


def test_a_locked_grid_in_pieces_is_named() -> None:
    current = CURRENT.copy()
    current[[2, 8]], current[[5, 11]] = 1, 0
    shut = np.array([True, False])
    result = refused(Problem(np.ones(12), EDGES, current, 2, 0.3, locked_grids=shut))
    assert ("locks", (0,), 2) in [(c.kind, c.grids, c.figures.get("pieces")) for c in result.certificates]


def test_a_grid_that_weighs_nothing_gets_its_share() -> None:
    weights = np.where(CURRENT == 0, 0.0, 1.0)
    result = rebalance(Problem(weights, EDGES, CURRENT, 2, 0.0), effort=0.05)
    assert result.feasible
    assert result.moved_share == pytest.approx(0.5)
    assert result.bound == pytest.approx(0.5)
    with pytest.raises(InputError, match=r"^target: grid 0"):
        Problem(weights, EDGES, CURRENT, 2, 0.2, unit_class=CURRENT)


@pytest.mark.parametrize("weight", [1.0, 1 / 3, 0.777])
def test_what_is_said_to_be_enough_is_enough(weight: float) -> None:
    weights = np.where(CURRENT == 0, 2.0, 1.0) * np.where(np.arange(12) == 7, weight, 1.0)
    problem = Problem(weights, EDGES, CURRENT, 2, 0.15)
    result = refused(problem, max_moved=0.001)
    (cap,) = result.certificates
    assert cap.kind == "cap"
    assert 0.001 < cap.figures["least"] <= cap.figures["enough"]
    allowed = float(cap.message.split("(")[1].split(" ")[0])
    assert cap.figures["enough"] <= allowed
    assert rebalance(problem, effort=0.05, max_moved=allowed).feasible


def test_locks_that_hold_a_grid_above_its_limit() -> None:
    weights = np.where(np.arange(12) % 6 < 3, 2.0, 1.0)
    assert kinds(Problem(weights, EDGES, CURRENT, 2, 0.05, locked_units=np.ones(12, bool))) == {"locks"}
    assert kinds(Problem(weights, EDGES, CURRENT, 2, 0.05, locked_grids=np.ones(2, bool))) == {"locks"}


def test_a_cap_below_the_bound() -> None:
    weights = np.where(np.arange(12) % 6 < 3, 2.0, 1.0)
    result = rebalance(Problem(weights, EDGES, CURRENT, 2, 0.15), max_moved=0.01, effort=0.1)
    assert [c.kind for c in result.certificates] == ["cap"]
    assert result.moved_share <= 0.01


def test_every_way_ruled_out() -> None:
    uneven = np.array([[31.0], [29.0]])  # units of 5 never add up to that
    assert kinds(Problem(np.full(12, 5.0), EDGES, CURRENT, 2, 0.0, target=uneven)) == {"no_plan"}


def test_nothing_proven_still_says_what_stays_outside() -> None:
    uneven = np.array([[1001.0], [999.0]])
    many = Problem(np.full(400, 5.0), lattice(20, 20), strips(20, 20, [10, 10]), 2, 0.0, target=uneven)
    assert kinds(many) == {"not_found"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"weights": np.full(12, np.nan)}, "weights"),
        ({"weights": -np.ones(12)}, "weights"),
        ({"weights": np.zeros(12)}, "move_weight"),
        ({"edges": [[0, 99]]}, "edges"),
        ({"current": np.full(12, 7)}, "current"),
        ({"tolerance": -0.1}, "tolerance"),
        ({"unit_class": np.arange(12) % 2}, "current"),
        ({"target": np.zeros((2, 1))}, "target"),
        ({"current": None, "n_grids": 13}, "n_grids"),
        ({"dissolve": [True, True]}, "dissolve"),
        ({"locked_units": np.ones(12), "dissolve": [True, False]}, "locked_units"),
        ({"n_grids": 0}, "n_grids"),
    ],
)
def test_a_bad_problem_names_the_argument(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=f"^{named}"):
        Problem(**{"weights": np.ones(12), "edges": EDGES, "current": CURRENT, "n_grids": 2, **change})


def test_a_bad_option_is_refused() -> None:
    problem = Problem(np.ones(12), EDGES, CURRENT, 2)
    for options in ({"prefer": "luck"}, {"max_moved": -1.0}, {"time_limit": 0.0}):
        with pytest.raises(InputError):
            rebalance(problem, **options)  # type: ignore[arg-type]
