"""Grids from scratch: whole, within their limits, and with as few cut borders as can be."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from geo.errors import InputError
from geo.rebalance import Problem, Result, rebalance
from geo.rebalance.chains import Heat, Walker, chain_of, loads_of, score
from geo.rebalance.control import Control
from geo.rebalance.model import Model, model_of
from geo.rebalance.patches import Patch, patch_of
from tests.unit.rebalance.redraws import lattice, strips


def cut_borders(edges: np.ndarray, labels: np.ndarray) -> int:
    return int((labels[edges[:, 0]] != labels[edges[:, 1]]).sum())


def pieces(edges: np.ndarray, labels: np.ndarray) -> int:
    """Connected pieces of all grids, by plain search."""
    near: dict[int, list[int]] = {u: [] for u in range(len(labels))}
    for a, b in edges.tolist():
        if labels[a] == labels[b]:
            near[a].append(b)
            near[b].append(a)
    seen: set[int] = set()
    count = 0
    for first in near:
        if first in seen:
            continue
        count += 1
        stack = [first]
        seen.add(first)
        while stack:
            for v in near[stack.pop()]:
                if v not in seen:
                    seen.add(v)
                    stack.append(v)
    return count


def town(units: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Edges of units scattered at random, and three weights."""
    rng = np.random.default_rng(seed)
    tri = Delaunay(rng.random((units, 2))).simplices
    edges = np.unique(np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [0, 2]]]), axis=1), axis=0)
    return edges, np.column_stack([rng.uniform(a, b, units) for a, b in ((4, 20), (15, 400), (15, 100))])


# ------------------------------------------------------------------ known optima


@pytest.mark.parametrize(("side", "grids", "least"), [(6, 2, 6), (6, 4, 12), (8, 4, 16), (9, 9, 36)])
def test_squares_are_cut_along_straight_lines(side: int, grids: int, least: int) -> None:
    """Least by the perimeters: s * s squares have one of at least 4 s, and an inner border counts twice."""
    edges = lattice(side, side)
    result = rebalance(Problem(np.ones(side * side), edges, None, grids, 0.0), time_limit=None)
    assert result.feasible
    assert (np.bincount(result.labels) == side * side // grids).all()
    assert cut_borders(edges, result.labels) == least


def test_the_least_cut_goes_round_a_dense_town() -> None:
    """Two halves of a lattice, tied by few borders at a place that no straight middle line finds."""
    left = lattice(5, 6)
    edges = np.vstack([left, left + 30, [[4, 30], [29, 55]]])
    result = rebalance(Problem(np.ones(60), edges, None, 2, 0.0), time_limit=None)
    assert result.feasible
    assert cut_borders(edges, result.labels) == 2


def every_plan(n: int, grids: int) -> np.ndarray:
    """All labellings (p, n) with grid numbers in order of first use."""
    plans = np.zeros((1, 1), np.int64)
    for _ in range(n - 1):
        top = plans.max(axis=1)
        may = [plans[top + 1 >= g] for g in range(grids)]
        plans = np.vstack([np.column_stack([p, np.full(len(p), g)]) for g, p in enumerate(may)])
    return plans[plans.max(axis=1) == grids - 1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_small_towns_get_the_fewest_cut_borders(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, grids = int(rng.integers(6, 10)), int(rng.integers(2, 4))
    tri = Delaunay(rng.random((n, 2))).simplices
    edges = np.unique(np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [0, 2]]]), axis=1), axis=0)
    weights = rng.integers(1, 6, n).astype(float)
    tolerance = float(rng.choice([0.05, 0.1, 0.3]))
    plans = every_plan(n, grids)
    mean = weights.sum() / grids
    load = np.stack([((plans == g) * weights).sum(axis=1) for g in range(grids)], axis=1)
    fit = plans[(np.abs(load - mean) <= tolerance * mean * (1 + 1e-9)).all(axis=1)]
    least = min((cut_borders(edges, p) for p in fit if pieces(edges, p) == grids), default=None)
    result = rebalance(Problem(weights, edges, None, grids, tolerance), time_limit=None, threads=1)
    assert result.feasible == (least is not None)
    if least is not None:
        assert cut_borders(edges, result.labels) == least
        assert pieces(edges, result.labels) == grids


def test_heavy_units_leave_hardly_any_plan() -> None:
    """A ring of units where only two pairs of cuts are even: found although no single move leads there."""
    weights = np.array([64.0, 3, 17, 31, 7, 40, 43, 11, 2, 29, 13, 16])
    ring = np.column_stack([np.arange(12), (np.arange(12) + 1) % 12])
    target = weights.sum() / 2
    even = [
        (i, j)
        for i in range(12)
        for j in range(i + 1, 12)
        if abs(weights[i:j].sum() - target) <= 0.005 * target
    ]
    assert even == [(2, 7), (5, 11)]
    result = rebalance(Problem(weights, ring, None, 2, 0.005), time_limit=None)
    assert result.feasible
    assert cut_borders(ring, result.labels) == 2


# ------------------------------------------------------------------ what was asked is kept


def test_three_weights_are_even_at_once() -> None:
    edges, weights = town(300, 1)
    result = drawn(Problem(weights, edges, None, 10, 0.05))
    assert result.feasible
    assert pieces(edges, result.labels) == 10
    load = np.column_stack([np.bincount(result.labels, w) for w in weights.T])
    assert (np.abs(load / load.mean(axis=0) - 1) <= 0.05 + 1e-9).all()


def test_weights_that_conflict_are_brought_within_their_limits() -> None:
    """Border moves alone leave this town outside; whole stretches have to change hands."""
    edges, weights = town(520, 0)
    problem = Problem(weights[:, :2], edges, None, 26, 0.03)
    result = rebalance(problem, time_limit=None, effort=0.05)
    assert result.feasible
    assert pieces(edges, result.labels) == 26


def test_targets_of_ones_own_are_met() -> None:
    edges = lattice(10, 10)
    target = np.array([10.0, 20.0, 30.0, 40.0])
    result = rebalance(Problem(np.ones(100), edges, None, 4, 0.0, target=target), time_limit=None)
    assert result.feasible
    assert np.bincount(result.labels).tolist() == [10, 20, 30, 40]


def test_borders_count_by_length_where_compact_grids_are_asked_for() -> None:
    """A ladder with one long rung in the middle: by number it is as good as any, by length it is not."""
    edges = lattice(8, 2)
    across = (edges[:, 1] - edges[:, 0] == 1) & np.isin(edges[:, 0], (3, 11))
    length = np.where(across, 9.0, 1.0)
    problem = Problem(np.ones(16), edges, None, 2, 0.3, edge_length=length)
    labels = rebalance(problem, time_limit=None, prefer="compact").labels
    assert length[labels[edges[:, 0]] != labels[edges[:, 1]]].sum() == 2


def test_classes_share_the_grids_by_weight() -> None:
    edges = lattice(10, 6)
    unit_class = np.where(np.arange(60) % 10 < 7, 0, 1)
    result = rebalance(Problem(np.ones(60), edges, None, 10, 0.2, unit_class=unit_class), time_limit=None)
    assert result.feasible
    assert len(np.unique(result.labels[unit_class == 0])) == 7
    assert len(np.unique(result.labels[unit_class == 1])) == 3


def test_more_grids_than_units_are_refused() -> None:
    with pytest.raises(InputError, match="5 grids are more than the 4 units"):
        Problem(np.ones(4), lattice(2, 2), None, 5)


def test_a_unit_too_heavy_for_any_grid_is_named() -> None:
    weights = np.ones(36)
    weights[7] = 30.0
    result = rebalance(Problem(weights, lattice(6, 6), None, 4, 0.05), time_limit=None)
    assert not result.feasible
    assert [c.kind for c in result.certificates] == ["unit_too_heavy"]
    assert pieces(lattice(6, 6), result.labels) == 4


def test_every_unit_a_grid() -> None:
    result = rebalance(Problem(np.ones(9), lattice(3, 3), None, 9, 0.0), time_limit=None)
    assert result.feasible
    assert sorted(result.labels.tolist()) == list(range(9))


# ------------------------------------------------------------------ the way there


def drawn(problem: Problem, **options: Any) -> Result:
    return rebalance(problem, time_limit=None, effort=0.2, **options)


@pytest.mark.parametrize("grids", [4, 12])
def test_a_seed_gives_one_plan_whatever_the_threads(grids: int) -> None:
    edges, weights = town(200, 2)
    problem = Problem(weights, edges, None, grids, 0.05)
    one = drawn(problem, seed=5, threads=1).labels
    assert drawn(problem, seed=5, threads=3).labels.tobytes() == one.tobytes()


@pytest.mark.parametrize("grids", [4, 12])
def test_a_cancelled_search_gives_whole_grids(grids: int) -> None:
    edges, weights = town(400, 3)
    asked = [0]

    def cancel() -> bool:
        asked[0] += 1
        return asked[0] > 2

    result = rebalance(Problem(weights, edges, None, grids, 0.05), time_limit=None, cancel=cancel)
    assert result.stopped_by == "cancelled"
    assert pieces(edges, result.labels) == grids


def test_progress_only_rises() -> None:
    edges, weights = town(400, 4)
    told: list[float] = []

    def progress(event: Mapping[str, Any]) -> None:
        told.append(float(event["progress"]))

    drawn(Problem(weights, edges, None, 12, 0.05), progress=progress)
    assert told == sorted(told)


# ------------------------------------------------------------------ compiled loops beside plain reading


def patch_and_model(seed: int) -> tuple[Patch, Model, np.ndarray]:
    edges, weights = town(60, seed)
    model = model_of(Problem(weights, edges, None, 4, 0.1))
    side = np.argsort(weights[:, 0], kind="stable")
    labels = np.zeros(60, np.int64)
    order = _sweep(edges, 60, int(side[0]))
    labels[order] = np.arange(60) * 4 // 60
    for g in range(4):
        _make_whole(edges, labels, g)
    return patch_of(model, labels, np.unique(labels), False), model, labels


def _sweep(edges: np.ndarray, n: int, first: int) -> list[int]:
    near: dict[int, list[int]] = {u: [] for u in range(n)}
    for a, b in edges.tolist():
        near[a].append(b)
        near[b].append(a)
    order, seen = [first], {first}
    for u in order:
        for v in near[u]:
            if v not in seen:
                seen.add(v)
                order.append(v)
    return order


def _make_whole(edges: np.ndarray, labels: np.ndarray, grid: int) -> None:
    """Keep the piece of a grid that its lowest unit is in; the rest goes to any neighbour's grid."""
    for _ in range(len(labels)):
        mine = np.flatnonzero(labels == grid)
        inside = {int(mine[0])}
        for _ in mine:
            inside |= {int(b) for a, b in edges if a in inside and labels[b] == grid}
            inside |= {int(a) for a, b in edges if b in inside and labels[a] == grid}
        out = [u for u in mine.tolist() if u not in inside]
        if not out:
            return
        for u in out:
            beside = {int(labels[b]) for a, b in edges if a == u} | {
                int(labels[a]) for a, b in edges if b == u
            }
            if beside - {grid}:
                labels[u] = min(beside - {grid})


@pytest.mark.parametrize("seed", range(5))
def test_annealing_keeps_its_books(seed: int) -> None:
    patch, model, labels = patch_and_model(seed)
    chain = chain_of(patch, labels)
    walker = Walker(patch, chain, (seed,))
    walker.anneal(Heat(20_000), Control(None, 1, None, None))
    edges = np.asarray(model.problem.edges)
    excess, cut = score(patch, chain.labels)
    assert cut == cut_borders(edges, chain.labels) == walker.value[0]
    assert walker.value[1] == pytest.approx(excess, abs=1e-6)
    listed = np.sort(walker.border[: walker.count[0]])
    assert np.array_equal(listed, np.flatnonzero(chain.labels[patch.source] != chain.labels[patch.indices]))
    assert np.allclose(walker.load, loads_of(patch, chain.labels))
    assert pieces(edges, chain.labels) == 4
    assert chain.rank <= score(patch, np.searchsorted(patch.grids, labels[patch.units]))
    assert chain.rank == score(patch, chain.best)


@pytest.mark.parametrize("seed", range(10))
def test_a_kick_parts_two_grids_anew_and_leaves_the_others(seed: int) -> None:
    patch, model, labels = patch_and_model(seed)
    chain = chain_of(patch, labels)
    walker = Walker(patch, chain, (seed, 1))
    before = chain.labels.copy()
    walker.kick()
    changed = np.unique(
        np.concatenate([before[before != chain.labels], chain.labels[before != chain.labels]])
    )
    assert len(changed) <= 2
    edges = np.asarray(model.problem.edges)
    assert pieces(edges, chain.labels) == 4
    assert np.array_equal(walker.size, np.bincount(chain.labels))
    assert np.allclose(walker.load, loads_of(patch, chain.labels))


def test_a_kick_without_borders_does_nothing() -> None:
    model = model_of(Problem(np.ones(4), lattice(4, 1), None, 2, 0.5))
    labels = strips(4, 1, [2, 2])
    patch = patch_of(model, labels, np.array([0]), False)
    chain = chain_of(patch, labels)
    Walker(patch, chain, (1,)).kick()
    assert chain.labels.tolist() == [0, 0]
