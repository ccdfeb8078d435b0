"""Which plans can be carried out in steps at all."""

import numpy as np

from geo.rebalance.model import Model
from geo.rebalance.problem import Bools, Ints


def beside_what_it_had(model: Model, grid: int) -> Bools:
    """Units (n,) that are in the grid today or border one that is."""
    had: Bools = np.asarray(model.home == grid, bool)
    near = had.copy()
    for u in np.flatnonzero(had):
        near[model.indices[model.indptr[u] : model.indptr[u + 1]]] = True
    return near


def out_of_reach(model: Model, labels: Ints, grids: Ints) -> Ints:
    """Grids that no order of steps can bring from today's plan to this one.

    A step's units must border the grid they go to, before or after it. So a grid that keeps nothing of its
    own needs a unit beside what it had; units of several grids that come together border each other.
    """
    lost = []
    for g in grids:
        inside = np.flatnonzero(labels == g)
        homes = np.unique(model.problem.current[inside]) if model.problem.current is not None else inside
        had = (model.home == g).any()
        if had and len(homes) == 1 and homes[0] != g and not beside_what_it_had(model, int(g))[inside].any():
            lost.append(int(g))
    return np.array(lost, np.int64)
