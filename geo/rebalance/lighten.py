"""Plans whose steps are small: a redraw is redrawn where one step of it would carry too much at once.

That is a single heavy unit, or units that hold each other fast so that only a large exchange frees them.
Moving them is made dear, and the grids around are annealed again from the plan there is; what comes of it
is taken where the largest step gets smaller and hardly more is moved.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from geo.rebalance.control import Control
from geo.rebalance.model import Model
from geo.rebalance.parts import Part
from geo.rebalance.problem import Bools, Ints
from geo.rebalance.search import Outcome, Schedule, improve
from geo.rebalance.steps import Step, largest_step, order_moves

ENOUGH = 0.05
"""No step should carry a larger share of the moved weight."""
MORE = 1.04
"""So many times the moved weight may be paid for smaller steps, at most."""
ROUNDS = 10
STARTS = 3
DEAR = (4.0, 12.0)
"""Moving what makes a step large costs so many times its weight, in turns."""
HEATS = (0.3, 1.0, 2.0)
"""Temperatures to start from, in mean unit weights, in turns."""
NEAR = 2
"""Grids so many borders away from a large step take part in the search."""


def lightened(
    model: Model, labels: Ints, moves: list[Step], seed: int, mu: float, max_moved: float, control: Control
) -> tuple[Ints, list[Step]]:
    """A plan with smaller steps, or the plan (n,) and the steps given where there is none or no need.

    ``max_moved``: the most share of the move weight that may be moved (inf: any). Each round anneals a few
    grids around the largest step; rounds are counted, never the clock.
    """
    current = model.problem.current
    if current is None or not moves or not model.within(model.loads(labels)).all():
        return labels, moves
    weight = float(model.move[labels != current].sum())
    most = min(MORE * weight, max_moved * float(model.move.sum()))
    dear = model.move > ENOUGH * weight
    for round_ in range(ROUNDS):
        if largest_step(model, moves) <= ENOUGH or control.look():
            break
        found = max(moves, key=lambda s: float(model.move[s.units].sum()))
        dear[found.units] = True
        price = DEAR[round_ % len(DEAR)]
        dearer = replace(model, move=np.where(dear, price * model.move, model.move))
        part = _around(model, labels, found)
        heat = HEATS[round_ % len(HEATS)]
        schedule = Schedule(hot=40, cool=120, mu=mu, each=4.0, start=heat, middle=min(heat, 0.3), repairs=0)
        tasks: list[Callable[[], Outcome]] = [
            partial(improve, dearer, part, labels, (seed, round_, s, 7), schedule, control, -1)
            for s in range(STARTS)
        ]
        for outcome in control.run(tasks, counted=False):
            plan = labels.copy()
            plan[part.units] = outcome.labels
            if not outcome.feasible or _moved(model, plan) > most:
                continue
            again = order_moves(model, current, plan, control.overdue)
            if _heavy(model, plan, again) < _heavy(model, labels, moves):
                labels, moves = plan, again
    return labels, moves


def _moved(model: Model, plan: Ints) -> float:
    return float(model.move[plan != model.problem.current].sum())


def _heavy(model: Model, plan: Ints, moves: list[Step]) -> tuple[float, float]:
    """What is compared: the largest step as far as it is too large, then what is moved."""
    return max(ENOUGH, largest_step(model, moves)), _moved(model, plan)


def _around(model: Model, labels: Ints, step: Step) -> Part:
    """The open grids near a step, as a part of its own."""
    near: Bools = np.zeros(model.G, bool)
    for t in step.transfers:
        near[[t.source, t.sink]] = True
    a, b = labels[model.edges[:, 0]], labels[model.edges[:, 1]]
    for _ in range(NEAR):
        reached = near[a] | near[b]
        near[a[reached]] = near[b[reached]] = True
    near &= model.open_grids
    inside = near[labels]
    source = np.repeat(np.arange(model.n, dtype=np.int32), np.diff(model.indptr))
    usable = ~model.fixed[source] & inside[source] & inside[model.indices]
    units = np.flatnonzero(inside)
    free = units[~model.fixed[units]]
    mean = float(model.move[free].mean()) if len(free) else 0.0
    return Part(0, np.flatnonzero(near), units, source[usable], model.indices[usable], mean)
