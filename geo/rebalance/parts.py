"""Independent parts: grids of one class that can exchange units with each other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.rebalance.model import Model
from geo.rebalance.problem import Bools, Ints


@dataclass(frozen=True, eq=False)
class Part:
    """Open grids that touch, directly or through others, and their units.

    ``source``/``sink`` are the borders over which a unit that may move (source) has a neighbour in the part.
    """

    number: int
    grids: Ints
    units: Ints
    source: npt.NDArray[np.int32]
    sink: npt.NDArray[np.int32]
    mean_unit: float


def regions(model: Model, open_units: Bools) -> Ints:
    """Connected region (n,) of the units that are open; -1 for the others."""
    region = model.components(open_units)
    return np.where(open_units, region, -1)


def parts_of(model: Model, labels: Ints) -> list[Part]:
    """The parts of a plan, in order of their lowest unit.

    Regions of open units that share a grid (a grid in pieces) are one part.
    """
    open_units = model.open_grids[labels]
    region = regions(model, open_units)
    at = np.flatnonzero(open_units)
    if len(at) == 0:
        return []
    graph = coo_matrix(
        (np.ones(len(at), np.int8), (region[at], labels[at] + model.n)), shape=(model.n + model.G,) * 2
    )
    group = connected_components(graph, directed=False)[1]
    of_unit = np.where(open_units, group[np.maximum(region, 0)], -1)
    degree = np.diff(model.indptr)
    source = np.repeat(np.arange(model.n, dtype=np.int32), degree)
    usable = ~model.fixed[source] & open_units[source] & open_units[model.indices]
    source, sink = source[usable], model.indices[usable]
    first = {int(g): i for i, g in reversed(list(enumerate(of_unit[at])))}
    parts = []
    for number, g in enumerate(sorted(first, key=lambda g: first[g])):
        units = np.flatnonzero(of_unit == g)
        mine = of_unit[source] == g
        free = units[~model.fixed[units]]
        mean = float(model.move[free].mean()) if len(free) else 0.0
        parts.append(Part(number, np.unique(labels[units]), units, source[mine], sink[mine], mean))
    return parts
