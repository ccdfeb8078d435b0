"""What a redraw may never do, on thousands of small problems over time; and what it proves."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redraws import lattice, neighbours_of, optimum, pieces, random_problem, replay, strips, worst

from geo.errors import InputError
from geo.rebalance import Problem, Result, rebalance
from geo.rebalance.steps import order_moves

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def redraw(problem: Problem, **options: object) -> Result:
    return rebalance(problem, time_limit=None, **{"effort": 0.1, **options})  # type: ignore[arg-type]


def problem_or_none(seed: int) -> Problem | None:
    try:
        return random_problem(seed)
    except InputError:  # such as a class whose units all are in a dissolved or missing grid
        return None


@QUICK
@given(st.integers(0, 10**6), st.sampled_from([None, None, 0.05, 0.2]))
def test_every_rule_holds_whatever_the_problem(seed: int, max_moved: float | None) -> None:
    problem = problem_or_none(seed)
    if problem is None:
        return
    result = redraw(problem, max_moved=max_moved)
    labels, current = result.labels, np.asarray(problem.current)
    moved = labels != current
    near = neighbours_of(problem)
    shut = np.asarray(problem.locked_grids)
    assert ((labels >= 0) & (labels < problem.n_grids)).all()
    assert (np.asarray(problem.grid_class)[labels] == problem.unit_class).all()
    assert not (moved & np.asarray(problem.locked_units)).any()
    assert not (moved & (shut[labels] | shut[current])).any()
    for g in range(problem.n_grids):
        now = pieces(np.flatnonzero(labels == g).tolist(), near)
        assert now <= max(1, pieces(np.flatnonzero(current == g).tolist(), near))
        if result.feasible:
            assert now == 1
    if max_moved is not None:
        assert result.moved_share <= max_moved + 1e-9
    assert result.violation == pytest.approx(worst(problem, labels), rel=1e-6, abs=1e-6)
    if result.feasible:
        assert result.violation <= 1 + 1e-6
        assert result.bound is not None
        assert result.bound <= result.moved_share + 1e-9
    else:
        assert all(c.kind and c.message for c in result.certificates)
        assert result.certificates
    assert replay(problem, result) == []


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**6))
def test_bound_optimum_result_are_in_that_order_and_proofs_are_true(seed: int) -> None:
    problem = problem_or_none(seed % 5000)
    if problem is None or len(problem.weights) > 14:
        return
    best = optimum(problem, 3.0)
    if best is None:
        return
    result = redraw(problem)
    if np.isinf(best):
        assert not result.feasible
        return
    assert result.bound is not None
    assert result.bound <= best + 1e-6
    assert [c.kind for c in result.certificates if c.kind != "not_found"] == []
    if result.feasible:
        assert result.moved_share >= best - 1e-6


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 300))
def test_the_same_seed_gives_the_same_plan_whatever_the_threads(seed: int) -> None:
    problem = problem_or_none(seed)
    if problem is None:
        return
    one, two = (redraw(problem, seed=seed, threads=t) for t in (1, 3))
    assert (one.labels == two.labels).all()
    assert [(s.kind, s.units.tolist()) for s in one.moves] == [(s.kind, s.units.tolist()) for s in two.moves]


def test_a_grid_that_reaches_past_its_neighbour_is_no_contradiction_to_the_bound() -> None:
    # a nearly weightless unit of grid 1 lets grid 2 reach grid 0, so less moves than the flow has it
    weights = np.array([5.0, 5.0, 4.0, 0.01, 5.0, 5.0, 6.0])
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 6], [2, 4], [4, 5], [5, 6], [3, 4]])
    problem = Problem(weights, edges, np.array([0, 0, 0, 1, 1, 1, 2]), 3, 0.05)
    result = redraw(problem, effort=1.0)
    assert result.feasible
    assert result.estimate is not None
    assert result.bound is not None
    assert result.bound <= result.moved_share < result.estimate


def test_an_exchange_where_only_an_exchange_helps() -> None:
    ring = np.array([[0, 1], [1, 2], [2, 3], [0, 2], [1, 3], [0, 3]])
    problem = Problem(np.array([3.0, 3.0, 2.0, 2.0]), ring, np.array([0, 0, 1, 1]), 2, 0.1)
    result = redraw(problem)
    assert result.feasible
    assert [s.kind for s in result.moves] == ["exchange"]
    assert len(result.moves[0].transfers) == 2


def test_only_single_transfers_where_they_do() -> None:
    problem = Problem(np.ones(120), lattice(12, 10), strips(12, 10, [8, 4]), 2, 0.05)
    result = redraw(problem)
    assert result.feasible
    assert {s.kind for s in result.moves} == {"transfer"}
    assert result.largest_step <= 0.06
    assert result.moved_share >= result.bound  # type: ignore[operator]


def test_pieces_are_mended_first_and_the_moves_counted() -> None:
    current = strips(9, 6, [3, 3, 3])
    current[[0, 9]] = 2  # two units of the third grid in the corner of the first
    problem = Problem(np.ones(54), lattice(9, 6), current, 3, 0.1)
    result = redraw(problem)
    assert result.feasible
    assert result.moves[0].kind == "mend"
    assert replay(problem, result) == []


def test_locked_pieces_are_joined_or_named() -> None:
    current = strips(9, 6, [3, 3, 3])
    current[0] = 1
    locked = np.zeros(54, bool)
    locked[0] = True
    result = redraw(Problem(np.ones(54), lattice(9, 6), current, 3, 0.3, locked_units=locked))
    assert result.feasible
    assert result.labels[0] == 1
    assert replay(result.problem, result) == []


def test_a_dissolved_grid_ends_empty_and_a_new_one_full() -> None:
    current = strips(12, 6, [4, 4, 4])
    dissolve = np.array([False, True, False, False])
    problem = Problem(np.ones(72), lattice(12, 6), current, 4, 0.1, dissolve=dissolve)
    result = redraw(problem, effort=1.0)
    assert result.feasible
    assert not (result.labels == 1).any()
    assert (result.labels == 3).sum() >= 21
    assert replay(problem, result) == []
    assert result.bound is not None
    assert result.bound >= 24 / 72 - 1e-6  # all of the dissolved grid moves


def test_prefer_compact_is_no_less_compact() -> None:
    rng = np.random.default_rng(5)
    problem = Problem(rng.lognormal(0, 0.5, 400), lattice(20, 20), strips(20, 20, [8, 4, 4, 4]), 4, 0.05)
    cut = [
        int((r.labels[problem.edges[:, 0]] != r.labels[problem.edges[:, 1]]).sum())
        for r in (redraw(problem, prefer=p) for p in ("moves", "compact"))
    ]
    assert cut[1] <= cut[0]


@pytest.mark.parametrize("seed", [8, 19, 51, 72, 76])
def test_hardly_any_unit_weighs_and_still_all_grids_come_within_tolerance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = np.where(rng.random(300) < 0.8, 0.0, np.ceil(rng.lognormal(0.8, 1.0, 300)))
    weights = np.minimum(weights, np.floor(weights.sum() / 18))
    problem = Problem(weights, lattice(20, 15), strips(20, 15, [1, 7, 1, 2, 7, 2]), 6, 0.05)
    result = redraw(problem, effort=0.05)
    assert result.feasible
    assert replay(problem, result) == []


@pytest.mark.parametrize("seed", [81, 102, 209, 266, 455, 536, 545])
def test_a_grid_that_keeps_nothing_gets_only_what_lies_beside_it(seed: int) -> None:
    problem = random_problem(seed)
    result = redraw(problem, effort=0.05)
    assert replay(problem, result) == []


def test_greenfield_grids_are_whole_even_and_of_one_class() -> None:
    rng = np.random.default_rng(3)
    weights = rng.uniform(1, 3, (300, 2))
    unit_class = (np.arange(300) % 20 >= 12).astype(int)
    problem = Problem(weights, lattice(20, 15), None, 10, 0.1, unit_class=unit_class)
    result = redraw(problem, effort=1.0)
    assert result.feasible
    assert result.moves == []
    assert result.bound is None
    assert (np.asarray(problem.grid_class)[result.labels] == unit_class).all()
    assert np.bincount(problem.grid_class).tolist() == [6, 4]


def test_cancel_keeps_the_best_plan_and_tells_progress() -> None:
    events: list[dict[str, object]] = []
    problem = Problem(np.ones(3600), lattice(60, 60), strips(60, 60, [30, 10, 10, 10]), 4, 0.02)
    result = rebalance(problem, progress=lambda e: events.append(dict(e)), cancel=lambda: len(events) > 2)
    assert result.stopped_by == "cancelled"
    assert events
    assert {"progress", "seconds", "bound"} <= set(events[-1])
    assert replay(problem, result) == []


@pytest.mark.parametrize("looks", [0, 1, 2, 5, 9])
def test_when_no_time_is_left_for_ordering_the_rest_is_one_exchange_and_legal(looks: int) -> None:
    rng = np.random.default_rng(5)
    problem = Problem(rng.lognormal(0, 0.5, 400), lattice(20, 20), strips(20, 20, [8, 4, 4, 4]), 4, 0.05)
    result = redraw(problem)
    asked: list[bool] = []

    def overdue() -> bool:
        asked.append(True)
        return len(asked) > looks

    assert problem.current is not None
    moves = order_moves(result.model, problem.current, result.labels, overdue)
    assert replay(problem, replace(result, moves=moves)) == []
    assert len(moves) <= len(result.moves)
    if looks == 0:
        assert [m.kind for m in moves] == ["exchange"]


def test_cancelled_from_the_start_there_is_still_a_whole_plan() -> None:
    current = strips(9, 6, [3, 3, 3])
    current[[0, 9]] = 2
    for problem in (
        Problem(np.ones(54), lattice(9, 6), current, 3, 0.1),
        Problem(np.ones(54), lattice(9, 6), None, 3, 0.1),
    ):
        result = redraw(problem, cancel=lambda: True)
        assert result.stopped_by == "cancelled"
        assert ((result.labels >= 0) & (result.labels < 3)).all()
        if problem.current is not None:
            assert replay(problem, result) == []
