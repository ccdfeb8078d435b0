"""The transport estimate: the least total flow between adjacent grids that brings all within limits."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_matrix, vstack

from geo.rebalance.model import Model
from geo.rebalance.problem import Ints


def estimate(model: Model, current: Ints) -> float | None:
    """Share of the move weight that a redraw usually has to move; None where no flow balances it.

    Not a bound: a grid can reach past its neighbour through a nearly weightless unit. New grids may
    take from any grid of their class. None too when the move weight is not balanced.
    """
    j = model.problem.move_weight
    if not np.isfinite(model.tol[j]):
        return None
    give = ~np.asarray(model.problem.locked_grids)
    a, b = current[model.edges[:, 0]], current[model.edges[:, 1]]
    touching = (a != b) & give[a] & give[b]
    arcs = np.column_stack([a, b])[touching]
    empty = model.open_grids & (np.bincount(current, minlength=model.G) == 0)
    for g in np.flatnonzero(empty):
        others = np.flatnonzero(give & (model.grid_class == model.grid_class[g]) & (np.arange(model.G) != g))
        arcs = np.vstack([arcs, np.column_stack([others, np.full(len(others), g)])])
    arcs = np.unique(np.vstack([arcs, arcs[:, ::-1]]), axis=0)
    arcs = arcs[model.remain[arcs[:, 1]]] if len(arcs) else arcs
    load = model.loads(current)[:, j]
    low = np.where(give, model.low[:, j], load)
    high = np.where(give, model.high[:, j], load)
    m = len(arcs)
    if m == 0:
        return 0.0 if bool(((load >= low - 1e-9) & (load <= high + 1e-9)).all()) else None
    rows = np.concatenate([arcs[:, 1], arcs[:, 0]])
    net = coo_matrix(
        (np.repeat([1.0, -1.0], m), (rows, np.tile(np.arange(m), 2))), shape=(model.G, m)
    ).tocsr()
    unit = max(float(load.mean()), 1e-300)
    limits = np.concatenate([high - load, load - low]) / unit
    found = linprog(np.ones(m), A_ub=vstack([net, -net]), b_ub=limits, method="highs")  # type: ignore[call-overload]
    return float(found.fun * unit / model.move.sum()) if found.status == 0 else None
