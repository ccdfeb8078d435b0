# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""Compiled ordering of moves: one unit at a time, each grid whole and no grid worse than allowed."""

import numpy as np
from numba import njit

from geo.rebalance.kernel import stays_whole

ROUNDING = 1e-9


@njit(cache=True, nogil=True)
def grid_violation(load, target, tol):
    """Largest deviation / tolerance of one grid; inf where tolerance is 0 and not met."""
    worst = 0.0
    for j in range(len(load)):
        if target[j] <= 0.0:
            continue
        off = abs(load[j] / target[j] - 1.0)
        if off <= ROUNDING:
            continue
        worst = max(worst, off / tol[j] if tol[j] > 0.0 else np.inf)
    return worst


@njit(cache=True, nogil=True)
def reachable(u, to, labels, size, remain, indptr, indices, mark, clock, queue):
    """Whether unit u can go to grid ``to`` now and leave all grids in one piece."""
    g = labels[u]
    if size[g] == 1 and remain[g]:
        return False
    if size[to] > 0:
        beside = False
        for i in range(indptr[u], indptr[u + 1]):
            if labels[indices[i]] == to:
                beside = True
                break
        if not beside:
            return False
    return stays_whole(u, labels, indptr, indices, mark, clock, queue, len(labels) + 1)


@njit(cache=True, nogil=True)
def shift(u, to, labels, size, load, W):
    """Move unit u to grid ``to``."""
    g = labels[u]
    labels[u] = to
    size[g] -= 1
    size[to] += 1
    for j in range(W.shape[1]):
        load[g, j] -= W[u, j]
        load[to, j] += W[u, j]


@njit(cache=True, nogil=True)
def _worst(a, b, load, target, tol):
    return max(grid_violation(load[a], target[a], tol), grid_violation(load[b], target[b], tol))


@njit(cache=True, nogil=True)
def _try(u, final, labels, size, load, W, target, tol, remain, ceiling, easing,
         indptr, indices, mark, clock, queue):  # fmt: skip
    """Move unit u to its final grid if all rules hold; easing: only if neither grid gets worse."""
    a, b = labels[u], final[u]
    if not reachable(u, b, labels, size, remain, indptr, indices, mark, clock, queue):
        return False
    before = _worst(a, b, load, target, tol)
    shift(u, b, labels, size, load, W)
    after = _worst(a, b, load, target, tol)
    if after <= before or (not easing and after <= ceiling):
        return True
    shift(u, a, labels, size, load, W)
    return False


@njit(cache=True, nogil=True)
def single_moves(order, final, labels, size, load, move, W, target, tol, remain, ceiling, cap, easing, once,
                 indptr, indices, mark, clock, queue, pending, step_of, first_step):  # fmt: skip
    """Carry out what can be done in transfers; returns the number of steps so far.

    Each step moves units of one pair of grids, one piece, of at most ``cap`` weight (or one unit). Steps
    are numbered in ``step_of`` from ``first_step``; ``pending`` says what is still to move. ``once`` ends
    after the first step.
    """
    step = first_step
    front = np.empty(len(labels) + 1, np.int64)
    waits = np.zeros(len(labels), np.bool_)
    for position in range(len(order)):
        u = order[position]
        if not pending[u]:
            continue
        a, b = labels[u], final[u]
        if not _try(u, final, labels, size, load, W, target, tol, remain, ceiling, easing,
                    indptr, indices, mark, clock, queue):  # fmt: skip
            continue
        pending[u] = False
        step_of[u] = step
        weight = move[u]
        tail = 0
        for i in range(indptr[u], indptr[u + 1]):
            v = indices[i]
            if pending[v] and labels[v] == a and final[v] == b and not waits[v]:
                waits[v] = True
                front[tail] = v
                tail += 1
        more = True
        while more:
            more = False
            kept = 0
            now = tail
            for i in range(now):
                v = front[i]
                fits = weight + move[v] <= cap
                if fits and _try(v, final, labels, size, load, W, target, tol, remain, ceiling, easing,
                                 indptr, indices, mark, clock, queue):  # fmt: skip
                    pending[v] = False
                    step_of[v] = step
                    weight += move[v]
                    more = True
                    waits[v] = False
                    for e in range(indptr[v], indptr[v + 1]):
                        w = indices[e]
                        if pending[w] and labels[w] == a and final[w] == b and not waits[w]:
                            waits[w] = True
                            front[tail] = w
                            tail += 1
                else:
                    front[kept] = v
                    kept += 1
            for i in range(now, tail):
                front[kept] = front[i]
                kept += 1
            tail = kept
        for i in range(tail):
            waits[front[i]] = False
        step += 1
        if once:
            return step
    return step


@njit(cache=True, nogil=True)
def small_exchange(seeds, units, final, labels, size, load, W, target, tol, remain, ceiling, longest,
                   indptr, indices, mark, clock, queue):  # fmt: skip
    """The shortest sequence found of moves that only together keep below the ceiling; empty if none.

    From each seed, the move that leaves the least violation is added until all grids touched are below
    the ceiling. Grids stay whole after every move. Nothing is changed.
    """
    best = np.empty(0, np.int64)
    limit = longest
    chain = np.empty(longest + 1, np.int64)
    home = np.empty(longest + 1, np.int64)
    for s in range(len(seeds)):
        u = seeds[s]
        if not reachable(u, final[u], labels, size, remain, indptr, indices, mark, clock, queue):
            continue
        length = 0
        candidate = u
        while candidate >= 0:
            chain[length], home[length] = candidate, labels[candidate]
            shift(candidate, final[candidate], labels, size, load, W)
            length += 1
            worst = 0.0
            for i in range(length):
                worst = max(worst, _worst(home[i], final[chain[i]], load, target, tol))
            if worst <= ceiling:
                if length >= 1 and length < limit + 1:
                    best = chain[:length].copy()
                    limit = length - 1
                break
            if length >= limit:
                break
            candidate = -1
            least = np.inf
            for i in range(len(units)):
                v = units[i]
                if labels[v] == final[v]:
                    continue
                a, b = labels[v], final[v]
                touched = False
                for c in range(length):
                    if a == home[c] or b == home[c] or a == final[chain[c]] or b == final[chain[c]]:
                        touched = True
                        break
                if not touched:
                    continue
                if not reachable(v, b, labels, size, remain, indptr, indices, mark, clock, queue):
                    continue
                shift(v, b, labels, size, load, W)
                total = grid_violation(load[a], target[a], tol) + grid_violation(load[b], target[b], tol)
                for c in range(length):
                    total += _worst(home[c], final[chain[c]], load, target, tol)
                shift(v, a, labels, size, load, W)
                if total < least or candidate < 0:
                    least, candidate = total, v
        for i in range(length - 1, -1, -1):
            shift(chain[i], home[i], labels, size, load, W)
        if limit < 1:
            break
    return best
