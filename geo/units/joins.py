"""Joining faces to units: pieces of buildings, crumbs and empty land go to a neighbour in the same grid."""

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geo.units.model import Bools, Floats, Ints, Options


@dataclass(frozen=True)
class Merged:
    """Groups of faces: area and perimeter (n,), a face of each, and which pieces of border (``rows``) still
    divide which two groups (``pairs``).
    """

    area: Floats
    perimeter: Floats
    first: NDArray[np.int64]
    pairs: Ints
    rows: NDArray[np.int64]


def light_blocks(links: Ints, load: Floats, land: Floats, alone: Bools, most: float) -> Ints:
    """The group of each of n faces: faces that nothing but paths divide are one where they have little.

    ``links`` (m, 2): faces side by side with only a path between them. ``load`` (n, k) and ``land`` (n,):
    shares of a grid's target and of its area; a block with more than ``most`` of any stays in its faces, and
    so do the faces flagged ``alone``.
    """
    n = len(land)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(n, n))
    count, block = connected_components(graph, directed=False)
    shares = [total(block, column, count) for column in (*load.T, land)]
    light = (np.max(shares, axis=0) <= most)[block] & ~alone
    key = np.where(light, block, count + np.arange(n))
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    order = np.empty(len(first), np.int32)
    order[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
    return order[inverse.reshape(-1)]


def total(at: NDArray[Any], amount: Floats, n: int) -> Floats:
    """Of each of n places the sum of the amounts ``at`` it."""
    return np.bincount(at, amount, n).astype(np.float64)


def merged(group: Ints, area: Floats, perimeter: Floats, pairs: Ints, length: Floats) -> Merged:
    """Groups (numbered from 0) of faces with ``area`` and ``perimeter`` (n,), and the common pieces of border
    of faces: ``pairs`` (s, 2), ``length`` (s,).
    """
    count = int(group.max(initial=-1)) + 1
    both = group[pairs].reshape(-1, 2)
    inner = both[:, 0] == both[:, 1]
    around = total(group, perimeter, count) - 2 * total(both[inner, 0], length[inner], count)
    first = np.unique(group, return_index=True)[1]
    rows = np.flatnonzero(~inner)
    return Merged(total(group, area, count), around, first, both[rows], rows)


class Joiner:
    """Groups of faces with their area, perimeter, load and borders, kept while groups are joined.

    Only groups of one grid are ever joined. ``faces`` are numbered 0..n-1; ``pairs`` (s, 2) with ``length``
    (s,) and ``barrier`` (s,) are their common pieces of border within a grid, metres.
    """

    def __init__(
        self, area: Floats, perimeter: Floats, load: Floats, pairs: Ints, length: Floats, barrier: Bools
    ) -> None:
        n = len(area)
        self.parent = list(range(n))
        self.area = area.tolist()
        self.perimeter = perimeter.tolist()
        self.load = load.tolist()
        # per neighbour: common border that may be crossed, and common border on a barrier
        self.borders: list[dict[int, list[float]]] = [{} for _ in range(n)]
        for a, b, metres, shut in zip(
            pairs[:, 0].tolist(), pairs[:, 1].tolist(), length.tolist(), barrier.tolist(), strict=True
        ):
            entry = self.borders[a].get(b)
            if entry is None:
                entry = self.borders[a][b] = self.borders[b][a] = [0.0, 0.0]
            entry[shut] += metres

    def find(self, face: int) -> int:
        """The group of a face."""
        root = face
        while self.parent[root] != root:
            root = self.parent[root]
        while self.parent[face] != root:
            self.parent[face], face = root, self.parent[face]
        return root

    def join(self, a: int, b: int) -> int:
        """Makes two neighbouring groups one; the number that it has now."""
        if len(self.borders[a]) < len(self.borders[b]):
            a, b = b, a
        common = sum(self.borders[a].pop(b, (0.0, 0.0)))
        self.borders[b].pop(a, None)
        for other, entry in self.borders[b].items():
            mine = self.borders[a].get(other)
            if mine is None:
                self.borders[a][other] = entry
                self.borders[other][a] = entry
            else:
                mine[0] += entry[0]
                mine[1] += entry[1]
            del self.borders[other][b]
        self.borders[b] = {}
        self.parent[b] = a
        self.area[a] += self.area[b]
        self.perimeter[a] += self.perimeter[b] - 2 * common
        self.load[a] += self.load[b]
        return a

    def nearest(self, group: int, allowed: Iterable[int] | None = None, *, over_barriers: bool) -> int | None:
        """The neighbour with the longest common border (of equals the lowest number); barriers only if need
        be.
        """
        best, best_key = None, (0.0, 0.0, 0)
        for other in self.borders[group] if allowed is None else allowed:
            free, shut = self.borders[group][other]
            if free == 0 and not over_barriers:
                continue
            key = (free, shut, -other)
            if best is None or key > best_key:
                best, best_key = other, key
        return best

    def labels(self) -> Ints:
        """The unit of each face, numbered 0..u-1 in the order of their first faces."""
        roots = np.array([self.find(face) for face in range(len(self.parent))], np.int64)
        _, first, inverse = np.unique(roots, return_index=True, return_inverse=True)
        order = np.empty(len(first), np.int32)
        order[np.argsort(first, kind="stable")] = np.arange(len(first), dtype=np.int32)
        return order[inverse.reshape(-1)]


def join_footprints(joiner: Joiner, footprint: Ints) -> None:
    """Pieces of one footprint become one, then join the land that they border most.

    ``footprint`` (n,): the number of the cut footprint that a face is a piece of, -1 for land.
    """
    bare: dict[int, int] = {}
    for face in np.flatnonzero(footprint >= 0).tolist():
        group = joiner.find(face)
        for other in sorted(joiner.borders[group]):
            if other in joiner.borders[group] and bare.get(other) == footprint[face]:
                bare.pop(group, None)
                bare.pop(other)
                group = joiner.join(group, other)
        bare[group] = int(footprint[face])
    # a piece between other pieces reaches land through them
    queue = sorted(bare)
    while queue:
        left = []
        for group in queue:
            if joiner.find(group) != group or group not in bare:
                continue
            land = [other for other in joiner.borders[group] if other not in bare]
            target = joiner.nearest(group, land, over_barriers=True)
            if target is None:
                left.append(group)
            else:
                del bare[group]
                joiner.join(group, target)
        if len(left) == len(queue):
            return
        queue = left


def join_small(joiner: Joiner, options: Options) -> None:
    """Crumbs (too little area, or too thin) join the neighbour with the longest common border."""

    def small(group: int) -> bool:
        area, perimeter = joiner.area[group], joiner.perimeter[group]
        return bool(area < options.small_m2 or 2 * area < options.thin_m * perimeter)

    heap = [(joiner.area[g], g) for g in range(len(joiner.parent)) if joiner.find(g) == g and small(g)]
    heapq.heapify(heap)
    while heap:
        area, group = heapq.heappop(heap)
        if joiner.find(group) != group or area != joiner.area[group] or not small(group):
            continue
        target = joiner.nearest(group, over_barriers=True)
        if target is not None:
            group = joiner.join(group, target)
            if small(group):
                heapq.heappush(heap, (joiner.area[group], group))


def join_empty(joiner: Joiner, options: Options, most: list[float]) -> None:
    """Land without load joins the unit it borders most, smallest first, never over a barrier.

    Where that would lower the unit's Polsby-Popper compactness by more than ``options.shape_loss``
    (relative), or make it larger than ``most`` (m2, one for each face) by land that is not small beside it,
    it stays a unit of its own: it may still go with any of its neighbours in a redraw.
    """

    def compactness(area: float, perimeter: float) -> float:
        return 4 * math.pi * area / (perimeter * perimeter) if perimeter > 0 else 0.0

    heap = [
        (joiner.area[g], g) for g in range(len(joiner.parent)) if joiner.find(g) == g and joiner.load[g] == 0
    ]
    heapq.heapify(heap)
    while heap:
        area, group = heapq.heappop(heap)
        if joiner.find(group) != group or area != joiner.area[group] or joiner.load[group] > 0:
            continue
        target = joiner.nearest(group, over_barriers=False)
        if target is None:
            continue
        if area > 0.2 * joiner.area[target] and area + joiner.area[target] > most[group]:
            continue
        common = sum(joiner.borders[group][target])
        after = compactness(
            area + joiner.area[target], joiner.perimeter[group] + joiner.perimeter[target] - 2 * common
        )
        # what is empty on both sides has no shape to spoil, or all of the country would be crumbs
        before = min(
            compactness(joiner.area[target], joiner.perimeter[target]),
            1.0 if joiner.load[target] > 0 else compactness(area, joiner.perimeter[group]),
        )
        if after >= (1 - options.shape_loss) * before:
            group = joiner.join(group, target)
            if joiner.load[group] == 0:
                heapq.heappush(heap, (joiner.area[group], group))


def group_edges(
    left: NDArray[np.int32], right: NDArray[np.int32], n: int, *columns: Floats
) -> tuple[NDArray[np.int64], list[Floats]]:
    """Pairs of units (m, 2), sorted, that have pieces of border in common, and each column summed over the
    pieces.
    """
    low, high = np.minimum(left, right).astype(np.int64), np.maximum(left, right).astype(np.int64)
    key, at = np.unique(low * n + high, return_inverse=True)
    edges = np.column_stack([key // n, key % n]).reshape(-1, 2)
    return edges, [np.bincount(at.reshape(-1), c, minlength=len(key)).astype(np.float64) for c in columns]
