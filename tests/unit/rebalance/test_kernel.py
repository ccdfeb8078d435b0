"""The compiled search against a readable reference, and what it promises of its lists and sums."""

import numpy as np
import pytest

from geo.rebalance import Problem
from geo.rebalance.control import Control
from geo.rebalance.kernel import anneal, list_borders, stays_whole
from geo.rebalance.model import Model, model_of
from geo.rebalance.parts import Part, parts_of
from geo.rebalance.search import Schedule, improve, state_of


def _town(side: int, grids: int, seed: int, locked: int = 3) -> Model:
    """A square of units in stripes of equal width, with uneven work in two weights."""
    rng = np.random.default_rng(seed)
    unit = np.arange(side * side).reshape(side, side)
    edges = np.vstack(
        [np.column_stack([unit[:, :-1].ravel(), unit[:, 1:].ravel()]),
         np.column_stack([unit[:-1].ravel(), unit[1:].ravel()])]
    )  # fmt: skip
    current = (unit % side).ravel() * grids // side
    fixed = np.zeros(side * side, bool)
    fixed[rng.choice(side * side, locked, replace=False)] = True
    weights = rng.lognormal(0, 0.5, (side * side, 2))
    return model_of(Problem(weights, edges, current, grids, (0.1, 0.2), locked_units=fixed))


def _whole_by_search(model: Model, labels: np.ndarray, unit: int) -> bool:
    """Whether the unit's grid is in one piece without it."""
    left = {int(v) for v in np.flatnonzero(labels == labels[unit])} - {unit}
    if not left:
        return True
    seen, queue = set(), [min(left)]
    while queue:
        u = queue.pop()
        if u in seen:
            continue
        seen.add(u)
        queue += [int(v) for v in model.indices[model.indptr[u] : model.indptr[u + 1]] if int(v) in left]
    return seen == left


def _energy(
    model: Model,
    labels: np.ndarray,
    penalty: float,
    mu: float,
    price: np.ndarray,
    limits: tuple[np.ndarray, ...],
) -> float:
    """Moved weight + penalty * excess + load * price + mu * cut borders, added up from scratch."""
    low, high, weight = limits
    load = model.loads(labels)
    off = np.maximum(0, np.maximum(load - high, low - load))
    source = np.repeat(np.arange(model.n), np.diff(model.indptr))
    cut = model.cut[labels[source] != labels[model.indices]].sum() / 2
    moved = model.move[labels != model.home].sum()
    return float(moved + penalty * (off * weight).sum() + (load * price).sum() + mu * cut)


def _one_proposal(
    model: Model, part: Part, labels: np.ndarray, temperature: float, seed: int
) -> tuple[float, bool]:
    """Propose once; the change of energy by the reference, and whether anything moved. Checks the lists."""
    rng = np.random.default_rng(seed)
    state = state_of(model, part, labels, (seed,))
    low, high = model.target * 0.95, model.target * 1.05
    weight = model.scale[:, None] / model.target
    price = rng.normal(0, 0.3, low.shape)
    penalty, mu = 2.0, 0.3
    before = state.labels.copy()
    state.count = anneal(
        1, temperature, penalty, mu, model.n + 1, np.inf, part.source, part.sink, state.first, state.back,
        state.live, state.place, state.count, state.labels, state.load, state.size, state.moved, model.home,
        model.move, model.W, low, high, weight, price, ~model.open_grids, model.indptr, model.indices,
        model.cut, state.mark, state.clock, state.queue, state.rng,
    )  # fmt: skip
    limits = (low, high, weight)
    change = _energy(model, state.labels, penalty, mu, price, limits) - _energy(
        model, before, penalty, mu, price, limits
    )
    between = before[part.source] != before[part.sink]
    assert set(np.flatnonzero(state.labels[part.source] != state.labels[part.sink])) == set(
        state.live[: state.count]
    )
    assert between.any()
    assert np.allclose(state.load, model.loads(state.labels))
    assert np.isclose(state.moved[0], model.move[state.labels != model.home].sum())
    assert (state.size == np.bincount(state.labels, minlength=model.G)).all()
    labels[:] = state.labels
    return change, bool((state.labels != before).any())


def test_cold_moves_never_raise_the_energy_and_keep_lists_and_sums() -> None:
    model = _town(9, 3, 1)
    part = parts_of(model, model.home)[0]
    labels = model.home.copy()
    changes = [_one_proposal(model, part, labels, 0.0, seed) for seed in range(300)]
    moved = [change for change, taken in changes if taken]
    assert len(moved) > 5
    assert max(moved) <= 1e-9
    assert all(model.pieces(labels) == 1)


def test_hot_moves_raise_the_energy_at_times_and_keep_every_grid_whole() -> None:
    model = _town(9, 3, 2)
    part = parts_of(model, model.home)[0]
    labels = model.home.copy()
    changes = [_one_proposal(model, part, labels, 5.0, seed) for seed in range(300)]
    assert max(change for change, _ in changes) > 0
    assert all(model.pieces(labels) == 1)
    assert (labels[model.fixed] == model.home[model.fixed]).all()


@pytest.mark.parametrize("seed", range(5))
def test_whole_without_a_unit_as_a_plain_search_says(seed: int) -> None:
    model = _town(8, 4, seed)
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(model.n) < 0.3, rng.integers(0, 4, model.n), model.home)
    mark, clock, queue = np.zeros(model.n, np.int32), np.zeros(1, np.int64), np.zeros(model.n + 1, np.int32)
    for u in range(model.n):
        around = labels[model.indices[model.indptr[u] : model.indptr[u + 1]]] == labels[u]
        found = stays_whole(u, labels, model.indptr, model.indices, mark, clock, queue, model.n + 1)
        if around.any() and all(model.pieces(labels)[labels[u]] == [1]):
            assert found == _whole_by_search(model, labels, u)
        bounded = stays_whole(u, labels, model.indptr, model.indices, mark, clock, queue, 2)
        assert found or not bounded  # giving up early never says whole where it is not


def test_the_list_of_borders_is_that_between_grids() -> None:
    model = _town(6, 3, 4)
    part = parts_of(model, model.home)[0]
    live, place = np.zeros(len(part.source), np.int32), np.zeros(len(part.source), np.int32)
    count = list_borders(part.source, part.sink, model.home, live, place)
    between = np.flatnonzero(model.home[part.source] != model.home[part.sink])
    assert (np.sort(live[:count]) == between).all()
    assert (live[place[between]] == between).all()
    assert (place[np.setdiff1d(np.arange(len(place)), between)] == -1).all()


def test_work_passes_through_a_full_grid_and_the_same_seed_gives_the_same_plan() -> None:
    side = 12
    model = _town(side, 3, 7, locked=0)
    load = np.where(model.home == 0, 1.3, np.where(model.home == 2, 0.7, 1.0))
    problem = Problem(load, model.edges, model.home, 3, 0.02)
    model = model_of(problem)
    part = parts_of(model, model.home)[0]
    schedule = Schedule(hot=60, cool=40, mu=0.1, each=8.0)
    control = Control(None, 1, None, None)
    one, two = (improve(model, part, model.home, (3,), schedule, control) for _ in range(2))
    assert one.feasible
    assert (one.labels == two.labels).all()
    assert one.moved == two.moved
