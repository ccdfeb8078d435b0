"""A patch: some grids and their units as a small problem of its own, for searches from scratch."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.rebalance.model import Model
from geo.rebalance.problem import Floats, Ints

FINEST = 20.0
"""A tolerance finer than this part of a mean unit is priced like it, or the borders would not count."""


@dataclass(frozen=True, eq=False)
class Patch:
    """Units (n,) and grids (g,) of a model, numbered from 0 here, with the borders among them.

    Border slot i of unit u (``indptr[u] <= i < indptr[u + 1]``) leads to ``indices[i]``; ``source[i]`` is u
    and ``back[i]`` the slot of the way back. ``cut`` is what a cut border costs; ``price`` (k,) is what a
    share of a target beyond the tolerance costs: 1 is a mean unit, or the tolerance where that is finer.
    """

    units: Ints
    grids: Ints
    indptr: npt.NDArray[np.int32]
    indices: npt.NDArray[np.int32]
    source: npt.NDArray[np.int32]
    back: npt.NDArray[np.int32]
    cut: Floats
    W: Floats
    target: Floats
    tol: Floats
    price: Floats


def patch_of(model: Model, labels: Ints, grids: Ints, by_length: bool) -> Patch:
    """The patch of some grids of a plan (n,); borders cost 1 each, or their length as a share of the mean."""
    mine = np.isin(labels, grids)
    units = np.flatnonzero(mine)
    here = np.cumsum(mine) - 1
    source = np.repeat(np.arange(model.n), np.diff(model.indptr))
    slot = np.flatnonzero(mine[source] & mine[model.indices])
    source, sink = here[source[slot]], here[model.indices[slot]]
    back = np.empty(len(slot), np.int32)
    back[np.arange(len(slot))] = np.lexsort((source, sink))
    mean = len(units) / len(grids)
    tol = np.where(np.isfinite(model.tol), model.tol, 1e300)
    return Patch(
        units=units,
        grids=grids,
        indptr=np.searchsorted(source, np.arange(len(units) + 1)).astype(np.int32),
        indices=sink.astype(np.int32),
        source=source.astype(np.int32),
        back=back,
        cut=model.cut[slot] if by_length else np.ones(len(slot)),
        W=np.ascontiguousarray(model.W[units]),
        target=np.ascontiguousarray(model.target[grids]),
        tol=tol,
        price=np.clip(1 / np.maximum(tol, 1e-9), mean, FINEST * mean),
    )
