"""Every plan there is, for problems of a dozen units: the exact answer, sharing no code with the engine.

A grid is a set of units, written as the bits of a number. All sets that a grid may be (connected, of its
class, with its locked units, within its limits) are combined grid by grid: dynamic programming over the
units used so far.
"""

from dataclasses import dataclass

import numpy as np

from geo.rebalance import Problem

MOST = 11
ROUNDING = 1e-9


@dataclass(frozen=True)
class Exact:
    """``moved`` the least moved share within tolerance (inf: there is no plan; 0 from scratch), ``cut`` the
    fewest cut edges within tolerance, ``violation`` the least violation of any whole plan (inf: none)."""

    moved: float
    cut: float
    violation: float


def exact(problem: Problem) -> Exact:
    """The exact answers for a problem of at most MOST units."""
    n, G = len(problem.weights), problem.n_grids
    assert n <= MOST
    sets = np.arange(1 << n)
    has = (sets[:, None] >> np.arange(n)) & 1 == 1
    whole = _connected(problem, sets)
    load = has @ problem.weights
    move = problem.weights[:, problem.move_weight] / problem.weights[:, problem.move_weight].sum()
    ends = np.asarray(problem.edges)
    border = (has[:, ends[:, 0]] != has[:, ends[:, 1]]).sum(axis=1).astype(float)
    target, tol = np.asarray(problem.target), np.asarray(problem.tolerance)
    units, grids = np.asarray(problem.unit_class), np.asarray(problem.grid_class)
    plans = [np.where(sets == 0, 0.0, np.inf) for _ in range(3)]
    for g in range(G):
        can = whole & ~has[:, units != grids[g]].any(axis=1)
        gone = bool(np.asarray(problem.dissolve)[g])
        can &= (sets == 0) if gone else (sets > 0)
        cost = np.zeros(len(sets))
        if problem.current is not None:
            home = np.asarray(problem.current) == g
            if np.asarray(problem.locked_grids)[g]:
                can &= sets == (1 << np.flatnonzero(home)).sum()
            can &= (has | ~(home & np.asarray(problem.locked_units))).all(axis=1)
            cost = has @ np.where(home, 0.0, move)
        off = np.abs(load / np.where(target[g] > 0, target[g], np.inf) - (target[g] > 0))
        off[off < ROUNDING] = 0
        with np.errstate(divide="ignore", invalid="ignore"):
            violation = np.where(off > 0, off / tol, 0.0).max(axis=1)
        inside = can & (violation <= 1 + ROUNDING)
        plans = [
            _combine(plans[0], np.flatnonzero(inside), cost, np.add),
            _combine(plans[1], np.flatnonzero(inside), border / 2, np.add),
            _combine(plans[2], np.flatnonzero(can), np.zeros(len(sets)) if gone else violation, np.maximum),
        ]
    return Exact(*(float(p[-1]) for p in plans))


def _combine(best: np.ndarray, choices: np.ndarray, cost: np.ndarray, add: np.ufunc) -> np.ndarray:
    """The least for each set of units used, after one more grid."""
    out = np.full(len(best), np.inf)
    reached = np.flatnonzero(np.isfinite(best))
    for chosen in choices.tolist():
        free = reached[reached & chosen == 0]
        now = free | chosen
        out[now] = np.minimum(out[now], add(best[free], cost[chosen]))
    return out


def _connected(problem: Problem, sets: np.ndarray) -> np.ndarray:
    """Which sets of units are in one piece (the empty one is)."""
    near = np.zeros(len(problem.weights), np.int64)
    for a, b in np.asarray(problem.edges).tolist():
        near[a] |= 1 << b
        near[b] |= 1 << a
    reach = sets & -sets
    for _ in range(len(near)):
        for u in range(len(near)):
            reach = np.where((reach >> u) & 1 == 1, reach | (near[u] & sets), reach)
    return np.asarray(reach == sets)
