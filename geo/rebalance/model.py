"""The problem in the form the engine works with: limits, neighbours, independent parts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo.rebalance.problem import Bools, Floats, Ints, Problem

SLACK = 1e-9
"""Relative room for rounding when a weight is compared with its limit."""


@dataclass(frozen=True, eq=False)
class Model:
    """A checked problem with what every step of the engine needs.

    ``home`` (n,) is today's grid, -1 where there is none or it is to be dissolved. ``fixed`` (n,) units
    cannot move. ``open_grids`` (G,) may give and receive. ``low``/``high`` (G, k) are the limits.
    ``indptr``/``indices`` list the neighbours of one class; ``cut`` is the weight of each such border
    for the shape (mean 1). ``scale`` (G,) turns a deviation into move weight.
    """

    problem: Problem
    n: int
    k: int
    G: int
    W: Floats
    move: Floats
    home: Ints
    fixed: Bools
    open_grids: Bools
    remain: Bools
    target: Floats
    tol: Floats
    low: Floats
    high: Floats
    scale: Floats
    unit_class: Ints
    grid_class: Ints
    edges: Ints
    indptr: npt.NDArray[np.int32]
    indices: npt.NDArray[np.int32]
    cut: Floats

    def loads(self, labels: Ints) -> Floats:
        """Weight (G, k) of each grid."""
        return np.column_stack([np.bincount(labels, w, self.G) for w in self.W.T])

    def deviation(self, load: Floats) -> Floats:
        """weight / target - 1 (G, k); 0 for dissolved grids and where there is no target."""
        out = np.zeros_like(load)
        np.divide(load, self.target, out=out, where=self.target > 0)
        return np.where(self.target > 0, out - 1, 0.0)

    def violations(self, load: Floats) -> Floats:
        """Largest deviation / tolerance (G,) of each grid; inf where tolerance is 0 and not met."""
        off = np.abs(self.deviation(load))
        off[off <= SLACK] = 0
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(off > 0, off / self.tol, 0.0).max(axis=1), np.float64)

    def violation(self, labels: Ints) -> float:
        """Largest deviation / tolerance over grids and weights; at most 1 is within tolerance."""
        return float(self.violations(self.loads(labels)).max())

    def within(self, load: Floats) -> Bools:
        """Which grids (G,) are within all limits."""
        room = SLACK * np.maximum(self.target, 1e-300)
        return np.asarray(((load >= self.low - room) & (load <= self.high + room)).all(axis=1), bool)

    def may_give(self, labels: Ints) -> Bools:
        """Units (n,) whose grid may give: it is not locked."""
        return np.asarray((self.open_grids | ~self.remain)[labels], bool)

    def excess(self, load: Floats) -> Floats:
        """How far (G,) grids are beyond their limits, as a sum of shares of the targets."""
        off = np.maximum(load - self.high, self.low - load)
        off = np.where(np.isfinite(off), np.maximum(off, 0), 0)
        out: Floats = np.divide(off, self.target, out=off.copy(), where=self.target > 0).sum(axis=1)
        return out

    def pieces(self, labels: Ints) -> Ints:
        """Number of connected pieces (G,) of each grid."""
        piece = self.components(np.ones(self.n, bool), labels)
        first = np.unique(piece, return_index=True)[1]
        return np.bincount(labels[first], minlength=self.G)

    def components(self, inside: Bools, labels: Ints | None = None) -> Ints:
        """Component number (n,) over edges with both ends inside (and in one grid, if labels are given)."""
        a, b = self.edges[:, 0], self.edges[:, 1]
        keep = inside[a] & inside[b]
        if labels is not None:
            keep &= labels[a] == labels[b]
        ones = np.ones(int(keep.sum()), np.int8)
        graph = coo_matrix((ones, (a[keep], b[keep])), shape=(self.n, self.n))
        return connected_components(graph, directed=False)[1].astype(np.int64)

    def moved_share(self, labels: Ints) -> float:
        """Share of the move weight in units that are not in today's grid; 0 from scratch."""
        if self.problem.current is None:
            return 0.0
        return float(self.move[labels != self.problem.current].sum() / self.move.sum())


def model_of(problem: Problem) -> Model:
    """The engine's view of a problem."""
    W = np.ascontiguousarray(problem.weights)
    n, k = W.shape
    G = problem.n_grids
    unit_class, grid_class = np.asarray(problem.unit_class), np.asarray(problem.grid_class)
    remain, shut = ~np.asarray(problem.dissolve), np.asarray(problem.locked_grids)
    tol, target = np.asarray(problem.tolerance), np.asarray(problem.target)
    move = W[:, problem.move_weight].copy()
    if problem.current is None:
        home, fixed = np.full(n, -1, np.int64), np.zeros(n, bool)
    else:
        home = np.where(remain[problem.current], problem.current, -1)
        fixed = np.asarray(problem.locked_units) | shut[problem.current]
    edges = np.asarray(problem.edges)
    same = unit_class[edges[:, 0]] == unit_class[edges[:, 1]]
    length = np.ones(len(edges)) if problem.edge_length is None else np.asarray(problem.edge_length)
    inner, cut = edges[same], length[same]
    cut = cut / cut.mean() if len(cut) and cut.mean() > 0 else np.ones(len(cut))
    both = np.concatenate([inner, inner[:, ::-1]])
    order = np.lexsort((both[:, 1], both[:, 0]))
    indptr = np.searchsorted(both[order, 0], np.arange(n + 1)).astype(np.int32)
    with np.errstate(invalid="ignore"):
        low = np.where(np.isfinite(tol), target * (1 - tol), 0.0)
        high = np.where(np.isfinite(tol), target * (1 + tol), np.inf)
    high[~remain] = 0
    scale = np.zeros(G)
    for c in np.unique(grid_class):
        mine = grid_class == c
        scale[mine] = max(move[unit_class == c].sum(), 1e-9 * move.sum()) / max(1, (mine & remain).sum())
    return Model(
        problem=problem,
        n=n,
        k=k,
        G=G,
        W=W,
        move=move,
        home=home,
        fixed=fixed,
        open_grids=remain & ~shut,
        remain=remain,
        target=target,
        tol=tol,
        low=np.maximum(low, 0),
        high=high,
        scale=scale,
        unit_class=unit_class,
        grid_class=grid_class,
        edges=inner,
        indptr=indptr,
        indices=both[order, 1].astype(np.int32),
        cut=np.concatenate([cut, cut])[order],
    )
