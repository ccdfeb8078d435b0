# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""The compiled search from scratch: few cut borders, each grid whole and within its limits."""

import numpy as np
from numba import njit

from geo.rebalance.kernel import _more_cut, _next, _relist, stays_whole
from geo.rebalance.trees import _grow_tree, _uniform

STAIR = 1_000
"""Proposals at one temperature."""
EXACT = 1e-10
"""Share of a target that is rounding."""


@njit(cache=True, nogil=True, inline="always")
def _over(load, target, tol):
    """How far a weight is beyond its tolerance, as a share of its target."""
    off = abs(load - target) - tol * target
    return off / target if off > EXACT * target else 0.0


@njit(cache=True, nogil=True)
def shorten(
    proposals, hot, cold, loose, firm, limit, labels, load, size, value, W, target, tol, price, indptr,
    indices, source, back, cut, border, place, count, best, best_value, mark, clock, queue, rng,
):  # fmt: skip
    """Anneal from temperature ``hot`` to ``cold`` with a penalty from ``loose`` to ``firm``.

    A cut border is drawn, and its unit may join the grid across. Energy: cut borders + penalty * excess,
    kept in ``value`` (2,). ``border`` lists the cut slots in its first ``count[0]`` places and ``place``
    tells where a slot is in it (-1: not cut), so that no proposal is spent inside a grid. The best plan
    without excess is kept in ``best`` (n,) and ``best_value`` (1,). ``limit`` is that of stays_whole.
    """
    k = W.shape[1]
    stairs = max(1, proposals // STAIR)
    cooler, firmer = (cold / hot) ** (1.0 / stairs), (firm / loose) ** (1.0 / stairs)
    temperature, penalty = hot, loose
    for step in range(proposals):
        if step % STAIR == STAIR - 1:
            temperature *= cooler
            penalty *= firmer
        if count[0] == 0:
            return
        e = border[np.int64(((_next(rng) >> np.uint64(32)) * np.uint64(count[0])) >> np.uint64(32))]
        u = source[e]
        g, h = labels[u], labels[indices[e]]
        if size[g] == 1:
            continue
        shape = _more_cut(u, g, h, labels, indptr, indices, cut)
        off = 0.0
        for j in range(k):
            w, tg, th = W[u, j], target[g, j], target[h, j]
            off += price[j] * (
                _over(load[g, j] - w, tg, tol[j]) - _over(load[g, j], tg, tol[j])
                + _over(load[h, j] + w, th, tol[j]) - _over(load[h, j], th, tol[j])
            )  # fmt: skip
        delta = shape + penalty * off
        if delta > 0.0 and _uniform(rng) >= np.exp(-delta / temperature):
            continue
        if not stays_whole(u, labels, indptr, indices, mark, clock, queue, limit):
            continue
        labels[u] = h
        size[g] -= 1
        size[h] += 1
        value[0] += shape
        value[1] += off
        for j in range(k):
            load[g, j] -= W[u, j]
            load[h, j] += W[u, j]
        for i in range(indptr[u], indptr[u + 1]):
            between = labels[indices[i]] != h
            count[0] = _relist(i, between, border, place, count[0])
            count[0] = _relist(back[i], between, border, place, count[0])
        if value[1] < 1e-7 and value[0] < best_value[0] - 1e-7:
            best_value[0] = value[0]
            best[:] = labels


@njit(cache=True, nogil=True)
def part_anew(
    labels, load, size, W, target, tol, price, indptr, indices, source, border, count, mark, clock, order,
    parent, front, via, below, rng,
):  # fmt: skip
    """Join two neighbouring grids and part them again along a random spanning tree, as even as it can be.

    Recombination (DeFord, Duchin and Solomon 2021) as a kick out of a local optimum. ``order``, ``parent``,
    ``front``, ``via`` and ``below`` (n, k) are scratch. ``border`` is not kept up to date.
    """
    k = W.shape[1]
    if count[0] == 0:
        return
    e = border[np.int64(_next(rng) % np.uint64(count[0]))]
    a, b = labels[source[e]], labels[indices[e]]
    clock[0] += 2
    total = _grow_tree(
        source[e], a, b, 0.9 * _uniform(rng), labels, indptr, indices, mark, clock[0], order, parent, front,
        via,
        rng,
    )  # fmt: skip
    if total != size[a] + size[b]:
        return
    for i in range(total):
        below[i] = W[order[i]]
    for i in range(total - 1, 0, -1):
        below[parent[i]] += below[i]
    best, least, flip = 0, np.inf, False
    for i in range(1, total):
        for swap in range(2):
            g, h = (b, a) if swap else (a, b)
            off = 1e-9 * _uniform(rng)
            for j in range(k):
                off += price[j] * _over(below[i, j], target[g, j], tol[j])
                off += price[j] * _over(below[0, j] - below[i, j], target[h, j], tol[j])
            if off < least:
                best, least, flip = i, off, swap == 1
    if best == 0:
        return
    g, h = (b, a) if flip else (a, b)
    size[g], size[h] = 0, 0
    load[g], load[h] = 0.0, 0.0
    for i in range(total):  # from here on, front tells whether a place is in the branch
        front[i] = 1 if i == best or (i > 0 and front[parent[i]] == 1) else 0
        to = g if front[i] == 1 else h
        labels[order[i]] = to
        size[to] += 1
        for j in range(k):
            load[to, j] += W[order[i], j]
