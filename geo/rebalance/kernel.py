# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""The compiled search: border moves by simulated annealing, each grid kept in one piece."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, inline="always")
def _next(rng):
    """SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every machine and thread."""
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    z = rng[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True, nogil=True)
def stays_whole(u, labels, indptr, indices, mark, clock, queue, limit):
    """Whether the grid of unit u stays in one piece without u.

    First the ring of u's neighbours in the grid; then a search through the grid that gives up
    (with False, so never wrongly True) after ``limit`` units. ``mark`` (n,) and ``clock`` (1,) are scratch.
    """
    g = labels[u]
    clock[0] += 2
    ring, seen = clock[0], clock[0] + 1
    left, first = 0, -1
    for i in range(indptr[u], indptr[u + 1]):
        v = indices[i]
        if labels[v] == g:
            mark[v] = ring
            left += 1
            first = v
    if left <= 1:
        return True
    mark[first] = seen
    mark[u] = seen
    queue[0] = first
    left -= 1
    head, tail = 0, 1
    while head < tail:  # along the ring only
        v = queue[head]
        head += 1
        for i in range(indptr[v], indptr[v + 1]):
            w = indices[i]
            if mark[w] == ring:
                mark[w] = seen
                queue[tail] = w
                tail += 1
                left -= 1
                if left == 0:
                    return True
    head = 0
    while head < tail and tail < limit:
        v = queue[head]
        head += 1
        for i in range(indptr[v], indptr[v + 1]):
            w = indices[i]
            if labels[w] == g and mark[w] != seen:
                if mark[w] == ring:
                    left -= 1
                    if left == 0:
                        return True
                mark[w] = seen
                queue[tail] = w
                tail += 1
    return False


@njit(cache=True, nogil=True, inline="always")
def _excess(load, target, tol):
    """How far a weight is beyond the aimed tolerance, as a share of its target."""
    if target <= 0.0:
        return 0.0
    off = abs(load / target - 1.0) - tol
    return off if off > 0.0 else 0.0


@njit(cache=True, nogil=True, inline="always")
def _off(load, low, high):
    """How far a weight is beyond its limits."""
    if load > high:
        return load - high
    if load < low:
        return low - load
    return 0.0


@njit(cache=True, nogil=True)
def list_borders(source, sink, labels, live, place):
    """List the borders between two grids in ``live``, and where each stands in ``place`` (-1: it does not).

    Returns how many there are.
    """
    count = 0
    for e in range(len(source)):
        place[e] = -1
        if labels[source[e]] != labels[sink[e]]:
            live[count] = e
            place[e] = count
            count += 1
    return count


@njit(cache=True, nogil=True, inline="always")
def _relist(e, between, live, place, count):
    """Put border e on the list or take it off; returns the length of the list."""
    if between and place[e] < 0:
        live[count] = e
        place[e] = count
        return count + 1
    if not between and place[e] >= 0:
        last = live[count - 1]
        live[place[e]] = last
        place[last] = place[e]
        place[e] = -1
        return count - 1
    return count


@njit(cache=True, nogil=True, inline="always")
def _more_cut(u, g, h, labels, indptr, indices, cut):
    """By how much the weight of cut borders grows when unit u goes from grid g to grid h."""
    more = 0.0
    for i in range(indptr[u], indptr[u + 1]):
        other = labels[indices[i]]
        if other == g:
            more += cut[i]
        elif other == h:
            more -= cut[i]
    return more


@njit(cache=True, nogil=True)
def anneal(
    proposals, temperature, penalty, mu, limit, budget, source, sink, first, back, live, place, count, labels,
    load, size, moved, home, move, W, low, high, weight, price, closed, indptr, indices, cut, mark, clock,
    queue, rng,
):  # fmt: skip
    """Propose border moves and take them by Metropolis' rule; returns the length of the list of borders.

    Borders ``source``/``sink`` are sorted by source: the unit at source may go to the grid of the unit at
    sink; those of unit u begin at ``first[u]``; ``back`` is the same border seen from the other side (-1: it
    may not be crossed that way). ``live[:count]`` lists those between two grids, from which is drawn;
    ``place`` is where each stands in it. Energy: moved weight + penalty * sum of (load beyond ``low`` or
    ``high``) * ``weight`` + sum of load * ``price`` (all (G, k)) + mu * weight of cut borders. ``budget`` is
    the most weight that may be moved. ``labels``, ``load``, ``size``, ``moved`` (moved weight, weight of cut
    borders), ``live`` and ``place`` are updated.
    """
    k = W.shape[1]
    for _ in range(proposals):
        if count == 0:
            break
        e = live[np.int64(((_next(rng) >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))]
        u = source[e]
        g, h = labels[u], labels[sink[e]]
        if closed[h] or size[g] == 1:
            continue
        cost = 0.0
        if h == home[u]:
            cost = -move[u]
        elif g == home[u]:
            cost = move[u]
            if moved[0] + cost > budget:
                continue
        shape = _more_cut(u, g, h, labels, indptr, indices, cut)
        delta = cost + mu * shape
        for j in range(k):
            w = W[u, j]
            lg, lh = load[g, j], load[h, j]
            delta += (price[h, j] - price[g, j]) * w + penalty * (
                weight[g, j] * (_off(lg - w, low[g, j], high[g, j]) - _off(lg, low[g, j], high[g, j]))
                + weight[h, j] * (_off(lh + w, low[h, j], high[h, j]) - _off(lh, low[h, j], high[h, j]))
            )
        if delta > 0.0:
            chance = np.float64(_next(rng) >> np.uint64(11)) * (1.0 / 9007199254740992.0)
            if temperature <= 0.0 or chance >= np.exp(-delta / temperature):
                continue
        if not stays_whole(u, labels, indptr, indices, mark, clock, queue, limit):
            continue
        labels[u] = h
        for i in range(first[u], first[u + 1]):
            between = labels[sink[i]] != h
            count = _relist(i, between, live, place, count)
            if back[i] >= 0:
                count = _relist(back[i], between, live, place, count)
        size[g] -= 1
        size[h] += 1
        moved[0] += cost
        moved[1] += shape
        for j in range(k):
            load[g, j] -= W[u, j]
            load[h, j] += W[u, j]
    return count
