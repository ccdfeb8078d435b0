"""Which moves of a redraw come first so that grids that start in pieces are whole."""

import numpy as np

from geo.rebalance.exchanges import by_grids
from geo.rebalance.model import Model
from geo.rebalance.problem import Bools, Ints


def mending(model: Model, current: Ints, final: Ints) -> list[Ints]:
    """Units to move, group after group, from ``current`` (n,) to ``final`` (n,) so that all grids that can
    be whole are; groups share no grid. Empty where every grid is whole.
    """
    first = _first(model, current, final)
    groups = by_grids(model, current, final, np.flatnonzero(first))
    return sorted(groups, key=lambda units: int(units[0]))


def _first(model: Model, current: Ints, final: Ints) -> Bools:
    target_pieces = np.maximum(1, model.pieces(final))
    chosen = np.zeros(model.n, bool)
    moved = current != final
    broken = np.flatnonzero(model.pieces(current) > target_pieces)
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
        wrong = np.flatnonzero(model.pieces(labels) > target_pieces)
        more = moved & ~chosen & (np.isin(current, wrong) | np.isin(final, wrong))
        if not more.any():
            return chosen
        chosen |= more


def _core(model: Model, mine: Ints, piece: Ints, final: Ints) -> int:
    """The piece of a grid whose units weigh most among those that stay in it."""
    names, at = np.unique(piece, return_inverse=True)
    weight = np.bincount(at, np.where(final[mine] == model.home[mine], model.move[mine] + 1e-9, 0.0))
    return int(names[int(np.argmax(weight))])
