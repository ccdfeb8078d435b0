"""A whole plan to start from: grids in pieces are mended, dissolved grids shared out, new grids seeded."""

import heapq
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from geo.rebalance.kernel import stays_whole
from geo.rebalance.model import Model
from geo.rebalance.problem import Bools, Floats, Ints

ROUNDS = 8
"""Joining two locked pieces can break a third grid; after so many rounds it is left as it is."""


def whole_start(
    model: Model, current: Ints, rng: np.random.Generator, stopped: Callable[[], bool] = lambda: False
) -> Ints:
    """Labels (n,) near today's plan in which every open grid is in one piece, where that can be.

    Of a grid in pieces the heaviest (with locked units first) stays, the others go to grids they
    border, the emptiest first; pieces held by locked units are joined by the lightest path. What
    cannot be helped stays as it is, and so does what is left when stopped. New grids get one unit each,
    where work is in excess.
    """
    labels = current.copy()
    pinned = model.fixed.copy()
    stray = ~model.remain[labels]
    for _ in range(ROUNDS):
        stray |= _loose_pieces(model, labels, pinned, stray)
        if stray.any():
            labels = _share_out(model, labels, stray, stopped)
        if not _join(model, labels, pinned, stopped) or stopped():
            break
        stray = np.zeros(model.n, bool)
    for g in np.flatnonzero(model.open_grids & (np.bincount(labels, minlength=model.G) == 0)):
        if stopped():
            break
        _seed(model, labels, int(g), rng)
    return labels


def _loose_pieces(model: Model, labels: Ints, pinned: Bools, stray: Bools) -> Bools:
    """Units of all pieces but one of each open grid; pieces with pinned units are never loose."""
    inside = ~stray & model.open_grids[labels]
    piece = model.components(inside, labels)
    pieces, at = np.unique(piece[inside], return_inverse=True)
    units = np.flatnonzero(inside)
    grid = np.zeros(len(pieces), np.int64)
    grid[at] = labels[units]
    held = np.bincount(at, pinned[units]) > 0
    weight = np.bincount(at, model.move[units]) + 1e-9 * np.bincount(at)
    order = np.lexsort((np.arange(len(pieces)), -weight, ~held, grid))
    first = np.ones(len(order), bool)
    first[1:] = grid[order][1:] != grid[order][:-1]
    loose = np.ones(len(pieces), bool)
    loose[order[first]] = False
    loose &= ~held
    out = np.zeros(model.n, bool)
    out[units] = loose[at]
    return out


def _share_out(model: Model, labels: Ints, stray: Bools, stopped: Callable[[], bool]) -> Ints:
    """Stray units go, one by one, to the neighbouring open grid with the least load for its target."""
    out = labels.copy()
    waiting = stray.copy()
    load = model.loads(np.where(waiting, 0, labels))
    load[0] -= model.W[waiting].sum(axis=0)
    heap: list[tuple[float, int, int]] = []

    def offer(unit: int) -> None:
        for v in model.indices[model.indptr[unit] : model.indptr[unit + 1]]:
            g = int(out[v])
            if not waiting[v] and model.open_grids[g]:
                heapq.heappush(heap, (_fill(model, load, g), unit, g))

    for first in np.flatnonzero(waiting):
        offer(int(first))
    while heap and not stopped():
        fill, u, g = heapq.heappop(heap)
        if not waiting[u]:
            continue
        now = _fill(model, load, g)
        if now > fill:
            heapq.heappush(heap, (now, u, g))
            continue
        out[u], waiting[u] = g, False
        load[g] += model.W[u]
        for v in model.indices[model.indptr[u] : model.indptr[u + 1]]:
            if waiting[v]:
                offer(int(v))
    return out


def _fill(model: Model, load: Floats, grid: int) -> float:
    """Load of a grid as a multiple of its target, the fullest weight."""
    target = model.target[grid]
    return float(np.max(np.divide(load[grid], target, out=np.zeros(model.k), where=target > 0)))


def _join(model: Model, labels: Ints, pinned: Bools, stopped: Callable[[], bool]) -> bool:
    """Join the pieces of grids that are held apart by locked units, by the lightest path; whether any was."""
    joined = False
    pieces = model.pieces(labels)
    for g in np.flatnonzero((pieces > 1) & model.open_grids):
        if stopped():
            break
        piece = model.components(labels == g, labels)
        mine = np.flatnonzero(labels == g)
        path = _lightest_path(
            model, labels, pinned, mine[piece[mine] == piece[mine[0]]], mine[piece[mine] != piece[mine[0]]]
        )
        if path is not None:
            labels[path] = g
            pinned[path] = True
            pinned[mine] |= model.fixed[mine]
            joined = True
    return joined


def _lightest_path(
    model: Model, labels: Ints, pinned: Bools, one: Ints, others: Ints
) -> npt.NDArray[np.int64] | None:
    """Units strictly between two sets, with the least move weight, over units that may move."""
    cost = np.full(model.n, np.inf)
    before = np.full(model.n, -1)
    goal = np.zeros(model.n, bool)
    goal[others] = True
    cost[one] = 0
    heap: list[tuple[float, int]] = [(0.0, int(u)) for u in one]
    step = 1e-9 * float(model.move.sum())
    while heap:
        c, u = heapq.heappop(heap)
        if c > cost[u]:
            continue
        if goal[u]:
            path = []
            u = int(before[u])
            while before[u] >= 0:
                path.append(u)
                u = int(before[u])
            return np.array(path, np.int64)
        for v in model.indices[model.indptr[u] : model.indptr[u + 1]]:
            usable = goal[v] or (not pinned[v] and model.open_grids[labels[v]])
            new = c if goal[v] else c + float(model.move[v]) + step
            if usable and new < cost[v]:
                cost[v], before[v] = new, u
                heapq.heappush(heap, (new, int(v)))
    return None


def _seed(model: Model, labels: Ints, grid: int, rng: np.random.Generator) -> None:
    """Give an empty grid one unit, of a grid with much work around it."""
    size = np.bincount(labels, minlength=model.G)
    may = ~model.fixed & model.open_grids[labels] & (size[labels] > 1)
    may &= (model.unit_class == model.grid_class[grid]) & model.remain[labels]
    if not may.any():
        return
    load = model.loads(labels)
    fill = np.array([_fill(model, load, g) for g in range(model.G)])
    near = np.zeros(model.n)
    np.add.at(near, model.edges[:, 0], fill[labels[model.edges[:, 1]]])
    np.add.at(near, model.edges[:, 1], fill[labels[model.edges[:, 0]]])
    degree = np.maximum(1, np.diff(model.indptr))
    score = fill[labels] + near / degree + 0.3 * rng.random(model.n)
    mark, clock = np.zeros(model.n, np.int32), np.zeros(1, np.int64)
    queue = np.zeros(model.n + 1, np.int32)
    for u in np.argsort(-score, kind="stable"):
        if may[u] and stays_whole(u, labels, model.indptr, model.indices, mark, clock, queue, model.n + 1):
            labels[u] = grid
            return
