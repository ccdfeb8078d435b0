# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""Compiled ways between grids: how much lies between a home and the others."""

import heapq

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def nearest_homes(home, weight, loose, members, first, indptr, indices, grids, most):
    """For each grid its nearest other homes and the least weight that lies between.

    ``home`` (n,) grid of each unit, -1 for units that no grid may pass; ``loose`` (n,) may move; the units
    of grid g are members[first[g]:first[g + 1]]. Returns homes (grids, most), nearest first, -1 where
    there are fewer, and the weights (grids, most): of units strictly between a unit of the grid and a loose
    one of the other home, all loose and of other homes (Dijkstra on node weights; inf where there is no way).
    """
    near = np.full((grids, most), -1, np.int64)
    way = np.full((grids, most), np.inf)
    before = np.full(len(home), np.inf)
    seen = np.full(len(home), -1, np.int64)
    done = np.full(grids, -1, np.int64)
    for g in range(grids):
        heap = [(0.0, np.int64(-1))]
        heap.pop()
        count = 0
        done[g] = g
        for at in range(first[g], first[g + 1]):
            u = members[at]
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                if home[v] >= 0 and home[v] != g and loose[v] and seen[v] != g:
                    seen[v] = g
                    before[v] = 0.0
                    heapq.heappush(heap, (0.0, np.int64(v)))
        while len(heap) > 0 and count < most:
            cost, u = heapq.heappop(heap)
            if cost > before[u]:
                continue
            h = home[u]
            if done[h] != g:
                done[h] = g
                near[g, count] = h
                way[g, count] = cost
                count += 1
            beyond = cost + weight[u]
            for e in range(indptr[u], indptr[u + 1]):
                v = indices[e]
                if home[v] < 0 or home[v] == g or not loose[v]:
                    continue
                if seen[v] != g or beyond < before[v]:
                    seen[v] = g
                    before[v] = beyond
                    heapq.heappush(heap, (beyond, np.int64(v)))
    return near, way
