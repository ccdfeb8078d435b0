"""The order in which a redraw can be carried out, so that stopping anywhere leaves a usable plan.

Mending comes first. Then transfers of a few percent of the moved weight, each of which keeps all grids
whole and nobody worse than the worst at the start. Where no single move is left, the smallest group of
moves found that works together is one exchange.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.rebalance.model import Model
from geo.rebalance.ordering import shift, single_moves, small_exchange
from geo.rebalance.problem import Bools, Ints

LARGEST = 0.04
"""A transfer is split where it would be more than this share of the moved weight."""
CAREFUL = 2000
"""With more moves than this left, what may go goes without looking for better ones after every step."""
AT_ONCE = 200
"""Moves tried between two looks at the clock."""
SEEDS = 60
LONGEST = 24
ROUNDING = 1e-10


@dataclass(frozen=True, eq=False)
class Transfer:
    """Units (numbers) that go from one grid to another, in one piece."""

    units: Ints
    source: int
    sink: int


@dataclass(frozen=True, eq=False)
class Step:
    """Transfers carried out together: kind ``mend``, ``transfer`` or ``exchange``."""

    kind: str
    transfers: tuple[Transfer, ...]
    violation_after: float

    @property
    def units(self) -> Ints:
        """All units of the step."""
        return np.concatenate([t.units for t in self.transfers])


class _TimeUp(Exception):
    """No time is left to look for smaller steps."""


class _Order:
    """The plan while it is being carried out."""

    def __init__(self, model: Model, current: Ints, final: Ints, overdue: Callable[[], bool]) -> None:
        self.model, self.final, self.overdue = model, final, overdue
        self.labels = current.copy()
        self.load = model.loads(current)
        self.size = np.bincount(current, minlength=model.G)
        self.pending = current != final
        self.mark = np.zeros(model.n, np.int32)
        self.clock = np.zeros(1, np.int64)
        self.queue = np.zeros(model.n + 1, np.int32)
        self.steps: list[Step] = []

    def on_time(self) -> None:
        """Go on only while there is time."""
        if self.overdue():
            raise _TimeUp

    def worst(self) -> float:
        return float(self.model.violations(self.load).max())

    def scratch(self) -> tuple[np.ndarray, ...]:
        return self.model.indptr, self.model.indices, self.mark, self.clock, self.queue

    def emit(self, units: Ints, kind: str | None = None) -> None:
        """Carry out a group of moves as one step."""
        transfers = self._transfers(units)
        for u in units:
            if self.pending[u]:
                shift(u, self.final[u], self.labels, self.size, self.load, self.model.W)
        self.pending[units] = False
        self.load = self.model.loads(self.labels)
        kind = kind or ("transfer" if len(transfers) == 1 else "exchange")
        self.steps.append(Step(kind, tuple(transfers), min(self.worst(), sys.float_info.max)))

    def _transfers(self, units: Ints) -> list[Transfer]:
        source, sink = self.labels[units], self.final[units]
        pair = np.full(self.model.n, -1, np.int64)
        pair[units] = source * self.model.G + sink
        inside = np.zeros(self.model.n, bool)
        inside[units] = True
        piece = self.model.components(inside, pair)[units]
        groups = [np.sort(units[piece == p]) for p in np.unique(piece)]
        groups.sort(key=lambda g: int(g[0]))
        return [Transfer(g, int(self.labels[g[0]]), int(self.final[g[0]])) for g in groups]


def order_moves(
    model: Model, current: Ints, final: Ints, overdue: Callable[[], bool] = lambda: False
) -> list[Step]:
    """Steps from today's plan (n,) to the final one (n,); what is left when overdue is one exchange."""
    order = _Order(model, current, final, overdue)
    if not order.pending.any():
        return []
    ceiling = order.worst()
    mend = _mending(model, current, final)
    for group in _by_grids(model, current, final, np.flatnonzero(mend)):
        order.emit(group, "mend")
    if len(order.steps):
        ceiling = max(ceiling, order.worst())
    ceiling += ROUNDING
    cap = LARGEST * float(model.move[order.pending].sum())
    try:
        while order.pending.any():
            _transfers(order, ceiling, cap)
            if not order.pending.any():
                break
            order.emit(_exchange(order, ceiling))
    except _TimeUp:
        order.emit(np.flatnonzero(order.pending))
    return order.steps


def largest_step(model: Model, steps: list[Step]) -> float:
    """Largest weight of a step as a share of all moved weight."""
    weight = [float(model.move[s.units].sum()) for s in steps]
    return max(weight) / sum(weight) if weight and sum(weight) > 0 else 0.0


def _transfers(order: _Order, ceiling: float, cap: float) -> None:
    """Carry out all that single transfers can do: first what makes no grid worse, then what may."""
    model = order.model
    easing = True
    while order.pending.any():
        order.on_time()
        units = np.flatnonzero(order.pending)
        fill = model.deviation(order.load)[:, model.problem.move_weight]
        gain = fill[order.labels[units]] - fill[order.final[units]]
        queue = units[np.lexsort((units, order.final[units], order.labels[units], -np.round(gain, 6)))]
        before = order.labels.copy()
        step_of = np.full(model.n, -1, np.int64)
        state = order.labels.copy(), order.size.copy(), order.load.copy()
        once = not easing and len(units) < CAREFUL
        pending, count = order.pending.copy(), 0
        for first in range(0, len(queue), AT_ONCE):
            count = single_moves(  # type: ignore[call-arg]
                queue[first : first + AT_ONCE], order.final, *state, model.move, model.W, model.target,
                model.tol, model.remain, ceiling, cap, easing, once, *order.scratch(), pending, step_of,
                count,
            )  # fmt: skip
            if (once and count) or order.overdue():
                break
        if count == 0:
            if not easing:
                return
            easing = False
            continue
        easing = True
        done = np.flatnonzero(step_of >= 0)
        done = done[np.argsort(step_of[done], kind="stable")]
        for group in np.split(done, np.flatnonzero(np.diff(step_of[done])) + 1):
            source, sink = int(before[group[0]]), int(order.final[group[0]])
            order.labels[group] = sink
            moved = model.W[group].sum(axis=0)
            order.load[source] -= moved
            order.load[sink] += moved
            transfer = Transfer(np.sort(group), source, sink)
            order.steps.append(Step("transfer", (transfer,), min(order.worst(), sys.float_info.max)))
        order.size = np.bincount(order.labels, minlength=model.G)
        order.pending[done] = False
        order.load = model.loads(order.labels)


def _exchange(order: _Order, ceiling: float) -> Ints:
    """Units of the smallest group found that can go together; all that is left if there is no smaller."""
    model = order.model
    units = np.flatnonzero(order.pending)
    candidates = [_small(order, units, ceiling), *_blocks(order, units, ceiling)]
    found = [c for c in candidates if len(c)]
    if found:
        return min(found, key=lambda c: (float(model.move[c].sum()), len(c)))
    return _closure(order, units, ceiling)


def _small(order: _Order, units: Ints, ceiling: float) -> Ints:
    model = order.model
    seeds = units[np.argsort(model.move[units], kind="stable")]
    seeds = seeds[np.unique(np.linspace(0, len(seeds) - 1, min(SEEDS, len(seeds))).astype(int))]
    best, longest = np.empty(0, np.int64), min(LONGEST, len(units))
    for seed in seeds:
        order.on_time()
        found: Ints = small_exchange(
            np.array([seed]), units, order.final, order.labels, order.size, order.load, model.W, model.target,
            model.tol, model.remain, ceiling, longest, *order.scratch(),
        )  # fmt: skip
        if len(found):
            best, longest = found, len(found) - 1
        if longest < 1:
            break
    return best


def _blocks(order: _Order, units: Ints, ceiling: float) -> list[Ints]:
    """Whole pieces with one source and one sink that can go at once, where no single unit can."""
    pieces = sorted((t.units for t in order._transfers(units)), key=len)
    return [p for p in pieces[:200] if len(p) > 1 and _works(order, p, ceiling)][:1]


def _works(order: _Order, units: Ints, ceiling: float) -> bool:
    """Whether these moves together keep all grids whole and below the ceiling."""
    order.on_time()
    model = order.model
    labels = order.labels.copy()
    touched = np.unique(np.concatenate([labels[units], order.final[units]]))
    labels[units] = order.final[units]
    inside = np.isin(labels, touched)
    piece = model.components(inside, labels)
    at = np.flatnonzero(inside)
    first = np.unique(piece[at], return_index=True)[1]
    count = np.bincount(labels[at[first]], minlength=model.G)[touched]
    if (count > 1).any() or ((count == 0) & model.remain[touched]).any():
        return False
    return bool(model.violations(model.loads(labels))[touched].max() <= ceiling)


def _closure(order: _Order, units: Ints, ceiling: float) -> Ints:
    """A group grown grid by grid from the lightest pair of grids until it works."""
    model = order.model
    source, sink = order.labels[units], order.final[units]
    best = units
    pairs = np.unique(np.column_stack([source, sink]), axis=0)
    for a, b in pairs[:40]:
        grids = {int(a), int(b)}
        while True:
            inside = np.isin(source, list(grids)) & np.isin(sink, list(grids))
            group = units[inside]
            if len(group) >= len(best):
                break
            if _works(order, group, ceiling):
                best = group
                break
            beside = (np.isin(source, list(grids)) | np.isin(sink, list(grids))) & ~inside
            if not beside.any():
                break
            grids |= set(source[beside].tolist()) | set(sink[beside].tolist())
    return best if model.move[best].sum() <= model.move[units].sum() else units


def _mending(model: Model, current: Ints, final: Ints) -> Bools:
    """Moved units (n,) that must go first so that every grid that can be whole is whole."""
    target_pieces = np.maximum(1, model.pieces(final))
    chosen = np.zeros(model.n, bool)
    moved = current != final
    broken = np.flatnonzero((model.pieces(current) > target_pieces) & model.remain)
    if len(broken) == 0:
        return chosen
    for g in broken:
        piece = model.components(current == g, current)
        mine = np.flatnonzero(current == g)
        core = _core(model, mine, piece[mine], final)
        chosen[mine[(piece[mine] != core) & moved[mine]]] = True
        if (moved[mine] | (piece[mine] == core)).all():
            continue
        chosen |= moved & (final == g)
    while True:
        labels = np.where(chosen, final, current)
        wrong = np.flatnonzero((model.pieces(labels) > target_pieces) & model.remain)
        more = moved & ~chosen & (np.isin(current, wrong) | np.isin(final, wrong))
        if not more.any():
            return chosen
        chosen |= more


def _core(model: Model, mine: Ints, piece: Ints, final: Ints) -> int:
    """The piece of a grid whose units weigh most among those that stay in it."""
    names, at = np.unique(piece, return_inverse=True)
    weight = np.bincount(at, np.where(final[mine] == model.home[mine], model.move[mine] + 1e-9, 0.0))
    return int(names[int(np.argmax(weight))])


def _by_grids(model: Model, current: Ints, final: Ints, units: Ints) -> list[Ints]:
    """The units in groups whose transfers share no grid."""
    if len(units) == 0:
        return []
    links = coo_matrix((np.ones(len(units)), (current[units], final[units])), shape=(model.G, model.G))
    group = connected_components(links, directed=False)[1][current[units]]
    return [units[group == g] for g in np.unique(group)]
