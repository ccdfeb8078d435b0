"""Compile what is compiled, once, so that nobody's first answer waits for it: ``python -m geo.warm``."""

import numpy as np

from geo import cells, locator, shifts
from geo.rebalance import Problem, rebalance
from geo.rebalance.bounds import Needs
from geo.rebalance.corridors import corridor
from geo.rebalance.model import model_of


def warm() -> None:
    """Run every compiled function on a tiny input; numba keeps the result beside the modules."""
    _warm_rebalance()
    cells.warm()
    locator.warm()
    shifts.warm()


def _warm_rebalance() -> None:
    side = 6
    unit = np.arange(side * side).reshape(side, side)
    edges = np.vstack([np.column_stack([unit[:, :-1].ravel(), unit[:, 1:].ravel()]),
                       np.column_stack([unit[:-1].ravel(), unit[1:].ravel()])])  # fmt: skip
    current = (np.arange(side * side) % side >= 2).astype(np.int64)
    rebalance(Problem(np.ones(side * side), edges, current, 2), threads=1, effort=0.02)
    rebalance(Problem(np.ones(side * side), edges, None, 4), threads=1, effort=0.02)
    square = np.array([[0, 1], [1, 2], [2, 3], [0, 2], [1, 3]])
    swap = Problem(np.array([3.0, 3.0, 2.0, 2.0]), square, np.array([0, 0, 1, 1]), 2, 0.1)
    rebalance(swap, threads=1, effort=0.02)
    uneven = Problem(np.array([3.0, 3.0, 3.0, 1.0]), square[[0, 1, 2]], np.array([0, 0, 1, 1]), 2, 0.01)
    rebalance(uneven, threads=1, effort=0.02)
    three = model_of(Problem(np.ones(3), square[:2], np.arange(3), 3))
    corridor(three, np.arange(3), 0, Needs(np.zeros(3), np.zeros(3), {0: 0.0}))


if __name__ == "__main__":
    warm()
