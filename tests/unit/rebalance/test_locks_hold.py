"""What locks hold together, beside a plain reading of it."""

import numpy as np
import pytest

from geo.errors import InputError
from geo.rebalance.locks import _apart, _held
from geo.rebalance.model import Model, model_of
from tests.unit.rebalance.redraws import random_problem


def plainly(model: Model, current: np.ndarray, g: int) -> tuple[int, np.ndarray]:
    """How many pieces the locked units of a grid lie in, and the weight (k,) of all that it could have."""
    mine = model.fixed & (current == g)
    could = mine | (~model.fixed & model.may_give(current))
    piece = model.components(could)
    reached = np.unique(piece[mine])
    return len(reached), model.W[could & np.isin(piece, reached)].sum(axis=0)


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_all_grids_at_once_is_each_by_itself(first: int) -> None:
    for seed in range(first, first + 100):
        try:
            problem = random_problem(seed)
        except InputError:  # such as a class whose units all are in a missing grid
            continue
        model, current = model_of(problem), np.asarray(problem.current)
        held = _held(model, current)
        several = {g for g, _ in _apart(held)}
        for g in np.flatnonzero(model.open_grids).tolist():
            if not (model.fixed & (current == g)).any():
                assert np.isinf(held.reach[g]).all()
                continue
            pieces, weight = plainly(model, current, g)
            assert held.reach[g] == pytest.approx(weight)
            assert (g in several) == (pieces > 1)
