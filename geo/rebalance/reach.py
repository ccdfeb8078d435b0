"""Which plans can be carried out in steps at all."""

import numpy as np

from geo.rebalance.model import Model
from geo.rebalance.problem import Ints


def stranded(model: Model, labels: Ints, grids: Ints) -> list[tuple[int, Ints]]:
    """Pieces, as (grid, units), that cannot come to a grid that keeps nothing of its own.

    A step's units must border the grid they go to. A grid that keeps a unit, or starts empty, can be joined
    from anywhere in time; else each piece of one former grid must border what the grid has today.
    """
    found = []
    for g in grids.tolist():
        had = model.home == g
        inside = np.flatnonzero(labels == g)
        if not had.any() or had[inside].any():
            continue
        piece = model.components(labels == g, model.home)[inside]
        for name in np.unique(piece):
            units = inside[piece == name]
            around = [model.indices[model.indptr[u] : model.indptr[u + 1]] for u in units]
            if not had[np.concatenate(around)].any():
                found.append((int(g), units))
    return found
