"""Grids from scratch: a first plan of connected grids, nearly even, by bisection along distances."""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from geo.rebalance.model import Model
from geo.rebalance.problem import Floats, Ints, share_grids


def first_plan(model: Model, rng: np.random.Generator, stopped: Callable[[], bool] = lambda: False) -> Ints:
    """Labels (n,) with connected grids of about even weight in each class.

    Regions of a class that do not touch share its grids by weight; where there are more regions than
    grids, the lightest regions join the last grid, which is then in pieces. Recursive bisection: units
    are ordered by their distance from one end less that from the other, and cut at the right weight.
    When stopped, the rest is cut along one spanning tree each, which is quick and less even.
    """
    labels = np.full(model.n, -1, np.int64)
    weight = _even_weight(model)
    size = np.diff(model.indptr)
    source = np.repeat(np.arange(model.n), size)
    for c in np.unique(model.unit_class):
        grids = np.flatnonzero((model.grid_class == c) & model.open_grids)
        units = np.flatnonzero(model.unit_class == c)
        region = model.components(model.unit_class == c)[units]
        at = np.unique(region, return_inverse=True)[1]
        load = np.bincount(at, weight[units])
        order = np.argsort(-load, kind="stable")
        used = order[: len(grids)]
        count = share_grids(load[used], np.bincount(at)[used], len(grids))
        first = 0
        span = csr_matrix((0.5 + rng.random(len(source)), (source, model.indices)), shape=(model.n, model.n))
        for r, k in zip(used, count, strict=True):
            mine = units[at == r]
            labels[mine] = grids[first + _bisect(span[mine][:, mine], weight[mine], int(k), rng, stopped)]
            first += int(k)
        labels[units[~np.isin(at, used)]] = grids[-1]
    return labels


def _even_weight(model: Model) -> Floats:
    """One weight per unit: the sum of its balanced weights, each as a share of its total."""
    balanced = np.isfinite(model.tol)
    weights = model.W[:, balanced] if balanced.any() else np.ones((model.n, 1))
    total: Floats = (weights / np.maximum(weights.sum(axis=0), 1e-300)).sum(axis=1) + 1e-12
    return total


def _bisect(
    graph: csr_matrix, weight: Floats, k: int, rng: np.random.Generator, stopped: Callable[[], bool]
) -> Ints:
    """Labels 0..k-1 of the nodes of a connected graph, every label in use."""
    n = graph.shape[0]
    label = np.zeros(n, np.int64)
    stack = [(np.arange(n), k, 0)]
    while stack:
        nodes, k, first = stack.pop()
        if k == 1:
            label[nodes] = first
            continue
        half = _halves(graph[nodes][:, nodes], weight[nodes], k // 2, k, rng, stopped)
        one = int(np.clip(k // 2, k - (~half).sum(), half.sum()))  # no side has more grids than units
        stack += [(nodes[half], one, first), (nodes[~half], k - one, first + one)]
    return label


def _halves(
    graph: csr_matrix, weight: Floats, one: int, k: int, rng: np.random.Generator, stopped: Callable[[], bool]
) -> np.ndarray:
    """A connected side with about ``one`` of ``k`` shares, the other whole too, each with enough nodes."""
    n = len(weight)
    best, best_off = None, np.inf
    for _ in range(6):
        if stopped():
            break
        start = int(np.argmax(_distances(graph, int(rng.integers(n)))))
        there = _distances(graph, start)
        order = np.argsort(there - _distances(graph, int(np.argmax(there))), kind="stable")
        cut = int(np.searchsorted(np.cumsum(weight[order]), weight.sum() * one / k)) + 1
        half = np.zeros(n, bool)
        half[order[: int(np.clip(cut, one, n - (k - one)))]] = True
        for side in (True, False):
            at = np.flatnonzero(half == side)
            piece = connected_components(graph[at][:, at], directed=False)[1]
            half[at[piece != np.bincount(piece, weight[at]).argmax()]] = not side
        if half.sum() < one or n - half.sum() < k - one:
            continue
        off = abs(weight[half].sum() / weight.sum() * k - one)
        if off < best_off:
            best, best_off = half, off
        if off < 0.05:
            break
    return _by_tree(graph, one, k) if best is None else best


def _distances(graph: csr_matrix, node: int) -> Floats:
    return np.asarray(dijkstra(graph, directed=False, indices=node), np.float64)  # type: ignore[call-overload]


def _by_tree(graph: csr_matrix, one: int, k: int) -> np.ndarray:
    """Where weights leave too few nodes: the subtree of a spanning tree that splits the nodes best."""
    from scipy.sparse.csgraph import breadth_first_order

    order, parent = breadth_first_order(graph, 0, directed=False)
    n = len(order)
    below = np.ones(n, np.int64)
    for v in order[:0:-1]:
        below[parent[v]] += below[v]
    short = np.maximum(one - below, 0) + np.maximum(k - one - (n - below), 0)
    swapped = np.maximum(k - one - below, 0) + np.maximum(one - (n - below), 0)
    flip = swapped.min() < short.min()
    root = int(np.argmin(swapped if flip else short))
    half = np.zeros(n, bool)
    half[root] = True
    for v in order[1:]:
        half[v] |= half[parent[v]] if v != root else True
    return ~half if flip else half
