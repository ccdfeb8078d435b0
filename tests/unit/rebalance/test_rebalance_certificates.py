"""Bad problems are refused by name; infeasible ones come with the reason."""

from typing import Any

import numpy as np
import pytest
from redraws import lattice, strips

from geo.errors import InputError
from geo.rebalance import Problem, rebalance

EDGES = lattice(6, 2)
CURRENT = strips(6, 2, [3, 3])


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
