"""What a plan of any method is worth: the same measures for all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bench._rebalance_cases import Case
from bench._rebalance_ground import Ints
from bench._rebalance_peers import Region
from geo import metrics
from geo.rebalance import Problem


@dataclass(frozen=True, eq=False)
class Ground:
    """A region of a problem: its units and its grids."""

    units: Ints
    grids: Ints
    region: Region


def regions(case: Case) -> list[Ground]:
    """Open ground of each class (no locked grids), one piece each, with the grids that are there."""
    p = case.problem
    n = len(p.weights)
    unit_class, grid_class, shut = (np.asarray(a) for a in (p.unit_class, p.grid_class, p.locked_grids))
    today = p.current
    inside = np.ones(n, bool) if today is None else ~shut[today]
    edges = p.edges[inside[p.edges].all(axis=1) & (unit_class[p.edges[:, 0]] == unit_class[p.edges[:, 1]])]
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(n, n))
    piece = connected_components(graph, directed=False)[1]
    found = []
    for name in np.unique(piece[inside]):
        units = np.flatnonzero(inside & (piece == name))
        kind = unit_class[units[0]]
        grids = np.flatnonzero(grid_class == kind) if today is None else np.unique(today[units])
        number = np.full(n, -1)
        number[units] = np.arange(len(units))
        mine = edges[(number[edges] >= 0).all(axis=1)]
        region = Region(
            weights=p.weights[units],
            edges=number[mine],
            today=None if today is None else np.searchsorted(grids, today[units]),
            grids=len(grids),
            target=np.asarray(p.target)[grids[0]],
            tolerance=np.asarray(p.tolerance),
            cells=None if case.land is None else case.land.cells[units],
        )
        found.append(Ground(units, grids, region))
    return found


def together(problem: Problem, parts: list[Ground], labels: list[npt.NDArray[Any]]) -> Ints | str:
    """One plan (n,) from the labels of each region, matched to today's grids so that least moves; or what is
    wrong with them."""
    plan = np.zeros(len(problem.weights), np.int64) if problem.current is None else problem.current.copy()
    move = problem.weights[:, problem.move_weight]
    for part, own in zip(parts, labels, strict=True):
        names, at = np.unique(own, return_inverse=True)
        if len(names) != len(part.grids):
            return f"{len(names)} grids where {len(part.grids)} were asked for"
        if part.region.today is None:
            plan[part.units] = part.grids[at]
            continue
        size = len(names)
        kept = np.bincount(part.region.today * size + at, move[part.units], size * size).reshape(size, size)
        old, new = linear_sum_assignment(-kept)
        match = np.empty(size, np.int64)
        match[new] = part.grids[old]
        plan[part.units] = match[at]
    return plan


def score(case: Case, plan: Ints) -> dict[str, Any]:
    """Violation, grids in pieces, locked units moved, moved share, compactness, cut edges."""
    p = case.problem
    load = np.column_stack([np.bincount(plan, w, p.n_grids) for w in p.weights.T])
    deviation = np.abs(load / np.asarray(p.target) - 1)
    by_weight = (deviation / np.asarray(p.tolerance)).max(axis=0)
    violation = float(by_weight.max())
    same = p.edges[plan[p.edges[:, 0]] == plan[p.edges[:, 1]]]
    graph = coo_matrix((np.ones(len(same)), (same[:, 0], same[:, 1])), shape=(len(plan),) * 2)
    piece = connected_components(graph, directed=False)[1]
    first = np.unique(piece, return_index=True)[1]
    broken = int((np.bincount(plan[first], minlength=p.n_grids) > 1).sum())
    row: dict[str, Any] = {
        "violation": violation,
        "violation_first": float(by_weight[0]),
        "in_pieces": broken,
        "ok": violation <= 1 + 1e-9 and broken == 0,
    }
    row["cut_edges"] = metrics.cut_edges(p.edges, plan)
    if case.land is not None:
        row["polsby_popper"] = metrics.mean_polsby_popper(case.land.shapes, plan, p.n_grids)
    if p.current is not None:
        moved = plan != p.current
        move = p.weights[:, p.move_weight]
        row["moved"] = float(move[moved].sum() / move.sum())
        row["locked_moved"] = int((moved & np.asarray(p.locked_units)).sum())
    return row
