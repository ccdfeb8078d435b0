"""Several plans: none dominated, the first that of a single run, the same again with the same seed."""

import numpy as np
import pytest
from redraws import lattice, replay, strips

from geo.rebalance import Problem, Result, frontier, measures, rebalance


def town(seed: int = 4) -> Problem:
    rng = np.random.default_rng(seed)
    widths = [9, 3, 5, 3]
    return Problem(rng.lognormal(0, 0.4, 400), lattice(20, 20), strips(20, 20, widths), 4, 0.1)


def several(problem: Problem, plans: int = 5, **options: object) -> list[Result]:
    return frontier(problem, plans, time_limit=None, **{"effort": 0.3, **options})  # type: ignore[arg-type]


def cut(result: Result) -> int:
    edges = np.asarray(result.problem.edges)
    return int((result.labels[edges[:, 0]] != result.labels[edges[:, 1]]).sum())


def test_the_first_plan_is_that_of_a_single_run_and_none_is_dominated() -> None:
    problem = town()
    plans = several(problem)
    alone = rebalance(problem, time_limit=None, effort=0.3)
    assert len(plans) >= 3
    assert (plans[0].labels == alone.labels).all()
    costs = [(*measures(p, None)[:2], cut(p)) for p in plans]
    assert [c[0] for c in costs] == sorted(c[0] for c in costs)
    for i, one in enumerate(costs):
        for j, other in enumerate(costs):
            assert i == j or any(a > b for a, b in zip(one, other, strict=True)) or one == other
    assert plans[-1].violation < plans[0].violation
    for p in plans:
        assert p.feasible
        assert p.bound == alone.bound
        assert replay(problem, p) == []


def test_the_same_seed_gives_the_same_plans_whatever_the_threads() -> None:
    one, two = (several(town(), 3, seed=7, threads=t) for t in (1, 3))
    assert [p.labels.tolist() for p in one] == [p.labels.tolist() for p in two]


def test_no_plan_moves_more_than_the_cap() -> None:
    free = several(town())
    cap = free[0].moved_share * 1.05
    plans = several(town(), max_moved=cap)
    assert free[-1].moved_share > cap
    assert all(p.moved_share <= cap + 1e-12 and p.feasible for p in plans)


def test_never_more_plans_than_asked_for() -> None:
    assert len(several(town(), 1)) == 1
    assert 1 <= len(several(town(), 2)) <= 2


def test_an_impossible_problem_gives_one_plan_with_its_reasons() -> None:
    weights = np.ones(36)
    weights[0] = 100
    plans = several(Problem(weights, lattice(6, 6), strips(6, 6, [3, 3]), 2, 0.05))
    assert len(plans) == 1
    assert not plans[0].feasible
    assert plans[0].certificates


def test_cancelling_keeps_what_there_is() -> None:
    told: list[object] = []
    plans = several(town(), progress=told.append, cancel=lambda: bool(told))
    assert len(plans) == 1
    assert plans[0].stopped_by == "cancelled"


@pytest.mark.parametrize("plans", [2, 5])
def test_progress_goes_from_nothing_to_all_over_the_plans(plans: int) -> None:
    told: list[float] = []
    several(town(), plans, progress=lambda e: told.append(float(e["progress"])))
    assert told == sorted(told)
    assert told[-1] <= 1
