"""A bound for work that lies far from where it is missing: who reaches past a neighbour takes the way too.

A mixed-integer program on grids, not units. For a plan let t[i, g] be the weight with home i that ends in
g. Between the home of g and any unit of home i lie units of other grids that weigh at least D[g, i] (the
lightest way, by Dijkstra on unit weights). If g keeps something of its own and ends with a unit of a home in
I = {i: D[g, i] >= d}, it is connected, so it holds such a way: homes outside I give g at least d. With
balance, every plan within tolerance satisfies

- low <= W[g] - out[g] + in[g] <= high, and out[g] >= W[g] if g keeps nothing (a[g] = 1);
- sum of t[h, g] over h outside I >= d (Y - a[g]), where Y = 1 if g takes anything of a home in I;
- sum of t[i, g] over I <= high Y, and <= max(0, high - W[g]) Y + out[g];
- t[x, g] <= max(0, W[x] - low[x]) Y + in[x] for each x in I.

Only the nearest homes of a grid are told apart; what it takes from others is one sum, and what they give so
is another, which relaxes the program. Its least moved weight, or what the search tree has proven of it when
its nodes are used up, is a bound.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geo.rebalance.bounds import Needs
from geo.rebalance.model import Model
from geo.rebalance.problem import Floats, Ints
from geo.rebalance.solver import Program
from geo.rebalance.ways import nearest_homes

NEAREST, LEAST_NEAREST, PAIRS = 24, 4, 1_000
"""Homes that are told apart for each grid: at most, at least, and between in all."""
THRESHOLDS = 3
"""Values of d for each grid."""
NODES = 5_000
"""Nodes of the search tree times grids."""
ROUNDING = 1e-6
"""Taken off the bound, in mean targets."""


@dataclass(frozen=True, eq=False)
class _Grids:
    """One class as the program sees it, in mean targets: loads, limits, what may leave; homes by distance.

    ``near`` (G, m) homes in order of ``way`` (G, m), the least weight between; -1 and inf where there are
    fewer. ``stays`` (G,) has a locked unit.
    """

    load: Floats
    low: Floats
    high: Floats
    loose: Floats
    stays: np.ndarray
    near: Ints
    way: Floats


def corridor(
    model: Model,
    current: Ints,
    c: int,
    needs: Needs,
    stopped: Callable[[], bool] = lambda: False,
) -> float:
    """Move weight that any plan of class ``c`` must move; at least what ``needs`` say already.

    Only that is returned where the proof does not hold: grids that are new or to be dissolved, a move
    weight that is not balanced.
    """
    j, least = model.problem.move_weight, needs.least[c]
    mine = np.flatnonzero(model.open_grids & (model.grid_class == c))
    size = np.bincount(current, minlength=model.G)
    if (
        len(mine) < 3
        or not np.isfinite(model.tol[j])
        or not model.remain[model.grid_class == c].all()
        or (size[mine] == 0).any()
    ):
        return least
    unit = float(model.target[mine, j].mean())
    grids = _grids(model, current, mine, unit)
    if not (grids.way[np.isfinite(grids.way)] > 0).any():
        return least
    program = _program(grids, needs.out[mine] / unit, needs.into[mine] / unit, least / unit, stopped)
    answer = program.solve(max(10, NODES // len(mine)))
    if answer.status == "infeasible" or not np.isfinite(answer.bound):
        return least
    return max(least, (answer.bound - ROUNDING) * unit)


def _grids(model: Model, current: Ints, mine: Ints, unit: float) -> _Grids:
    j = model.problem.move_weight
    load = np.bincount(current, model.move, model.G)[mine]
    loose = np.bincount(current, model.move * ~model.fixed, model.G)[mine]
    number = np.full(model.G, -1)
    number[mine] = np.arange(len(mine))
    home = np.where(model.open_grids[current], number[current], -1)
    members = np.argsort(home, kind="stable")
    first = np.searchsorted(home[members], np.arange(len(mine) + 1))
    most = min(len(mine) - 1, int(np.clip(PAIRS // len(mine), LEAST_NEAREST, NEAREST)))
    near, way = nearest_homes(
        home, model.move, ~model.fixed, members, first, model.indptr, model.indices, len(mine), most
    )
    return _Grids(
        load=load / unit,
        low=model.low[mine, j] / unit,
        high=model.high[mine, j] / unit,
        loose=loose / unit,
        stays=np.bincount(current, model.fixed, model.G)[mine] > 0,
        near=near,
        way=way / unit,
    )


def _program(g: _Grids, out: Floats, into: Floats, least: float, stopped: Callable[[], bool]) -> Program:
    """Columns: t by grid and nearness, then what comes to and goes from each grid otherwise, a, and Y."""
    n, m = g.near.shape
    known = g.near >= 0
    steps = [_thresholds(g.way[i]) for i in range(n)]
    T, R, P, A = 0, n * m, n * m + n, n * m + 2 * n
    Y = A + n
    columns = Y + sum(len(s) for s in steps)
    cost, upper = np.zeros(columns), np.ones(columns)
    cost[:P] = 1
    upper[:R] = np.where(known, g.loose[g.near], 0).ravel()
    upper[R:P] = np.where(known.all(axis=1) & (m == n - 1), 0, np.inf)
    upper[P:A] = np.inf
    upper[A:Y] = ~g.stays
    program = Program(cost, upper, np.arange(columns) >= A, stopped)
    gives = [np.flatnonzero((g.near == i).ravel()) for i in range(n)]
    leaves = [np.concatenate([gives[i], [P + i]]) for i in range(n)]
    comes = [np.concatenate([T + i * m + np.arange(m), [R + i]]) for i in range(n)]
    program.add(0, 0, np.arange(R, A), np.repeat([1.0, -1.0], n))
    program.add(least, np.inf, np.arange(P), 1.0)
    y = Y
    for i in range(n):
        sign = np.concatenate([np.ones(len(comes[i])), -np.ones(len(leaves[i]))])
        program.add(g.low[i] - g.load[i], g.high[i] - g.load[i], np.concatenate([comes[i], leaves[i]]), sign)
        program.add(out[i], g.loose[i], leaves[i], 1.0)
        program.add(into[i], np.inf, comes[i], 1.0)
        program.add(0, np.inf, np.append(leaves[i], A + i), np.append(np.ones(len(leaves[i])), -g.load[i]))
        room = max(0.0, g.high[i] - g.load[i])
        for d in steps[i]:
            far = known[i] & (g.way[i] >= d)
            within = i * m + np.flatnonzero(known[i] & ~far)
            beyond = np.append(i * m + np.flatnonzero(far), R + i)
            ones, minus = np.ones(len(beyond)), -np.ones(len(leaves[i]))
            program.add(0, np.inf, np.append(within, [y, A + i]), np.append(np.ones(len(within)), [-d, d]))
            program.add(-np.inf, 0, np.append(beyond, y), np.append(ones, -g.high[i]))
            at = np.concatenate([beyond, leaves[i], [y]])
            program.add(-np.inf, 0, at, np.concatenate([ones, minus, [-room]]))
            for place in np.flatnonzero(far).tolist():
                x = int(g.near[i, place])
                spare = max(0.0, g.load[x] - g.low[x])
                at = np.concatenate([[i * m + place, y], comes[x]])
                program.add(-np.inf, 0, at, np.concatenate([[1.0, -spare], -np.ones(len(comes[x]))]))
            y += 1
    return program


def _thresholds(way: Floats) -> list[float]:
    """Some of the distances of a grid above 0, from the least to the greatest."""
    values = np.unique(way[np.isfinite(way) & (way > 1e-9)])
    if len(values) <= THRESHOLDS:
        return [float(v) for v in values]
    return [float(v) for v in values[np.linspace(0, len(values) - 1, THRESHOLDS).round().astype(int)]]
