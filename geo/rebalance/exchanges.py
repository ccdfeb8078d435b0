"""The smallest exchange: moves that are possible only all together, because each alone would part a grid
or push one beyond what the start had.

Two searches, and the lighter find counts. One (`ordering.small_exchange`, compiled) takes moves that are
possible one by one but for the weights. The other starts with one move and mends, again and again and as
cheaply as it can, what that breaks: a piece cut off from its grid goes where it is bound for, or is tied
to its grid by units that come in. Where both fail, a group grown grid by grid is taken.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.rebalance.model import Model
from geo.rebalance.ordering import small_exchange
from geo.rebalance.problem import Floats, Ints

SEEDS = 60
"""Units from which the smallest exchange is sought."""
LONGEST = 24
"""Most moves of an exchange that only the weights force."""


@dataclass(frozen=True, eq=False)
class Stuck:
    """A plan on its way to ``final`` where no transfer is possible; ``load`` (G, k), ``size`` (G,)."""

    model: Model
    labels: Ints
    final: Ints
    load: Floats
    size: Ints
    ceiling: float


def smallest(stuck: Stuck, units: Ints, look: Callable[[], None]) -> Ints:
    """Units to move at once: the lightest group found among ``units``, at worst all of them.

    ``look`` is called between pieces of the search and may raise to end it.
    """
    move, best = stuck.model.move, np.empty(0, np.int64)
    for cluster in by_grids(stuck.model, stuck.labels, stuck.final, units):
        for found in (_by_weight(stuck, cluster, look), _by_pieces(stuck, cluster, look)):
            if len(found) and (len(best) == 0 or _size(move, found) < _size(move, best)):
                best = found
        if len(best):
            return best
    return _by_closure(stuck, units, look)


def by_grids(model: Model, source: Ints, sink: Ints, units: Ints) -> list[Ints]:
    """The units in groups whose moves, from ``source`` (n,) to ``sink`` (n,), share no grid; few first."""
    if len(units) == 0:
        return []
    links = coo_matrix((np.ones(len(units)), (source[units], sink[units])), shape=(model.G, model.G))
    group = connected_components(links, directed=False)[1][source[units]]
    return sorted((units[group == g] for g in np.unique(group)), key=lambda each: (len(each), int(each[0])))


def _size(move: Floats, units: Ints) -> tuple[float, int]:
    return float(move[units].sum()), len(units)


def _by_weight(stuck: Stuck, units: Ints, look: Callable[[], None]) -> Ints:
    """The fewest moves that keep all grids whole one by one and come below the ceiling together."""
    model, n = stuck.model, stuck.model.n
    best, longest = np.empty(0, np.int64), min(LONGEST, len(units))
    scratch = np.zeros(n, np.int32), np.zeros(1, np.int64), np.zeros(n + 1, np.int32)
    for seed in _seeds(model, units):
        look()
        found: Ints = small_exchange(
            np.array([seed]), units, stuck.final, stuck.labels, stuck.size, stuck.load, model.W, model.target,
            model.tol, model.remain, stuck.ceiling, longest, model.indptr, model.indices, *scratch,
        )  # fmt: skip
        if len(found):
            best, longest = found, len(found) - 1
        if longest < 1:
            break
    return best


def _seeds(model: Model, units: Ints) -> Ints:
    light_first = units[np.argsort(model.move[units], kind="stable")]
    spread = np.linspace(0, len(units) - 1, min(SEEDS, len(units))).astype(int)
    chosen: Ints = light_first[np.unique(spread)]
    return chosen


def _by_pieces(stuck: Stuck, units: Ints, look: Callable[[], None]) -> Ints:
    """The lightest group grown from one move by mending what it breaks; empty if none is found."""
    ground, best, least = _Ground(stuck, units), np.empty(0, np.int64), np.inf
    for seed in _seeds(stuck.model, units).tolist():
        look()
        group = ground.grown(seed, least)
        if group is None:
            continue
        found = np.array(sorted(group), np.int64)
        weight = float(stuck.model.move[found].sum())
        if weight < least and works(stuck, found):
            best, least = found, weight
    return best


class _Ground:
    """Members and neighbours of the grids of a stuck plan, for searches that change little of it."""

    def __init__(self, stuck: Stuck, units: Ints) -> None:
        self.stuck = stuck
        self.waiting = set(units.tolist())
        self.near: dict[int, list[int]] = {}
        self.members: dict[int, set[int]] = {}
        self.had: dict[int, int] = {}

    def around(self, u: int) -> list[int]:
        """Neighbours of a unit."""
        if u not in self.near:
            model = self.stuck.model
            self.near[u] = model.indices[model.indptr[u] : model.indptr[u + 1]].tolist()
        return self.near[u]

    def grown(self, seed: int, most: float) -> set[int] | None:
        """Moves that leave every grid they touch whole, grown from one; None if they weigh ``most``."""
        move, labels, final = self.stuck.model.move, self.stuck.labels, self.stuck.final
        group, weight = {seed}, float(move[seed])
        doubtful = {int(labels[seed]), int(final[seed])}
        while doubtful:
            if weight >= most:
                return None
            grid = min(doubtful)
            more = self._mend(grid, group)
            if more is None:
                return None
            if not more:
                doubtful.discard(grid)
                continue
            group |= more
            weight += float(move[list(more)].sum())
            doubtful |= {int(g) for u in more for g in (labels[u], final[u])}
        return group

    def _mend(self, grid: int, group: set[int]) -> set[int] | None:
        """The cheapest further moves that join a cut-off piece of the grid: none needed, or none found."""
        labels, final, move = self.stuck.labels, self.stuck.final, self.stuck.model.move
        inside = {u for u in self._members(grid) if u not in group}
        inside |= {u for u in group if final[u] == grid}
        if not inside:
            return None if self.stuck.model.remain[grid] else set()
        found = self._pieces(inside)
        if len(found) <= self.had[grid]:
            return set()
        out: list[float] = []
        for piece in found:
            may = all(u in self.waiting and labels[u] == grid and u not in group for u in piece)
            out.append(float(move[list(piece)].sum()) if may else np.inf)
        order = sorted(range(len(found)), key=lambda i: (out[i], min(found[i])))
        choices = [] if np.isinf(out[order[0]]) else [(out[order[0]], found[order[0]])]
        small = min(range(len(found)), key=lambda i: (len(found[i]), min(found[i])))
        tie = self._tie(grid, group, found[small], inside - found[small])
        choices += [] if tie is None else [tie]
        return min(choices, key=lambda c: (c[0], len(c[1]), min(c[1])))[1] if choices else None

    def _members(self, grid: int) -> set[int]:
        if grid not in self.members:
            self.members[grid] = set(np.flatnonzero(self.stuck.labels == grid).tolist())
            self.had[grid] = max(1, len(self._pieces(self.members[grid])))
        return self.members[grid]

    def _pieces(self, inside: set[int]) -> list[set[int]]:
        left, found = set(inside), []
        while left:
            stack = [left.pop()]
            piece = set(stack)
            while stack:
                new = left.intersection(self.around(stack.pop()))
                left -= new
                piece |= new
                stack += new
            found.append(piece)
        return found

    def _tie(
        self, grid: int, group: set[int], piece: set[int], rest: set[int]
    ) -> tuple[float, set[int]] | None:
        """The lightest units bound for the grid that tie the piece to the rest (Dijkstra over units)."""
        final, move = self.stuck.final, self.stuck.model.move
        heap: list[tuple[float, int, int]] = [(0.0, u, -1) for u in sorted(piece)]
        came: dict[int, int] = {}
        while heap:
            cost, u, before = heapq.heappop(heap)
            if u in came:
                continue
            came[u] = before
            if u in rest:
                path, at = set(), before
                while at not in piece:
                    path.add(at)
                    at = came[at]
                return cost, path
            for v in self.around(u):
                if v in came:
                    continue
                if v in rest:
                    heapq.heappush(heap, (cost, v, u))
                elif v in self.waiting and v not in group and final[v] == grid:
                    heapq.heappush(heap, (cost + float(move[v]), v, u))
        return None


def works(stuck: Stuck, units: Ints) -> bool:
    """Whether these moves together keep all grids whole (or in no more pieces) and below the ceiling."""
    model, labels = stuck.model, stuck.labels.copy()
    touched = np.unique(np.concatenate([labels[units], stuck.final[units]]))
    inside = np.isin(labels, touched)
    had = np.maximum(1, _count(model, labels, inside)[touched])
    labels[units] = stuck.final[units]
    count = _count(model, labels, inside)[touched]
    if (count > had).any() or ((count == 0) & model.remain[touched]).any():
        return False
    return bool(model.violations(model.loads(labels))[touched].max() <= stuck.ceiling)


def _count(model: Model, labels: Ints, inside: np.ndarray) -> Ints:
    piece = model.components(inside, labels)
    at = np.flatnonzero(inside)
    first = np.unique(piece[at], return_index=True)[1]
    count: Ints = np.bincount(labels[at[first]], minlength=model.G)
    return count


def _by_closure(stuck: Stuck, units: Ints, look: Callable[[], None]) -> Ints:
    """A group grown grid by grid from a pair of grids until it works; at worst all units."""
    source, sink, best = stuck.labels[units], stuck.final[units], units
    for a, b in np.unique(np.column_stack([source, sink]), axis=0)[:40]:
        grids = {int(a), int(b)}
        while True:
            look()
            inside = np.isin(source, list(grids)) & np.isin(sink, list(grids))
            group = units[inside]
            if _size(stuck.model.move, group) >= _size(stuck.model.move, best):
                break
            if works(stuck, group):
                best = group
                break
            beside = (np.isin(source, list(grids)) | np.isin(sink, list(grids))) & ~inside
            if not beside.any():
                break
            grids |= set(source[beside].tolist()) | set(sink[beside].tolist())
    return best
