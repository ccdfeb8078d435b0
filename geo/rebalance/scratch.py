"""Grids from scratch: a first plan, then the search for balance and short borders."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from geo.rebalance import greenfield
from geo.rebalance.control import Control
from geo.rebalance.model import Model
from geo.rebalance.parts import parts_of
from geo.rebalance.problem import Ints
from geo.rebalance.runs import How, settle
from geo.rebalance.search import Outcome, improve, schedule_for


def from_scratch(model: Model, how: How, control: Control) -> Ints:
    """Connected grids by bisection, then annealed for balance and short borders."""
    first = partial(greenfield.first_plan, model, np.random.default_rng([how.seed, 2]), control.stopped)
    labels = control.run([first])[0]
    tasks: list[Callable[[], Outcome]] = []
    parts = parts_of(model, labels)
    for part in parts:
        schedule = replace(schedule_for(part, max(how.mu, 1.0)), start=1.5, middle=0.4, repairs=20)
        key = (how.seed, part.number, 0)
        tasks.append(
            partial(improve, model, part, labels, key, schedule.scaled(how.effort), control, part.number)
        )
    for part, outcome in zip(parts, control.run(tasks), strict=True):
        labels[part.units] = outcome.labels
    settle(model, parts, [np.inf] * len(parts), labels, replace(how, mu=max(how.mu, 1.0)), control)
    return labels
