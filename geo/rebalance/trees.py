# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""Compiled recombination: two grids are joined and parted again along a random spanning tree."""

import numpy as np
from numba import njit

from geo.rebalance.kernel import _excess, _next


@njit(cache=True, nogil=True, inline="always")
def _uniform(rng):
    return np.float64(_next(rng) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True, nogil=True, inline="always")
def _off(load, target, tol):
    total = 0.0
    for j in range(len(load)):
        total += _excess(load[j], target[j], tol[j])
    return total


@njit(cache=True, nogil=True)
def _grow_tree(root, a, b, straight, labels, indptr, indices, mark, stamp, order, parent, front, via, rng):
    """A random spanning tree of grids a and b; ``order`` and ``parent`` (places in order), root first.

    The more often the newest branch grows on (``straight``), the longer the branches.
    """
    front[0], via[0] = root, -1
    tail, count = 1, 0
    while tail > 0:
        pick = np.int64(tail - 1)
        if _uniform(rng) >= straight:
            pick = np.int64(_next(rng) % np.uint64(tail))
        u, p = front[pick], via[pick]
        tail -= 1
        front[pick], via[pick] = front[tail], via[tail]
        if mark[u] == stamp:
            continue
        mark[u] = stamp
        order[count], parent[count] = u, p
        first = tail
        for i in range(indptr[u], indptr[u + 1]):
            v = indices[i]
            if mark[v] != stamp and (labels[v] == a or labels[v] == b):
                front[tail], via[tail] = v, count
                tail += 1
        if tail > first + 1:  # a random neighbour is the newest
            other = first + np.int64(_next(rng) % np.uint64(tail - first))
            front[other], front[tail - 1] = front[tail - 1], front[other]
        count += 1
    return count


@njit(cache=True, nogil=True)
def recombine(
    work, temperature, penalty, budget, source, sink, labels, load, size, moved, home, move, W, target, tol,
    scale, fixed, indptr, indices, mark, clock, order, parent, front, via, below, kept, rng,
):  # fmt: skip
    """Rejoin and part pairs of neighbouring grids, until ``work`` units were visited.

    The cut is drawn by Boltzmann's rule on moved weight + penalty * excess * scale, and taken by
    Metropolis'. Every second pair has a grid that is beyond its limits, if a few draws find one. A grid
    keeps a unit of its own where it can, so that all it gets borders it. ``below`` (n, k) and ``kept``
    (n, 7) are scratch: per branch of the tree its weights, and units, locked units of a and b, move weight
    that is at home in a and b, and units likewise. Returns the number of parted pairs.
    """
    k = W.shape[1]
    taken = 0
    m = np.uint64(len(source))
    picky = False
    while work > 0:
        work -= 10
        picky = not picky
        a, b, root = -1, -1, -1
        for _ in range(200 if picky else 30):
            e = np.int64(_next(rng) % m)
            g, h = labels[source[e]], labels[sink[e]]
            if g != h:
                a, b, root = g, h, source[e]
                if not picky or _off(load[a], target[a], tol) + _off(load[b], target[b], tol) > 0.0:
                    break
        if root < 0:
            continue
        clock[0] += 2  # stays_whole leaves marks of two numbers
        straight = 0.9 * _uniform(rng)
        count = _grow_tree(root, a, b, straight, labels, indptr, indices, mark, clock[0], order, parent,
                           front, via, rng)  # fmt: skip
        work -= count
        if count != size[a] + size[b]:
            continue
        for i in range(count):
            u = order[i]
            for j in range(k):
                below[i, j] = W[u, j]
            kept[i, 0] = 1.0
            kept[i, 1] = 1.0 if fixed[u] and labels[u] == a else 0.0
            kept[i, 2] = 1.0 if fixed[u] and labels[u] == b else 0.0
            kept[i, 3] = move[u] if home[u] == a else 0.0
            kept[i, 4] = move[u] if home[u] == b else 0.0
            kept[i, 5] = 1.0 if home[u] == a else 0.0
            kept[i, 6] = 1.0 if home[u] == b else 0.0
        stays = 0.0
        for i in range(count):
            if labels[order[i]] == a:
                stays += kept[i, 3]
            else:
                stays += kept[i, 4]
        for i in range(count - 1, 0, -1):
            p = parent[i]
            for j in range(k):
                below[p, j] += below[i, j]
            for j in range(7):
                kept[p, j] += kept[i, j]
        best, best_energy, best_noisy, flip = -1, 0.0, np.inf, False
        for i in range(1, count):
            for swap in range(2):
                g = b if swap else a  # the branch goes to g, the rest to h
                h = a if swap else b
                own, other = (2, 1) if swap else (1, 2)
                if kept[i, other] > 0.0 or kept[0, own] > kept[i, own]:
                    continue
                if kept[0, own + 4] > 0.0 and kept[i, own + 4] == 0.0:
                    continue
                if kept[0, other + 4] > 0.0 and kept[0, other + 4] == kept[i, other + 4]:
                    continue
                off = 0.0
                for j in range(k):
                    off += scale[g] * _excess(below[i, j], target[g, j], tol[j])
                    off += scale[h] * _excess(below[0, j] - below[i, j], target[h, j], tol[j])
                home_here = kept[i, own + 2] + kept[0, other + 2] - kept[i, other + 2]
                energy = penalty * off + stays - home_here
                if moved[0] + stays - home_here > budget:
                    continue
                noisy = energy
                if temperature > 0.0:
                    noisy += temperature * np.log(-np.log(_uniform(rng) + 1e-300) + 1e-300)
                if noisy < best_noisy:
                    best, best_energy, best_noisy, flip = i, energy, noisy, swap == 1
        if best < 0:
            continue
        now = 0.0
        for j in range(k):
            now += scale[a] * _excess(load[a, j], target[a, j], tol[j])
            now += scale[b] * _excess(load[b, j], target[b, j], tol[j])
        delta = best_energy - penalty * now
        if delta > 0.0 and (temperature <= 0.0 or _uniform(rng) >= np.exp(-delta / temperature)):
            continue
        g = b if flip else a
        h = a if flip else b
        gone = 0.0
        size[g], size[h] = 0, 0
        load[g], load[h] = 0.0, 0.0
        kept[0, 0] = 0.0  # from here on: 1 in the branch
        for i in range(count):
            if i == best:
                kept[i, 0] = 1.0
            elif i > 0:
                kept[i, 0] = kept[parent[i], 0]
            u = order[i]
            to = g if kept[i, 0] == 1.0 else h
            if home[u] >= 0:
                gone += (move[u] if home[u] != to else 0.0) - (move[u] if home[u] != labels[u] else 0.0)
            labels[u] = to
            size[to] += 1
            for j in range(k):
                load[to, j] += W[u, j]
        moved[0] += gone
        taken += 1
    return taken
