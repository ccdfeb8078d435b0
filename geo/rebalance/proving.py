"""How good a plan is: for each class the strongest proof in reach, and the optimum where one is found."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from geo.rebalance import bounds, exact
from geo.rebalance.bounds import ELEMENTARY, Bound, Needs
from geo.rebalance.certificates import Certificate, no_plan
from geo.rebalance.control import Control
from geo.rebalance.corridors import corridor
from geo.rebalance.exact import Optimum
from geo.rebalance.model import SLACK, Model
from geo.rebalance.problem import Ints

EXACT = "exact: a mixed-integer program on the units, solved to the optimum"
TREE = "search tree: a mixed-integer program on the units, as far as it was solved"
CORRIDOR = "corridor: what must also come along where work lies far from where it is missing"


@dataclass(frozen=True, eq=False)
class Proven:
    """``labels`` (n,) the plan, the optimum where found; ``bound``; ``proofs`` why there is no plan."""

    labels: Ints
    bound: Bound
    proofs: list[Certificate]


def prove(model: Model, current: Ints, labels: Ints, needs: Needs, control: Control, *, take: bool) -> Proven:
    """The strongest bound for the plan ``labels`` (n,), and with ``take`` the plan of least moves if better.

    ``needs`` are those of today's plan. A class whose plan moves no more than it must is done; a small one is
    solved exactly.
    """
    proofs = {ELEMENTARY: needs.least}
    open_ = [c for c, least in proofs[ELEMENTARY].items() if not _done(model, current, labels, c, least)]
    small = [c for c in open_ if exact.can_try(model, current, c)]
    tasks: list[Callable[[], Optimum]] = [
        partial(exact.least_moved, model, current, labels, c, control.stopped) for c in small
    ]
    found = control.run(tasks, counted=False) if tasks else []
    labels, reasons = labels.copy(), []
    proofs[EXACT], proofs[TREE] = {}, {}
    for c, optimum in zip(small, found, strict=True):
        if np.isinf(optimum.bound):
            reasons.append(no_plan(model, c))
            continue
        proofs[EXACT if optimum.optimal else TREE][c] = optimum.bound
        if take and optimum.labels is not None:
            mine = model.unit_class == c
            labels[mine] = optimum.labels[mine]
    proofs[CORRIDOR] = {}
    far = [c for c in open_ if c not in proofs[EXACT]]
    ways: list[Callable[[], float]] = [
        partial(corridor, model, current, c, needs, control.stopped) for c in far
    ]
    least = control.run(ways, counted=False) if ways else []
    proofs[CORRIDOR].update(zip(far, least, strict=True))
    return Proven(labels, bounds.together(model, proofs), reasons)


def _done(model: Model, current: Ints, labels: Ints, c: int, least: float) -> bool:
    """Whether the plan of a class is within limits, whole, and moves no more than the least there is."""
    mine = (model.grid_class == c) & model.open_grids
    moved = float(model.move[(model.unit_class == c) & (labels != current)].sum())
    good = model.within(model.loads(labels)) & (model.pieces(labels) == 1)
    return bool(good[mine].all()) and moved <= least + SLACK * float(model.move.mean())
