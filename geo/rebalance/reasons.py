"""Why a step of a redraw is done, from the loads before and after it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from geo.rebalance.model import Model
from geo.rebalance.problem import Bools, Floats


@dataclass(frozen=True)
class Reason:
    """Why a step is done.

    ``kind``: ``mend`` (the grid is in pieces), ``dissolve`` (it is to end empty), ``open`` (it is new),
    ``relieve`` (it is above its limit), ``fill`` (below it), ``pass_on`` (what it gets from others would
    put it above), ``replace`` (what it gives to others would leave it below), ``shape`` (none of these:
    borders become shorter, or the whole plan cheaper). ``grid`` is that grid, ``weight`` the column in
    question (None where none is), with the grid's deviation in it before and after the step.
    """

    kind: str
    grid: int
    weight: int | None
    before: float
    after: float


def reason(
    model: Model,
    kind: str,
    pairs: Sequence[tuple[int, int]],
    before: Floats,
    after: Floats,
    end: Floats,
    empty: Bools,
) -> Reason:
    """The reason of a step of this kind between ``pairs`` of grids (from, to).

    ``before``, ``after`` and ``end`` (G, k): the loads before and after the step and of the final plan;
    ``empty`` (G,): which grids have no unit before it.
    """
    off, then = model.deviation(before), model.deviation(after)

    def told(name: str, grid: int, weight: int | None) -> Reason:
        j = model.problem.move_weight if weight is None else weight
        return Reason(name, grid, weight, float(off[grid, j]), float(then[grid, j]))

    if kind == "mend":
        return told("mend", pairs[0][0], None)
    for source, sink in pairs:
        if not model.remain[source]:
            return told("dissolve", source, None)
        if empty[sink]:
            return told("open", sink, None)
    sources, sinks = ([pair[i] for pair in pairs] for i in (0, 1))
    over, grid, j = _most(model, before, sources, 1)
    under, other, i = _most(model, before, sinks, -1)
    if max(over, under) > 0:
        return told("relieve", grid, j) if over >= under else told("fill", other, i)
    undone = end - (after - before)
    over, grid, j = _most(model, undone, sources, 1)
    under, other, i = _most(model, undone, sinks, -1)
    if max(over, under) > 0:
        return told("pass_on", grid, j) if over >= under else told("replace", other, i)
    return told("shape", pairs[0][0], None)


def _most(model: Model, load: Floats, grids: Sequence[int], sign: int) -> tuple[float, int, int]:
    """The grid and weight furthest beyond its upper (1) or lower (-1) limit, in shares of the target."""
    at = np.array(sorted(set(grids)))
    limit = model.high[at] if sign > 0 else model.low[at]
    beyond = np.where(np.isfinite(limit), sign * (load[at] - limit), -np.inf)
    share = np.divide(beyond, model.target[at], out=np.full_like(beyond, -np.inf), where=model.target[at] > 0)
    g, j = np.unravel_index(int(np.argmax(share)), share.shape)
    return float(share[g, j]), int(at[g]), int(j)
