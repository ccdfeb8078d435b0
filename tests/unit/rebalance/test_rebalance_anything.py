"""Small redraws of every kind: what may never happen does not. `./run check rebalance` looks at 10,000."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from enumerate_plans import MOST, exact
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redraws import lattice, neighbours_of, optimum, pieces, random_problem, strips, worst
from rules import judge
from tasks import Task, task

from geo.errors import InputError
from geo.rebalance import Problem

EVERYTHING = list(HealthCheck)


@settings(max_examples=150, deadline=None, suppress_health_check=EVERYTHING)
@given(st.integers(0, 10**9), st.integers(1, 26), st.booleans())
@example(19, 19, False)  # from scratch, a star of as many units as grids
@example(20067, 26, False)  # the solver is given a plan that is not the optimum
@example(537, 30, False)  # the optimum can't be carried out in steps, so the plan is above the bound
@example(3104, 26, False)
@example(1016, 26, False)  # newcomers border only what their grid gives away
@example(1665, 26, False)  # two grids change places
@example(2388, 26, False)  # a grid in pieces is dissolved
@example(1418, 26, False)  # compact, from a plan within tolerance
def test_no_rule_is_broken_and_nothing_untrue_is_said(number: int, most: int, twice: bool) -> None:
    one = task(number, most)
    if one is not None:
        assert judge(one, twice=twice, effort=0.05).faults == []


@settings(max_examples=40, deadline=None, suppress_health_check=EVERYTHING)
@given(st.integers(0, 10**9), st.integers(1, 7))
def test_bound_optimum_plan_are_in_that_order_wherever_all_plans_are_known(number: int, most: int) -> None:
    one = task(number, most)
    if one is not None:
        assert judge(replace(one, max_moved=None), effort=0.2).faults == []


@pytest.mark.parametrize("number", range(12))
def test_the_exact_answer_is_that_of_trying_everything(number: int) -> None:
    one = next(
        t for t in (task(100 * number + i, 7) for i in range(100)) if t and t.problem.current is not None
    )
    problem = one.problem
    near, current = neighbours_of(problem), np.asarray(problem.current)
    shut, held = np.asarray(problem.locked_grids), np.asarray(problem.locked_units)
    remain, kinds = ~np.asarray(problem.dissolve), np.asarray(problem.grid_class)
    move = problem.weights[:, problem.move_weight] / problem.weights[:, problem.move_weight].sum()
    moved = violation = np.inf
    for plan in itertools.product(range(problem.n_grids), repeat=len(move)):
        labels = np.array(plan)
        away = labels != current
        if (away & (held | shut[labels] | shut[current])).any() or (
            kinds[labels] != problem.unit_class
        ).any():
            continue
        count = [pieces(np.flatnonzero(labels == g).tolist(), near) for g in range(problem.n_grids)]
        if count == remain.astype(int).tolist():
            violation = min(violation, worst(problem, labels))
            moved = min(moved, float(move[away].sum()) if worst(problem, labels) <= 1 + 1e-9 else np.inf)
    best = exact(problem)
    assert best.moved == pytest.approx(moved)
    assert best.violation == pytest.approx(violation)


def test_the_exact_answer_is_that_of_integer_programming() -> None:
    compared = 0
    for seed in range(60):
        try:
            problem = random_problem(seed, most=MOST + 1)
        except InputError:
            continue
        found = optimum(problem)
        if found is not None:
            compared += 1
            assert exact(problem).moved == pytest.approx(found, abs=1e-6)
    assert compared > 40


def test_an_exact_answer_by_hand() -> None:
    problem = Problem(np.ones(8), lattice(4, 2), strips(4, 2, [3, 1]), 2, 0.0)
    best = exact(problem)
    assert (best.moved, best.cut, best.violation) == (0.25, 2.0, 0.0)


def test_a_task_is_kept_in_a_file_as_it_is(tmp_path: Path) -> None:
    for number in range(40):
        one = task(number)
        if one is None:
            continue
        one.save(tmp_path / "task.json")
        again = Task.load(tmp_path / "task.json")
        again.save(tmp_path / "again.json")
        assert (tmp_path / "task.json").read_text() == (tmp_path / "again.json").read_text()
        assert (again.max_moved, again.prefer, again.seed) == (one.max_moved, one.prefer, one.seed)
        assert (np.asarray(again.problem.target) == np.asarray(one.problem.target)).all()
