"""Parts that stay outside their limits: pairs of grids are joined and parted again until all fit.

Border moves freeze where hardly any unit weighs, or one weighs a large part of a grid: what has to change
hands is then a whole stretch at once. A random spanning tree of two neighbouring grids offers many such
stretches (recombination: DeFord, Duchin and Solomon 2021). What is found is cooled like any other plan.
"""

import numpy as np

from geo.rebalance.control import Control
from geo.rebalance.model import Model
from geo.rebalance.parts import Part
from geo.rebalance.problem import Ints
from geo.rebalance.search import Outcome, Schedule, State, best_of, cool, keep, refresh, relist, state_of
from geo.rebalance.trees import recombine

ROUNDS, FEWEST_ROUNDS = 100, 10
WORK, EACH = 200_000, 200
"""Most units visited in a round, about 0.03 s, and visits a unit; they are counted, and not the clock."""
HOT, COLD = 3.0, 0.1
"""Temperatures of the first and the last round, in mean unit weights."""
SOFT, HARD = 3.0, 60.0
"""Penalties of the first and the last round."""


def even_out(
    model: Model, part: Part, labels: Ints, seed: tuple[int, ...], schedule: Schedule, control: Control,
    task: int = 0, budget: float = np.inf, effort: float = 1.0,
) -> Outcome:  # fmt: skip
    """The best plan found for a part that ``labels`` (n,), whole grids, leaves outside its limits."""
    state = state_of(model, part, labels, seed)
    keep(model, part, state, schedule.mu)
    if len(part.source) == 0:
        return best_of(state)
    aim = np.where(np.isfinite(model.tol), model.tol * schedule.inside, 1e300)
    order, parent = np.zeros(model.n, np.int64), np.zeros(model.n, np.int64)
    front, via = np.zeros(len(model.indices) + 1, np.int64), np.zeros(len(model.indices) + 1, np.int64)
    below, kept = np.zeros((model.n, model.k)), np.zeros((model.n, 7))
    rounds = max(FEWEST_ROUNDS, int(ROUNDS * effort))
    work = min(WORK, EACH * len(part.units))
    for i in range(rounds):
        f = i / (rounds - 1)
        recombine(
            work, part.mean_unit * HOT * (COLD / HOT) ** f, SOFT * (HARD / SOFT) ** f, budget, part.source,
            part.sink, state.labels, state.load, state.size, state.moved, model.home, model.move, model.W,
            model.target, aim, model.scale, model.fixed, model.indptr, model.indices, state.mark, state.clock,
            order, parent, front, via, below, kept, state.rng,
        )  # fmt: skip
        refresh(model, part, state)
        state.moved[1] = _cut(model, state)
        keep(model, part, state, schedule.mu)
        control.note(task, i / rounds, 1.0)
        if best_of(state).feasible or control.stopped():
            break
    if best_of(state).feasible and not control.stopped():
        relist(part, state)
        _, high, top = schedule.penalty
        cool(model, part, state, schedule, control, schedule.cool, high, top, budget)
    return best_of(state)


def _cut(model: Model, state: State) -> float:
    """Weight of all cut borders."""
    source = np.repeat(np.arange(model.n), np.diff(model.indptr))
    return float(model.cut[state.labels[source] != state.labels[model.indices]].sum() / 2)
