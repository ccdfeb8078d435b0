"""The least moved plan of a small class, and the proof: a mixed-integer program on its units.

x[u, g] = 1 if unit u ends in grid g. Balance and one grid for each unit are rows from the start. That a
grid is in one piece is said by cuts, added where a solution breaks them: of two units a, b of a grid that
are not neighbours, some unit of any set that separates them is in the grid too (a, b-separators; Carvajal,
Constantino, Goycoolea, Vielma and Weintraub 2013; Validi, Buchanan and Lykhovyd 2022). A piece that is too
light to be the whole grid needs only itself: whoever has one of its units has one of its ring.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geo.rebalance.model import SLACK, Model
from geo.rebalance.problem import Bools, Floats, Ints
from geo.rebalance.reach import stranded
from geo.rebalance.solver import EXACT, Answer, Program

CHOICES = 480
"""Units that may move times grids: a class with more is not tried."""
NODES = 3_000
"""Most nodes of one search tree."""
STEPS = 30_000
"""Most steps of the simplex method for a class, over all its solves."""
LUCK = 3_000
"""The same where only an even sum of uneven weights would do, and trees find nothing."""
GAPS = (1e-2, 1e-4, 0.0)
"""So near its optimum a tree is left while its solutions are no plans: cuts are cheaper than nodes."""
PASSES = 30
"""Rounds of cuts on the relaxation."""
LEVELS = (0.0, 0.1, 0.25, 0.4)
"""What counts as in a grid, in a relaxed solution."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """What is proven for a class.

    ``labels`` (n,) is the best plan known with this class redrawn, None if none was found. ``bound`` is the
    least move weight of any plan (inf: there is none). ``optimal``: the bound is that of ``labels``.
    """

    labels: Ints | None
    bound: float
    optimal: bool


def can_try(model: Model, current: Ints, c: int) -> bool:
    """Whether a class is small enough."""
    units, grids = _units(model, current, c), _grids(model, c)
    return 0 < int((~model.fixed[units]).sum()) * len(grids) <= CHOICES


def least_moved(
    model: Model,
    current: Ints,
    labels: Ints,
    c: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Optimum:
    """The least moved plan of class ``c``; all other units stay as in ``labels`` (n,).

    ``labels`` is the best plan so far: it is kept unless one is found that moves less, or that is within
    limits where it is not. A plan that no order of steps could carry out is not taken, so the plan can be
    above the bound. Grids that are locked, and their units, are not looked at.
    """
    small = _Class(model, current, labels, c, stopped)
    exact = model.tol == 0
    luck = exact.any() and (model.W[:, exact] != np.round(model.W[:, exact])).any()
    return small.solve(LUCK if luck else STEPS)


class _Class:
    """One class while it is being solved; its units and grids numbered from 0."""

    def __init__(
        self, model: Model, current: Ints, labels: Ints, c: int, stopped: Callable[[], bool]
    ) -> None:
        self.model, self.current, self.labels = model, current, labels
        self.units, self.grids = _units(model, current, c), _grids(model, c)
        self.n, self.G = len(self.units), len(self.grids)
        self.at = np.full(model.n, -1)
        self.at[self.units] = np.arange(self.n)
        self.near = [
            [v for v in self.at[model.indices[model.indptr[u] : model.indptr[u + 1]]].tolist() if v >= 0]
            for u in self.units
        ]
        self.move = model.move[self.units]
        self.unit = max(float(self.move.sum()) / max(1, self.n), 1e-300)
        self.W = model.W[self.units]
        self.low, self.high = model.low[self.grids], model.high[self.grids]
        self.forced = float(self.move[~model.remain[current[self.units]]].sum())
        self.program = self._program(stopped)

    def solve(self, steps: int) -> Optimum:
        """Solve, cut, and solve again until the solution is a plan or nothing is left."""
        steps -= self._cut_relaxed(steps)
        best = self._whole(self.labels[self.units])
        kept: Ints | None = self.labels if best else None
        value = self._moved(self.labels[self.units]) if best else np.inf
        bound, proven, tight = 0.0, np.inf, 0
        while steps > 0:
            answer = self._solve(GAPS[tight], kept)
            steps -= max(100, answer.steps)
            if answer.status == "infeasible":
                return Optimum(kept, min(value, proven), kept is not None and value <= proven)
            bound = max(bound, min(answer.bound * self.unit + self.forced, proven))
            if answer.x is None or answer.status in ("stopped", "failed"):
                break
            labels = self._plan(answer.x)
            if self._cut(labels):
                continue
            whole = self._all(labels)
            lost = stranded(self.model, whole, self.grids)
            if lost:
                proven = min(proven, bound)  # what follows bounds only plans that can be carried out
            for grid, piece in lost:
                self._cut_stranded(grid, piece)
            now = self._moved(labels)
            if not lost and now < value - EXACT * self.unit:
                kept, value = whole, now
            if GAPS[tight] == 0 and answer.status == "optimal":
                proven = min(proven, now)
                if not lost:
                    return Optimum(kept, min(proven, value), value <= proven + EXACT * self.unit)
            elif answer.status == "limit":
                break
            elif not lost:
                tight = min(tight + 1, len(GAPS) - 1)
        return Optimum(kept, min(bound, value), False)

    def _cut_relaxed(self, most: int) -> int:
        """Cuts that solutions of the relaxation break; the steps it took."""
        used = 0
        for _ in range(PASSES):
            answer = self.program.relaxed()
            used += max(10, answer.steps)
            if (
                answer.x is None
                or used > most // 4
                or self._cut_pieces(answer.x.reshape(self.n, self.G)) == 0
            ):
                break
        return used

    def _cut_pieces(self, x: Floats) -> int:
        """A piece of a relaxed solution that is too light to be the grid needs some of its ring."""
        count, x = 0, x.reshape(self.n, self.G)
        for i in range(self.G):
            seen: set[frozenset[int]] = set()
            for level in LEVELS:
                for piece in self._pieces(set(np.flatnonzero(x[:, i] > level + 1e-6).tolist())):
                    name = frozenset(piece)
                    if name in seen or not self._light(self.W[sorted(piece)].sum(axis=0), i):
                        continue
                    seen.add(name)
                    ring = {v for u in piece for v in self.near[u]} - piece
                    have = float(x[sorted(ring), i].sum())
                    top = max(sorted(piece), key=lambda u: x[u, i])
                    if x[top, i] > have + 0.01:
                        self._ring_cut(self.program, top, i, ring)
                        count += 1
        return count

    def _program(self, stopped: Callable[[], bool]) -> Program:
        """One grid for each unit, limits, no empty grid, no lone unit that is too light."""
        n, G, model = self.n, self.G, self.model
        home = self.current[self.units]
        cost = np.repeat(self.move / self.unit, G).reshape(n, G)
        cost[home[:, None] == self.grids[None]] = 0
        cost[~model.remain[home]] = 0
        room = SLACK * np.maximum(model.target[self.grids], 1e-300)
        may: Bools = np.asarray((self.W[:, None] <= self.high[None] + room[None]).all(axis=2), bool)
        fixed = model.fixed[self.units]
        may[fixed] = home[fixed, None] == self.grids[None]
        program = Program(cost.ravel(), may.ravel().astype(float), np.ones(n * G, bool), stopped)
        every = np.arange(n)
        for u in range(n):
            program.add(1, 1, u * G + np.arange(G), 1.0)
        for i in range(G):
            program.add(1, np.inf, every * G + i, 1.0)
            for j in np.flatnonzero(np.isfinite(model.tol)).tolist():
                scale = max(model.target[self.grids[i], j], 1e-300)
                low, high = (self.low[i, j] - room[i, j]) / scale, (self.high[i, j] + room[i, j]) / scale
                heavy = np.flatnonzero(self.W[:, j] > 0)
                program.add(low, high, heavy * G + i, self.W[heavy, j] / scale)
        for u, i in np.argwhere(may & ~fixed[:, None]).tolist():
            if self._light(self.W[u], i):
                self._ring_cut(program, u, i, set(self.near[u]))
        return program

    def _solve(self, gap: float, kept: Ints | None) -> Answer:
        start = None
        if kept is not None:
            start = (kept[self.units][:, None] == self.grids[None]).astype(float).ravel()
        return self.program.solve(NODES, gap, start)

    def _cut(self, labels: Ints) -> int:
        """Add what the plan (of the class) breaks; how many cuts."""
        count = 0
        for i in range(self.G):
            inside = set(np.flatnonzero(labels == self.grids[i]).tolist())
            pieces = self._pieces(inside)
            if len(pieces) > 1:
                pieces.sort(key=lambda p: (float(self.W[list(p)].sum()), min(p)))
                for piece in pieces[:-1]:
                    count += self._cut_piece(piece, pieces[-1])
            elif not self._fits(inside, i):
                members = np.array(sorted(inside))
                others = np.setdiff1d(np.arange(self.n), members)
                at = np.concatenate([members, others]) * self.G + i
                sign = np.concatenate([np.ones(len(members)), -np.ones(len(others))])
                self.program.add(-np.inf, len(members) - 1, at, sign)
                count += 1
        return count

    def _cut_piece(self, piece: set[int], other: set[int]) -> int:
        """Cuts, for every grid, that keep a piece from being there apart from the other piece."""
        ring = {v for u in piece for v in self.near[u]} - piece
        beyond = self._reached(other, piece | ring)
        separator = {v for v in ring if not beyond.isdisjoint(self.near[v])}
        shut = self._reached(piece, separator)
        alone, closed = self.W[sorted(piece)].sum(axis=0), self.W[sorted(shut)].sum(axis=0)
        count = 0
        for i in range(self.G):
            if self._light(alone, i):
                for u in sorted(piece):
                    self._ring_cut(self.program, u, i, separator if self._light(closed, i) else ring)
                    count += 1
            else:
                a = max(piece, key=lambda u: (self.move[u], -u))
                b = max(other, key=lambda u: (self.move[u], -u))
                at = np.array([a, b, *sorted(separator)]) * self.G + i
                sign = np.array([1.0, 1.0] + [-1.0] * len(separator))
                self.program.add(-np.inf, 1, at, sign)
                count += 1
        return count

    def _cut_stranded(self, grid: int, piece: Ints) -> None:
        """Whoever has a unit of a stranded piece keeps something of its own, or has more from that home."""
        i, home = int(np.flatnonzero(self.grids == grid)[0]), self.model.home[self.units]
        inside = set(self.at[piece].tolist())
        more = {v for u in inside for v in self.near[u]} - inside
        more = {v for v in more if home[v] == home[self.at[piece[0]]]}
        more |= set(np.flatnonzero(home == grid).tolist())
        for u in sorted(inside):
            self._ring_cut(self.program, u, i, more)

    def _ring_cut(self, program: Program, u: int, i: int, ring: set[int]) -> None:
        at = np.array([u, *sorted(ring)]) * self.G + i
        program.add(-np.inf, 0, at, np.array([1.0] + [-1.0] * len(ring)))

    def _light(self, weight: Floats, i: int) -> bool:
        """Whether a weight (k,) is too little to be all of grid i."""
        room = SLACK * np.maximum(self.model.target[self.grids[i]], 1e-300)
        return bool((weight < self.low[i] - room).any())

    def _fits(self, inside: set[int], i: int) -> bool:
        weight = self.W[sorted(inside)].sum(axis=0)
        room = SLACK * np.maximum(self.model.target[self.grids[i]], 1e-300)
        return bool(((weight >= self.low[i] - room) & (weight <= self.high[i] + room)).all())

    def _whole(self, labels: Ints) -> bool:
        """Whether a plan of the class (its units' grids) is within limits and each grid in one piece."""
        for i, g in enumerate(self.grids):
            inside = set(np.flatnonzero(labels == g).tolist())
            if len(self._pieces(inside)) != 1 or not self._fits(inside, i):
                return False
        return bool(np.isin(labels, self.grids).all())

    def _plan(self, x: Floats) -> Ints:
        return np.asarray(self.grids[x.reshape(self.n, self.G).argmax(axis=1)], np.int64)

    def _all(self, labels: Ints) -> Ints:
        out = self.labels.copy()
        out[self.units] = labels
        return out

    def _moved(self, labels: Ints) -> float:
        return float(self.move[labels != self.current[self.units]].sum())

    def _pieces(self, inside: set[int]) -> list[set[int]]:
        left, found = set(inside), []
        while left:
            piece = self._reached({min(left)}, set(range(self.n)) - left)
            left -= piece
            found.append(piece)
        return found

    def _reached(self, sources: set[int], walls: set[int]) -> set[int]:
        """Units connected with the sources without entering the walls."""
        seen, stack = set(sources), sorted(sources)
        while stack:
            for v in self.near[stack.pop()]:
                if v not in seen and v not in walls:
                    seen.add(v)
                    stack.append(v)
        return seen


def _units(model: Model, current: Ints, c: int) -> Ints:
    return np.flatnonzero(model.may_give(current) & (model.unit_class == c))


def _grids(model: Model, c: int) -> Ints:
    return np.flatnonzero(model.open_grids & (model.grid_class == c))
