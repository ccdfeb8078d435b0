"""Small redraw problems, and a replayer of steps that shares no code with the engine."""

from collections import deque
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.spatial import Delaunay

from geo.rebalance import Problem, Result


def lattice(columns: int, rows: int) -> np.ndarray:
    """Edges of a lattice of units, numbered row by row."""
    unit = np.arange(columns * rows).reshape(rows, columns)
    across = np.column_stack([unit[:, :-1].ravel(), unit[:, 1:].ravel()])
    return np.vstack([across, np.column_stack([unit[:-1].ravel(), unit[1:].ravel()])])


def strips(columns: int, rows: int, widths: list[int]) -> np.ndarray:
    """Grids that are vertical strips of the given widths."""
    assert sum(widths) == columns
    return np.tile(np.repeat(np.arange(len(widths)), widths), rows)


def random_problem(seed: int, *, most: int = 26) -> Problem:
    """A small problem with random neighbours, classes, locks, tolerances; grids may be in pieces."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, most))
    xy = rng.random((n, 2))
    tri = Delaunay(xy).simplices
    edges = np.unique(np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [0, 2]]]), axis=1), axis=0)
    if rng.random() < 0.5:
        edges = edges[rng.random(len(edges)) < 0.8]
    k = int(rng.integers(1, 3))
    weights = (
        rng.integers(1, 6, (n, k)).astype(float) if rng.random() < 0.5 else rng.lognormal(0, 0.6, (n, k))
    )
    unit_class = (xy[:, 0] > 0.5).astype(int) if rng.random() < 0.3 else np.zeros(n, int)
    current, grids = np.zeros(n, int), 0
    for c in np.unique(unit_class):
        mine = np.flatnonzero(unit_class == c)
        seeds = rng.choice(mine, min(len(mine), int(rng.integers(1, 4))), replace=False)
        gap = ((xy[mine][:, None] - xy[seeds][None]) ** 2).sum(axis=-1)
        current[mine] = grids + gap.argmin(axis=1)
        grids += len(seeds)
    locked = rng.random(n) < (0.15 if rng.random() < 0.4 else 0.0)
    shut = np.zeros(grids, bool)
    if grids > 2 and rng.random() < 0.2:
        shut[rng.integers(grids)] = True
    return Problem(
        weights=weights,
        edges=edges,
        current=current,
        n_grids=grids,
        tolerance=float(rng.choice([0.0, 0.05, 0.1, 0.2, 0.3])),
        unit_class=unit_class,
        locked_units=locked,
        locked_grids=shut,
    )


def pieces(units: list[int], neighbours: list[list[int]]) -> int:
    """Number of connected pieces of a set of units."""
    left, count = set(units), 0
    while left:
        count += 1
        queue = deque([left.pop()])
        while queue:
            for v in neighbours[queue.popleft()]:
                if v in left:
                    left.discard(v)
                    queue.append(v)
    return count


def neighbours_of(problem: Problem) -> list[list[int]]:
    out: list[list[int]] = [[] for _ in range(len(problem.weights))]
    for a, b in np.asarray(problem.edges).tolist():
        out[a].append(b)
        out[b].append(a)
    return out


def worst(problem: Problem, labels: np.ndarray) -> float:
    """Largest deviation / tolerance."""
    target, tol = np.asarray(problem.target), np.asarray(problem.tolerance)
    out = 0.0
    for g in range(problem.n_grids):
        load = problem.weights[labels == g].sum(axis=0)
        for j in range(len(tol)):
            if target[g, j] > 0:
                off = abs(load[j] / target[g, j] - 1)
                out = max(out, 0.0 if off < 1e-9 else off / tol[j] if tol[j] > 0 else np.inf)
    return out


def replay(problem: Problem, result: Result) -> list[str]:
    """Faults found when the steps are carried out one after the other."""
    faults: list[str] = []
    near = neighbours_of(problem)
    labels = np.array(problem.current)
    final = result.labels
    remain = ~np.asarray(problem.dissolve)

    def count(g: int) -> int:
        return pieces(np.flatnonzero(labels == g).tolist(), near)

    end = [pieces(np.flatnonzero(final == g).tolist(), near) for g in range(problem.n_grids)]
    start = [count(g) for g in range(problem.n_grids)]
    allowed = [max(1, s) if max(end) > 1 else 1 for s in start]
    ceiling = worst(problem, labels)
    if not remain.all():  # who dissolves a grid may have to go beyond what the start had
        ceiling = max(ceiling, worst(problem, final))
    seen: set[int] = set()
    mending = True
    for i, step in enumerate(result.moves):
        if step.kind != "mend" and mending:
            mending, ceiling = False, max(ceiling, worst(problem, labels))
        if step.kind == "mend" and not mending:
            faults.append(f"step {i} mends late")
        empty = {g for g in range(problem.n_grids) if not (labels == g).any()}
        beside_before = [_beside(labels, t, near) for t in step.transfers]
        for t in step.transfers:
            units = t.units.tolist()
            if seen & set(units):
                faults.append(f"step {i} moves a unit again")
            seen |= set(units)
            if (labels[t.units] != t.source).any() or (final[t.units] != t.sink).any():
                faults.append(f"step {i} does not go straight from today's grid to the final one")
            if pieces(units, near) != 1:
                faults.append(f"step {i} moves units that are not in one piece")
        for t in step.transfers:
            labels[t.units] = t.sink
        for t, was in zip(step.transfers, beside_before, strict=True):
            if not was and not _beside(labels, t, near) and t.sink not in empty:
                faults.append(f"step {i} does not border the grid it goes to")
        if step.kind != "mend":
            touched = {g for t in step.transfers for g in (t.source, t.sink)}
            broken = [g for g in touched if count(g) > allowed[g] or (count(g) == 0 and remain[g])]
            faults += [f"after step {i} grid {g} is not in one piece" for g in broken]
            if worst(problem, labels) > ceiling + 1e-8:
                faults.append(f"after step {i} the violation is above the start's")
        now, said = min(worst(problem, labels), 1e300), min(step.violation_after, 1e300)
        if abs(now - said) > 1e-6 * max(1, said):
            faults.append(f"step {i} tells the wrong violation")
    if (labels != final).any():
        faults.append("the steps do not end at the plan")
    return faults


def _beside(labels: np.ndarray, transfer: Any, near: list[list[int]]) -> bool:
    inside = set(transfer.units.tolist())
    return any(labels[v] == transfer.sink for u in inside for v in near[u] if v not in inside)


def optimum(problem: Problem, seconds: float = 10.0) -> float | None:
    """The least moved share of any plan within tolerance, inf if there is none, None if not proven in time.

    A MILP with a cut for every disconnected grid that a solution has.
    """
    n, G = len(problem.weights), problem.n_grids
    current, near = np.asarray(problem.current), neighbours_of(problem)
    move = problem.weights[:, problem.move_weight]
    cost = np.repeat(move / move.sum(), G)
    cost[np.arange(n) * G + current] = 0
    fixed = np.asarray(problem.locked_units) | np.asarray(problem.locked_grids)[current]
    may = np.asarray(problem.unit_class)[:, None] == np.asarray(problem.grid_class)[None]
    may &= ~np.asarray(problem.locked_grids)[None] | (current[:, None] == np.arange(G)[None])
    may[fixed] = current[fixed][:, None] == np.arange(G)[None]
    rows, low, high = [np.kron(np.eye(n), np.ones(G))], [np.ones(n)], [np.ones(n)]
    target, tol = np.asarray(problem.target), np.asarray(problem.tolerance)
    for j in range(problem.weights.shape[1]):
        rows.append(np.kron(problem.weights[:, j], np.eye(G)))
        low.append(target[:, j] * (1 - tol[j]))
        high.append(target[:, j] * (1 + tol[j]))
    for _ in range(60):
        found = milp(
            cost,
            constraints=LinearConstraint(np.vstack(rows), np.concatenate(low), np.concatenate(high)),
            integrality=np.ones(n * G),
            bounds=Bounds(np.zeros(n * G), may.ravel().astype(float)),
            options={"time_limit": seconds, "mip_rel_gap": 0.0},
        )
        if found.status == 2:
            return np.inf
        if found.status != 0:
            return None
        labels = found.x.reshape(n, G).argmax(axis=1)
        cuts = _cuts(labels, G, near)
        if not len(cuts):
            return float(found.fun)
        rows.append(cuts)
        low.append(np.full(len(cuts), -np.inf))
        high.append(np.ones(len(cuts)))
    return None


def _cuts(labels: np.ndarray, G: int, near: list[list[int]]) -> np.ndarray:
    """For two pieces of a grid: a unit of each in it needs one of the first piece's neighbours in it."""
    n, cuts = len(labels), []
    for g in range(G):
        left, found = set(np.flatnonzero(labels == g).tolist()), []
        while left:
            stack, part = [left.pop()], set()
            while stack:
                u = stack.pop()
                part.add(u)
                new = {v for v in near[u] if v in left}
                left -= new
                stack += new
            found.append(part)
        for part in found[1:]:
            ring = {v for u in part for v in near[u]} - part
            rows = np.zeros((G, n, G))
            for h in range(G):
                rows[h, [min(part), min(found[0])], h] = 1
                rows[h, list(ring), h] = -1
            cuts.extend(rows.reshape(G, -1))
    return np.array(cuts)
