"""The order in which a redraw can be carried out, so that stopping anywhere leaves a usable plan.

Mending comes first. Then transfers of a few percent of the moved weight, the most urgent first, each of
which keeps all grids whole and nobody worse than the worst at the start. Where no transfer is left, the
same is done from the end: the last transfers are found by undoing them, most of what was stuck comes free,
and only what is stuck from both sides needs exchanges, each the smallest that is found.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.rebalance.exchanges import Stuck, smallest
from geo.rebalance.mending import mending
from geo.rebalance.model import Model
from geo.rebalance.ordering import transfers
from geo.rebalance.problem import Bools, Floats, Ints
from geo.rebalance.reasons import Reason, reason

LARGEST = 0.04
"""A transfer is split where it would be more than this share of the moved weight."""
AT_ONCE = 20
"""Transfers between two looks at the clock."""
ROUNDING = 1e-10


@dataclass(frozen=True, eq=False)
class Transfer:
    """Units (numbers) that go from one grid to another, in one piece."""

    units: Ints
    source: int
    sink: int


@dataclass(frozen=True, eq=False)
class Step:
    """Transfers carried out together: kind ``mend``, ``transfer`` or ``exchange``; ``why`` it is done."""

    kind: str
    transfers: tuple[Transfer, ...]
    violation_after: float
    why: Reason

    @property
    def units(self) -> Ints:
        """All units of the step."""
        return np.concatenate([t.units for t in self.transfers])


class _TimeUp(Exception):
    """No time is left to look for smaller steps."""


@dataclass(eq=False)
class _Plan:
    """A plan on its way: labels (n,), loads (G, k) and sizes (G,) of the grids, which units still move."""

    model: Model
    labels: Ints
    load: Floats
    size: Ints
    pending: Bools

    @classmethod
    def of(cls, model: Model, labels: Ints, pending: Bools) -> "_Plan":
        """A copy of the labels; ``pending`` is shared, so that what one plan does another need not."""
        return cls(model, labels.copy(), model.loads(labels), np.bincount(labels, minlength=model.G), pending)

    @property
    def worst(self) -> float:
        return float(self.model.violations(self.load).max())

    def carry(self, units: Ints, to: Ints) -> None:
        """Move the units to their grids in ``to`` (n,)."""
        self.labels[units] = to[units]
        self.pending[units] = False
        self.load = self.model.loads(self.labels)
        self.size = np.bincount(self.labels, minlength=self.model.G)


def order_moves(
    model: Model, current: Ints, final: Ints, overdue: Callable[[], bool] = lambda: False
) -> list[Step]:
    """Steps from today's plan (n,) to the final one (n,); what is stuck when overdue is one exchange."""
    plan = _Plan.of(model, current, current != final)
    if not plan.pending.any():
        return []
    ceiling, cap = plan.worst, LARGEST * float(model.move[plan.pending].sum())
    mends = mending(model, current, final)
    for units in mends:
        plan.carry(units, final)
    ceiling = max(ceiling, plan.worst) + ROUNDING
    first: list[Ints] = []
    last: list[Ints] = []

    def look() -> None:
        if overdue():
            raise _TimeUp

    try:
        _transfers(plan, final, ceiling, cap, look, first)
        if plan.pending.any():
            end = _Plan.of(model, final, plan.pending)
            _transfers(end, plan.labels, ceiling, cap, look, last, back=True)
        while plan.pending.any():
            stuck = Stuck(model, plan.labels, final, plan.load, plan.size, ceiling)
            first.append(smallest(stuck, np.flatnonzero(plan.pending), look))
            plan.carry(first[-1], final)
            _transfers(plan, final, ceiling, cap, look, first)
    except _TimeUp:
        first.append(np.flatnonzero(plan.pending))
    mends = _bordering(model, current, current, final, mends)
    mended = current.copy()
    for units in mends:
        mended[units] = final[units]
    moves = _bordering(model, current, mended, final, [*first, *last[::-1]])
    return _told(model, current, final, mends, moves)


def largest_step(model: Model, steps: list[Step]) -> float:
    """Largest weight of a step as a share of all moved weight."""
    weight = [float(model.move[s.units].sum()) for s in steps]
    return max(weight) / sum(weight) if weight and sum(weight) > 0 else 0.0


def _transfers(
    plan: _Plan, final: Ints, ceiling: float, cap: float, look: Callable[[], None], done: list[Ints],
    *, back: bool = False,
) -> None:  # fmt: skip
    """Carry out all that transfers can do, adding the units of each to ``done``."""
    model, n = plan.model, plan.model.n
    scratch = np.zeros(n, np.int32), np.zeros(1, np.int64), np.zeros(n + 1, np.int32)
    while plan.pending.any():
        look()
        units = np.flatnonzero(plan.pending)
        pair = plan.labels[units] * model.G + final[units]
        order = np.argsort(pair, kind="stable")
        units, pair = units[order], pair[order]
        groups = np.concatenate([[0], np.flatnonzero(np.diff(pair)) + 1, [len(units)]])
        step_of = np.full(n, -1, np.int64)
        count = transfers(
            AT_ONCE, units, groups, final, plan.labels, plan.size, plan.load, model.move, model.W,
            model.target, model.tol, model.remain, ceiling, cap, back, model.indptr, model.indices,
            *scratch, plan.pending, step_of,
        )  # fmt: skip
        at = units[step_of[units] >= 0]
        done += [np.sort(at[step_of[at] == step]) for step in range(count)]
        plan.load = model.loads(plan.labels)
        if count < AT_ONCE:
            return


def _bordering(model: Model, current: Ints, start: Ints, final: Ints, moves: list[Ints]) -> list[Ints]:
    """The groups, joined with others until each transfer borders the grid that it goes to.

    What a grid that keeps nothing of its own gives away, earlier or later, may be all that its newcomers
    border; then both go at once, and what was done between with them.
    """
    labels, held = start.copy(), np.empty(0, np.int64)
    done: list[Ints] = []
    for group in moves:
        units, held = np.sort(np.concatenate([held, group])), held[:0]
        while sinks := _not_beside(model, labels, final, units):
            earlier = [i for i, other in enumerate(done) if np.isin(current[other], sinks).any()]
            if not earlier:
                break
            units = np.sort(np.concatenate([*done[earlier[-1] :], units]))
            done = done[: earlier[-1]]
            labels[units] = current[units]
        if sinks:
            held = units
            continue
        done.append(units)
        labels[units] = final[units]
    return [*done, held] if len(held) else done


def _not_beside(model: Model, labels: Ints, final: Ints, units: Ints) -> list[int]:
    """Grids that a transfer of these units goes to without a border with them, before or after."""
    found = []
    for t in pieces_of(model, units, labels, final):
        around = [model.indices[model.indptr[u] : model.indptr[u + 1]] for u in t.units]
        near = np.setdiff1d(np.concatenate(around), t.units)
        goes = near[np.isin(near, units)]
        beside = (labels[near] == t.sink).any() or (final[goes] == t.sink).any()
        if not beside and (labels == t.sink).any():
            found.append(t.sink)
    return found


def _told(model: Model, current: Ints, final: Ints, mends: list[Ints], moves: list[Ints]) -> list[Step]:
    """Groups of units, moved one after the other, as steps with what they lead to and why they are done."""
    labels, load, end = current.copy(), model.loads(current), model.loads(final)
    size = np.bincount(current, minlength=model.G)
    steps = []
    for number, units in enumerate([*mends, *moves]):
        parts = pieces_of(model, units, labels, final)
        kind = "mend" if number < len(mends) else "transfer" if len(parts) == 1 else "exchange"
        before, empty = load.copy(), size == 0
        for t in parts:
            weight = model.W[t.units].sum(axis=0)
            load[t.source] -= weight
            load[t.sink] += weight
            size[t.source] -= len(t.units)
            size[t.sink] += len(t.units)
        labels[units] = final[units]
        worst = min(float(model.violations(load).max()), sys.float_info.max)
        pairs = [(t.source, t.sink) for t in parts]
        steps.append(Step(kind, tuple(parts), worst, reason(model, kind, pairs, before, load, end, empty)))
    return steps


def pieces_of(model: Model, units: Ints, labels: Ints, final: Ints) -> list[Transfer]:
    """The units (ascending) in pieces with one grid that they leave and one that they go to."""
    near = [model.indices[model.indptr[u] : model.indptr[u + 1]] for u in units]
    begin, end = np.repeat(np.arange(len(units)), [len(v) for v in near]), np.concatenate(near)
    at = np.minimum(np.searchsorted(units, end), len(units) - 1)
    pair = labels[units] * model.G + final[units]
    same = (units[at] == end) & (pair[begin] == pair[at])
    links = coo_matrix((np.ones(same.sum()), (begin[same], at[same])), shape=(len(units), len(units)))
    piece = connected_components(links, directed=False)[1]
    groups = [units[piece == p] for p in np.unique(piece)]
    groups.sort(key=lambda g: int(g[0]))
    return [Transfer(g, int(labels[g[0]]), int(final[g[0]])) for g in groups]
