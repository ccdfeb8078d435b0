"""Lower bounds on the share that any plan within tolerance must move. They may be weak, never wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from geo.rebalance.model import SLACK, Model
from geo.rebalance.parts import regions
from geo.rebalance.problem import Floats, Ints

ELEMENTARY = "elementary: what must leave or enter grids outside their limits"
"""Name of the proof that needs no search."""


@dataclass(frozen=True)
class Bound:
    """A proven least share of the move weight, and where the proof comes from."""

    share: float
    source: str


@dataclass(frozen=True, eq=False)
class Needs:
    """Move weight that each grid must give (``out``, (G,)) and get (``into``, (G,)), and what that makes at
    ``least`` for each class.
    """

    out: Floats
    into: Floats
    least: dict[int, float]


def elementary(model: Model, found: Needs) -> Bound:
    """The bound of what must leave or enter grids, class by class."""
    return together(model, {ELEMENTARY: found.least})


def needs(model: Model, current: Ints) -> Needs:
    """What must leave the grids above their limits, and reach those below.

    A grid above a limit loses at least a set of its own units that weighs the excess, and these sets
    are disjoint; one below gains at least a set of others' units, likewise. In move weight such a set
    is at least the fractional knapsack over the units at hand. Units never leave their class, so the
    larger of the two sums holds per class; and per region of it (units connected with each other)
    where every region must keep its number of grids.
    """
    out, into = _grid_needs(model, current)
    least = {}
    for c in np.unique(model.grid_class).tolist():
        mine = model.grid_class == c
        least[c] = max(out[mine].sum(), into[mine].sum(), _by_region(model, current, c, out, into))
    return Needs(out, into, least)


def together(model: Model, proofs: Mapping[str, Mapping[int, float]]) -> Bound:
    """The bound that all proofs give together: the largest move weight proven for each class, added up.

    ``proofs``: name of the proof -> class -> move weight. The source names those that count.
    """
    total, used = 0.0, []
    for c in np.unique(model.grid_class).tolist():
        best = max(proofs, key=lambda name: proofs[name].get(c, 0.0))
        total += proofs[best].get(c, 0.0)
        used += [best] if proofs[best].get(c, 0.0) > 0 else []
    names = [name for name in proofs if name in used] or list(proofs)[:1]
    return Bound(max(0.0, total / float(model.move.sum()) - SLACK), "; ".join(names))


def _grid_needs(model: Model, current: Ints) -> tuple[Floats, Floats]:
    """Move weight (G,) that each open or dissolved grid must give, and must get."""
    load = model.loads(current)
    out, into = np.zeros(model.G), np.zeros(model.G)
    gone = ~model.remain
    out[gone] = np.bincount(current, model.move, model.G)[gone]
    balanced = np.flatnonzero(np.isfinite(model.tol))
    room = SLACK * model.target
    over, under = load - model.high - room, model.low - load - room
    free = ~model.fixed & model.open_grids[current]
    whole = bool((model.move == np.round(model.move)).all())
    for j in balanced:
        for g in np.flatnonzero(model.open_grids & (over[:, j] > 0)):
            units = np.flatnonzero(free & (current == g))
            out[g] = max(out[g], _knapsack(model, units, int(j), float(over[g, j]), whole))
        for c in np.unique(model.grid_class):
            short = model.open_grids & (model.grid_class == c) & (under[:, j] > 0)
            units = np.flatnonzero((free | ~model.remain[current]) & (model.unit_class == c))
            for g in np.flatnonzero(short):
                into[g] = max(into[g], _knapsack(model, units, int(j), float(under[g, j]), whole))
    return out, into


def _knapsack(model: Model, units: Ints, j: int, need: float, whole: bool) -> float:
    """Least move weight of a set of the units that weighs at least ``need`` in weight j (relaxed)."""
    if j == model.problem.move_weight:
        least = need
    else:
        w, cost = model.W[units, j], model.move[units]
        units_that_help = w > 0
        w, cost = w[units_that_help], cost[units_that_help]
        if len(w) == 0:
            return 0.0
        order = np.argsort(cost / w, kind="stable")
        have = np.concatenate([[0.0], np.cumsum(w[order])])
        paid = np.concatenate([[0.0], np.cumsum(cost[order])])
        least = float(np.interp(need, have, paid))
    return float(np.ceil(least - 1e-6 * max(1.0, least))) if whole and least < 1e9 else least


def _by_region(model: Model, current: Ints, c: int, out: Floats, into: Floats) -> float:
    """The sum over regions of the larger need, where grids cannot change region; else 0.

    A whole grid may leave its region by giving everything away and starting anew elsewhere. It
    cannot if each region's weight fits no other number of grids; and a swap of two such grids costs at
    least as much as the needs, if no grid's need exceeds what a newcomer must be given.
    """
    open_units = model.may_give(current) & (model.unit_class == c)
    grids = np.flatnonzero(model.open_grids & (model.grid_class == c))
    if len(grids) == 0 or not model.remain[model.grid_class == c].all():
        return 0.0
    region = regions(model, open_units)
    merged = _merge(region, current, open_units)
    names = np.unique(merged[open_units])
    if len(names) == 1 or (np.bincount(current, minlength=model.G)[grids] == 0).any():
        return 0.0
    j = model.problem.move_weight
    if not np.isfinite(model.tol[j]) or into[grids].max(initial=0.0) > model.low[grids, j].min():
        return 0.0
    total = 0.0
    for r in names:
        units = open_units & (merged == r)
        mine = np.unique(current[units])
        weight = model.W[units].sum(axis=0)
        if counts_that_fit(model, grids, weight) != [len(mine)]:
            return 0.0
        total += max(out[mine].sum(), into[mine].sum())
    return total


def counts_that_fit(model: Model, grids: Ints, weight: Floats) -> list[int]:
    """How many of these grids can share a weight (k,) within their limits (a necessary condition)."""
    low, high = least_and_most(model, grids)
    room = SLACK * np.maximum(weight, 1e-300)
    fits = ((low <= weight + room) & (high >= weight - room)).all(axis=1)
    return [int(i) + 1 for i in np.flatnonzero(fits)]


def least_and_most(model: Model, grids: Ints) -> tuple[Floats, Floats]:
    """The least and the most (m, k) that one, two, ... of these m grids can have together."""
    low = np.cumsum(np.sort(model.low[grids], axis=0), axis=0)
    high = np.cumsum(np.sort(model.high[grids], axis=0)[::-1], axis=0)
    return low, high


def _merge(region: Ints, current: Ints, inside: np.ndarray) -> Ints:
    """Regions that share a grid are one."""
    merged = region.copy()
    while True:
        lowest = np.full(int(current.max()) + 1, np.iinfo(np.int64).max)
        np.minimum.at(lowest, current[inside], merged[inside])
        new = merged.copy()
        new[inside] = lowest[current[inside]]
        by_region = np.full(int(region.max()) + 1, np.iinfo(np.int64).max)
        np.minimum.at(by_region, region[inside], new[inside])
        new[inside] = by_region[region[inside]]
        if (new == merged).all():
            return merged
        merged = new
