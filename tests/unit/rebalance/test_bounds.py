"""No bound is above the optimum, whatever it is made of; and the way between grids that one is made of."""

from collections.abc import Callable

import numpy as np
import pytest
from numba import typeof
from redraws import lattice, strips
from small_instances import KINDS, SOLVED, instance, known_optimum

from geo.rebalance import Problem, bounds, corridors, exact, rebalance
from geo.rebalance.bounds import ELEMENTARY, together
from geo.rebalance.control import Control
from geo.rebalance.corridors import corridor
from geo.rebalance.model import Model, model_of
from geo.rebalance.proving import CORRIDOR, EXACT, TREE, prove
from geo.rebalance.ways import nearest_homes
from geo.warm import warm

ROUNDING = 1e-7


def strip(columns: int, rows: int, grids: int, growth: float, tolerance: float = 0.05) -> Problem:
    """Even grids in a row, of which the first has grown."""
    current = strips(columns, rows, [columns // grids] * grids)
    weights = np.where(current == 0, growth, 1.0)
    return Problem(weights, lattice(columns, rows), current, grids, tolerance)


def corridor_share(problem: Problem, *, alone: bool, stopped: Callable[[], bool] = lambda: False) -> float:
    """The share that the corridors prove, by themselves or on top of what is known without them."""
    model, current = model_of(problem), np.asarray(problem.current)
    needs = bounds.needs(model, current)
    if alone:
        needs = bounds.Needs(np.zeros(model.G), np.zeros(model.G), dict.fromkeys(needs.least, 0.0))
    found = [corridor(model, current, c, needs, stopped) for c in needs.least]
    return sum(found) / float(model.move.sum())


def elementary_share(problem: Problem) -> float:
    model = model_of(problem)
    return bounds.elementary(model, bounds.needs(model, np.asarray(problem.current))).share


@pytest.mark.parametrize("seed", SOLVED)
def test_neither_bound_is_above_the_optimum(seed: int) -> None:
    problem, best = instance(seed), known_optimum(seed)
    assert elementary_share(problem) <= best + ROUNDING
    assert corridor_share(problem, alone=True) <= best + ROUNDING
    assert elementary_share(problem) - ROUNDING <= corridor_share(problem, alone=False) <= best + ROUNDING


def test_every_kind_of_instance_is_looked_at() -> None:
    assert {KINDS[seed % len(KINDS)] for seed in SOLVED} == set(KINDS)


def test_a_row_of_nearly_weightless_units_leads_past_a_grid() -> None:
    # grid 2 reaches grid 0 through a feather of grid 1: less moves than flows between neighbours have it
    weights = np.array([5.0, 5.0, 4.0, 0.01, 5.0, 5.0, 6.0])
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 6], [2, 4], [4, 5], [5, 6], [3, 4]])
    problem = Problem(weights, edges, np.array([0, 0, 0, 1, 1, 1, 2]), 3, 0.05)
    optimum = 4.01 / weights.sum()
    assert elementary_share(problem) <= optimum + ROUNDING
    assert corridor_share(problem, alone=True) <= optimum + ROUNDING
    result = rebalance(problem, effort=0.05)
    assert result.moved_share == pytest.approx(optimum)
    assert result.bound == pytest.approx(optimum, abs=1e-6)
    assert result.estimate is not None
    assert result.estimate > optimum * 1.1


def test_on_a_long_strip_the_corridor_proves_more_and_not_too_much() -> None:
    problem = strip(8, 2, 4, 1.8, 0.1)
    model, current = model_of(problem), np.asarray(problem.current)
    best = exact.least_moved(model, current, current, 0)
    optimum = best.bound / float(model.move.sum())
    assert best.optimal
    assert elementary_share(problem) * 1.4 < corridor_share(problem, alone=True) <= optimum + ROUNDING


def test_a_large_strip_is_bounded_by_its_corridors_and_says_so() -> None:
    result = rebalance(strip(48, 4, 4, 1.6), effort=0.02, time_limit=None)
    assert result.bound_source == CORRIDOR
    assert result.bound is not None
    assert elementary_share(result.problem) < result.bound <= result.moved_share + ROUNDING


@pytest.mark.parametrize(
    ("problem", "source"),
    [
        (Problem(np.ones(12), lattice(6, 2), strips(6, 2, [4, 2]), 2, 0.01), ELEMENTARY),
        (instance(57), EXACT),
    ],
)
def test_the_source_of_the_bound_is_told(problem: Problem, source: str) -> None:
    result = rebalance(problem, effort=0.05)
    assert result.bound_source == source
    assert result.stopped_by == "optimal"


def test_a_tree_left_early_is_told_and_no_wrong_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "STEPS", 40)
    result = rebalance(instance(57), effort=0.05)
    assert result.bound_source in (TREE, CORRIDOR, ELEMENTARY)
    assert result.bound is not None
    assert result.bound <= known_optimum(57) + ROUNDING


def test_classes_are_added_up_and_each_proof_that_counts_is_named() -> None:
    current = np.repeat([0, 1, 2, 3], 3)
    model = model_of(Problem(np.ones(12), lattice(12, 1), current, 4, 0.1, unit_class=current // 2))
    bound = together(model, {"one": {0: 1.0, 1: 3.0}, "two": {0: 2.0, 1: 1.0}, "three": {0: 0.5}})
    assert bound.share == pytest.approx(5 / 12)
    assert bound.source == "one; two"


def test_the_bounds_repeat_to_the_byte() -> None:
    for seed in (25, 34, 60, 89):
        one, two = (corridor_share(instance(seed), alone=False) for _ in range(2))
        assert one == two
    model = model_of(strip(24, 8, 4, 1.6))
    current = np.asarray(model.problem.current)
    three, four = (
        prove(
            model, current, current, bounds.needs(model, current), Control(None, t, None, None), take=True
        ).bound
        for t in (1, 2)
    )
    assert three == four


def test_corridors_end_at_a_node_limit_or_a_stop_with_what_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corridors, "NODES", 0)
    for seed in (25, 60, 89, 98):
        few = corridor_share(instance(seed), alone=False)
        assert elementary_share(instance(seed)) - ROUNDING <= few <= known_optimum(seed) + ROUNDING
        none = corridor_share(instance(seed), alone=False, stopped=lambda: True)
        assert elementary_share(instance(seed)) - ROUNDING <= none <= known_optimum(seed) + ROUNDING


@pytest.mark.parametrize(
    "change",
    [
        {"n_grids": 5},
        {"dissolve": [False, True, False, False]},
        {"tolerance": np.inf},
        {"locked_grids": [False, True, True, False]},
    ],
)
def test_where_corridors_prove_nothing_they_say_what_was_known(change: dict[str, object]) -> None:
    given = {"n_grids": 4, "tolerance": 0.05, **change}
    current = strips(12, 2, [3] * 4)
    weights = np.where(current == 0, 1.6, 1.0)
    model = model_of(Problem(weights, lattice(12, 2), current, **given))  # type: ignore[arg-type]
    none = np.zeros(model.G)
    assert corridor(model, current, 0, bounds.Needs(none, none, {0: 0.25})) == 0.25


def test_a_piece_of_a_grid_beyond_the_others_makes_no_corridor_longer() -> None:
    current = strips(8, 2, [2] * 4)
    current[7] = 0  # a piece of the grown grid lies beside the last one already
    weights = np.where(current == 0, 1.6, 1.0)
    problem = Problem(weights, lattice(8, 2), current, 4, 0.1)
    model = model_of(problem)
    best = exact.least_moved(model, current, current, 0)
    assert best.optimal
    assert corridor_share(problem, alone=True) <= best.bound / model.move.sum() + ROUNDING


def homes_of(model: Model, current: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The compiled loop on the grids of a model, all of them open where they are not locked."""
    home = np.where(model.open_grids[current], current, -1)
    members = np.argsort(home, kind="stable")
    first = np.searchsorted(home[members], np.arange(model.G + 1))
    loose = ~model.fixed
    return nearest_homes(  # type: ignore[no-any-return]
        home, model.move, loose, members, first, model.indptr, model.indices, model.G, most
    )


def lightest_ways(model: Model, current: np.ndarray) -> np.ndarray:
    """D (G, G): the least weight between two homes, by looking again until nothing becomes lighter."""
    near = [model.indices[model.indptr[u] : model.indptr[u + 1]].tolist() for u in range(model.n)]
    found = np.full((model.G, model.G), np.inf)
    for g in np.flatnonzero(model.open_grids):
        passable = ~model.fixed & model.open_grids[current] & (current != g)
        before = np.full(model.n, np.inf)
        changed = True
        while changed:
            changed = False
            for v in np.flatnonzero(passable).tolist():
                beside = [0.0 for u in near[v] if current[u] == g]
                through = [before[u] + model.move[u] for u in near[v] if passable[u]]
                least = min(beside + through, default=np.inf)
                if least < before[v]:
                    before[v], changed = least, True
        for v in np.flatnonzero(passable).tolist():
            found[g, current[v]] = min(found[g, current[v]], before[v])
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_compiled_ways_are_the_lightest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns, rows, grids = int(rng.integers(5, 10)), int(rng.integers(2, 6)), int(rng.integers(3, 7))
    n = columns * rows
    edges = lattice(columns, rows)[rng.random(len(lattice(columns, rows))) < rng.choice([0.7, 1.0])]
    current = np.concatenate([np.arange(grids), rng.integers(grids, size=n - grids)])
    if seed % 2:
        current = np.minimum(np.arange(n) % columns * grids // columns, grids - 1)
    weights = rng.integers(0, 4, n).astype(float)  # many weigh nothing
    weights[0] = 1
    shut = np.zeros(grids, bool)
    shut[-1] = seed % 3 == 0
    locked = rng.random(n) < (0.2 if seed % 4 < 2 else 0.0)
    problem = Problem(weights, edges, current, grids, np.inf, locked_units=locked, locked_grids=shut)
    model = model_of(problem)
    lightest = lightest_ways(model, current)
    for most in (1, 2, grids - 1):
        near, way = homes_of(model, current, most)
        for g in range(grids):
            reached = np.flatnonzero(np.isfinite(lightest[g]))
            some = min(most, len(reached))
            listed = near[g, :some]
            assert len(set(listed.tolist())) == some
            assert (near[g, some:] == -1).all()
            assert np.isinf(way[g, some:]).all()
            assert way[g, :some].tolist() == lightest[g, listed].tolist()
            assert way[g, :some].tolist() == sorted(lightest[g, reached])[:some]


def test_the_ways_are_compiled_before_anybody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def recorded(*given: object) -> tuple[np.ndarray, np.ndarray]:
        asked.append([str(typeof(one)) for one in given])
        return nearest_homes(*given)  # type: ignore[no-any-return]

    monkeypatch.setattr(corridors, "nearest_homes", recorded)
    warm()
    warmed = list(asked)
    corridor_share(strip(8, 2, 4, 1.8, 0.1), alone=True)
    assert asked[-1] in warmed
    assert len(asked) > len(warmed)
