# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""Compiled ordering of moves: transfer by transfer, each grid whole and no grid worse than allowed."""

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
def urgency(source, source_target, sink, sink_target, tol):
    """How far the source is above or the sink below its targets, whichever is more, in tolerances."""
    most = -np.inf
    for j in range(len(source)):
        if not np.isfinite(tol[j]):
            continue
        over = source[j] / source_target[j] - 1.0 if source_target[j] > 0.0 else 1.0
        under = 1.0 - sink[j] / sink_target[j] if sink_target[j] > 0.0 else -1.0
        most = max(most, max(over, under) / max(tol[j], ROUNDING))
    return most


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
def _held(u, labels, size, indptr, indices):
    """Whether unit u has a neighbour in its own grid, or is all of it."""
    held = size[labels[u]] == 1
    for i in range(indptr[u], indptr[u + 1]):
        held = held or labels[indices[i]] == labels[u]
    return held


@njit(cache=True, nogil=True)
def _try(u, final, labels, size, load, W, target, tol, remain, ceiling, easing, back,
         indptr, indices, mark, clock, queue):  # fmt: skip
    """Move unit u to its final grid if all rules hold; easing: only if neither grid gets worse."""
    a, b = labels[u], final[u]
    if back and not _held(u, labels, size, indptr, indices):
        return False
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
def transfers(most, units, first, final, labels, size, load, move, W, target, tol, remain, ceiling, cap, back,
              indptr, indices, mark, clock, queue, pending, step_of):  # fmt: skip
    """Carry out up to ``most`` transfers; returns how many were possible.

    ``units`` still to move are grouped by source and sink: group i is ``units[first[i]:first[i + 1]]``. The
    most urgent group goes first, with moves that make neither grid worse; only where there are none, with
    moves that keep below the ceiling. Each transfer is one piece of at most ``cap`` weight (or one unit),
    numbered from 0 in ``step_of``; ``pending`` says what is still to move. ``back``: the moves are undone
    from the end, so that a unit must also border what it leaves.
    """
    groups = len(first) - 1
    source = np.empty(groups, np.int64)
    sink = np.empty(groups, np.int64)
    left = np.zeros(groups, np.int64)
    need = np.empty(groups, np.float64)
    for i in range(groups):
        u = units[first[i]]
        source[i], sink[i], left[i] = labels[u], final[u], first[i + 1] - first[i]
    front = np.empty(len(labels) + 1, np.int64)
    waits = np.zeros(len(labels), np.bool_)
    step = 0
    while step < most:
        for i in range(groups):
            a, b = source[i], sink[i]
            need[i] = -urgency(load[a], target[a], load[b], target[b], tol) if left[i] > 0 else np.inf
        order = np.argsort(need, kind="mergesort")
        moved = 0
        for ease in range(2):
            easing = ease == 0
            for position in range(groups):
                i = order[position]
                if left[i] == 0:
                    break
                for at in range(first[i], first[i + 1]):
                    u = units[at]
                    if pending[u] and _try(
                        u, final, labels, size, load, W, target, tol, remain, ceiling, easing, back,
                        indptr, indices, mark, clock, queue,
                    ):  # fmt: skip
                        moved = _grow(
                            u, source[i], step, cap, easing, final, labels, size, load, move, W, target, tol,
                            remain, ceiling, back, indptr, indices, mark, clock, queue, pending, step_of,
                            front, waits,
                        )  # fmt: skip
                        left[i] -= moved
                        break
                if moved:
                    break
            if moved:
                break
        if moved == 0:
            break
        step += 1
    return step


@njit(cache=True, nogil=True)
def _grow(u, a, step, cap, easing, final, labels, size, load, move, W, target, tol, remain, ceiling, back,
          indptr, indices, mark, clock, queue, pending, step_of, front, waits):  # fmt: skip
    """Units beside the moved unit u that can follow it in the same transfer; returns how many went."""
    b = final[u]
    pending[u] = False
    step_of[u] = step
    weight = move[u]
    moved = 1
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
            if weight + move[v] <= cap and _try(
                v, final, labels, size, load, W, target, tol, remain, ceiling, easing, back,
                indptr, indices, mark, clock, queue,
            ):  # fmt: skip
                pending[v] = False
                step_of[v] = step
                weight += move[v]
                moved += 1
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
    return moved


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
