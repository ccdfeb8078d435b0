"""What locks hold: grids above or below their limits, or apart."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.rebalance.certificates import Certificate
from geo.rebalance.model import SLACK, Model
from geo.rebalance.problem import Floats, Ints


def held_by_locks(model: Model, current: Ints) -> list[Certificate]:
    """Grids that locks hold above or below their limits."""
    found = []
    load = model.loads(current)
    locked = np.column_stack([np.bincount(current, w * model.fixed, model.G) for w in model.W.T])
    held = _held(model, current)
    reach = held.reach
    shut = np.asarray(model.problem.locked_grids)
    has_lock = shut | (np.bincount(current, model.fixed, model.G) > 0)
    for g in np.flatnonzero(model.remain):
        for j in np.flatnonzero(np.isfinite(model.tol)):
            most, least = float(model.high[g, j]), float(model.low[g, j])
            name, limit = "", 0.0
            if shut[g] and not least * (1 - SLACK) <= load[g, j] <= most * (1 + SLACK):
                name, limit, has = "the grid is locked", most if load[g, j] > most else least, load[g, j]
            elif not shut[g] and locked[g, j] > most * (1 + SLACK):
                name, limit, has = "its locked units alone are above that", most, locked[g, j]
            elif not shut[g] and reach[g, j] < least * (1 - SLACK) and (has_lock[g] or model.fixed.any()):
                name, limit, has = "no more can reach it past the locks", least, reach[g, j]
            if name:
                message = (
                    f"grid {{grids}} has {has:g} {{weight}} and its limit is {limit:g}: {name}; "
                    "unlock units there, or the grid"
                )
                figures = {"weight": float(has), "least": least, "most": most}
                group, locks = int(model.grid_class[g]), np.flatnonzero(model.fixed & (current == g))
                locks = locks[np.argsort(-model.W[locks, j], kind="stable")][: 0 if shut[g] else 20]
                found.append(
                    Certificate("locks", message, (int(g),), tuple(map(int, locks)), int(j), group, figures)
                )
    for held_in, apart in _apart(held):
        message = (
            "grid {grids} cannot be in one piece: its locked units {units} lie in parts that do not touch; "
            "unlock all but one part, or put in a bridge"
        )
        found.append(Certificate("locks", message, (held_in,), apart, group=int(model.grid_class[held_in])))
    if shut.any():
        pieces = model.pieces(current)
        for g in np.flatnonzero(shut & (pieces > 1)):
            message = (
                f"grid {{grids}} is locked and in {int(pieces[g])} pieces; unlock it so that it can be mended"
            )
            found.append(Certificate("locks", message, (int(g),), figures={"pieces": int(pieces[g])}))
    return found


@dataclass(frozen=True, eq=False)
class _Held:
    """Locked units of open grids: ``units`` (h,), their ``grid``, and which are in one ``piece`` of all that
    their grid could have; ``reach`` (G, k) is the weight of that, inf for grids without locked units.
    """

    units: Ints
    grid: Ints
    piece: Ints
    reach: Floats


def _held(model: Model, current: Ints) -> _Held:
    """What locked units hold together, for all grids at once.

    A grid could have its locked units and all free land that touches them. Free land is the same for every
    grid, so its components are found once, and each is a node of its own for each grid that touches it.
    """
    free = ~model.fixed & model.may_give(current)
    land = model.components(free)
    units = np.flatnonzero(model.fixed & model.open_grids[current])
    node = np.full(model.n, -1)
    node[units] = np.arange(len(units))
    both = np.vstack([model.edges, model.edges[:, ::-1]])
    held, other = both[node[both[:, 0]] >= 0].T
    grid = current[held]
    together = (node[other] >= 0) & (current[other] == grid)
    touching = free[other]
    keys, at = np.unique(grid[touching] * model.n + land[other[touching]], return_inverse=True)
    rows = np.concatenate([node[held[together]], node[held[touching]]])
    columns = np.concatenate([node[other[together]], len(units) + at])
    size = len(units) + len(keys)
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, columns)), shape=(size, size))
    piece = connected_components(graph, directed=False)[1][: len(units)].astype(np.int64)
    reach = np.full((model.G, model.k), np.inf)
    mine = np.unique(current[units])
    for j, w in enumerate(model.W.T):
        of_land = np.bincount(land[free], w[free], model.n)
        own = np.bincount(current[units], w[units], model.G)
        reach[mine, j] = (own + np.bincount(keys // model.n, of_land[keys % model.n], model.G))[mine]
    return _Held(units, current[units], piece, reach)


def _apart(held: _Held) -> list[tuple[int, tuple[int, ...]]]:
    """Grids whose locked units lie in several pieces of all that the grid could have; a unit of each."""
    found = []
    for g in np.unique(held.grid).tolist():
        mine = held.grid == g
        first = np.unique(held.piece[mine], return_index=True)[1]
        if len(first) > 1:
            found.append((int(g), tuple(int(u) for u in held.units[mine][np.sort(first)][:20])))
    return found
