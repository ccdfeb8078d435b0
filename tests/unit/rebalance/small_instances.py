"""Small redraws of every kind that a bound could get wrong, and their optimum from another model."""

from functools import cache

import numpy as np
from redraws import lattice, strips
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_matrix
from scipy.spatial import Delaunay

from geo.rebalance import Problem

SOLVED = (
    1, 3, 8, 11, 12, 13, 14, 15, 16, 17, 25, 27, 30, 33, 34, 35, 42, 44, 46, 51, 53, 56, 57, 60, 63, 67, 70,
    73, 77, 79, 80, 89, 93, 96, 98, 99,
)  # fmt: skip
"""Seeds of instances, of every kind, that the flow model solves in a moment."""
KINDS = ("blobs", "strips", "tentacles", "classes", "locks", "two weights", "new grid", "dissolved")


def instance(seed: int) -> Problem:
    """A problem with 8 to 24 units in 2 to 4 grids; the kind goes round with the seed.

    In ``tentacles`` a grid at one end has grown, one at the other end is short, and a row of nearly
    weightless units leads past the grids between them.
    """
    rng = np.random.default_rng([seed, 7])
    kind = KINDS[seed % len(KINDS)]
    if kind in ("strips", "tentacles"):
        widths = rng.integers(1, 4, int(rng.integers(3, 5))).tolist()
        rows = int(rng.integers(2, 4))
        columns = sum(widths)
        edges, current = lattice(columns, rows), strips(columns, rows, widths)
        weights = rng.integers(2, 7, columns * rows).astype(float)
        if kind == "tentacles":
            weights[:columns] = rng.choice([0.0, 0.01, 0.1], columns)
            weights[(current == 0) & (np.arange(len(current)) >= columns)] *= 1.6
            weights[(current == current.max()) & (np.arange(len(current)) >= columns)] *= 0.6
    else:
        n = int(rng.integers(8, 22))
        xy = rng.random((n, 2))
        tri = Delaunay(xy).simplices
        edges = np.unique(
            np.sort(np.vstack([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [0, 2]]]), axis=1), axis=0
        )
        current = _grown(edges, n, int(rng.integers(2, 5)), rng)
        weights = rng.lognormal(0, 0.6, n) if seed % 16 < 8 else rng.integers(1, 9, n).astype(float)
    n, G = len(current), int(current.max()) + 1
    table = weights[:, None]
    if kind == "two weights":
        table = np.column_stack([weights, weights * rng.lognormal(0, 0.3, n)])
    unit_class = np.where(current < max(1, G // 2), 0, 1) if kind == "classes" else np.zeros(n, int)
    empty = 1 if kind == "new grid" else 0
    dissolve = np.zeros(G + empty, bool)
    dissolve[0] = kind == "dissolved" and G > 2
    locked = rng.random(n) < (0.2 if kind == "locks" else 0.0)
    return Problem(
        weights=table,
        edges=edges,
        current=current,
        n_grids=G + empty,
        tolerance=float(rng.choice([0.1, 0.15, 0.25, 0.4])),
        unit_class=unit_class,
        locked_units=locked & ~dissolve[current],
        dissolve=dissolve,
    )


def _grown(edges: np.ndarray, n: int, grids: int, rng: np.random.Generator) -> np.ndarray:
    """Connected grids (n,), grown one unit at a time from random seeds."""
    label = np.full(n, -1)
    label[rng.choice(n, grids, replace=False)] = np.arange(grids)
    while (label < 0).any():
        a, b = edges[rng.permutation(len(edges))].T
        one = np.flatnonzero((label[a] >= 0) != (label[b] >= 0))[0]
        label[a[one]] = label[b[one]] = max(label[a[one]], label[b[one]])
    return label


@cache
def known_optimum(seed: int) -> float:
    """The least moved share of one of the instances SOLVED; inf if there is no plan."""
    found = flow_optimum(instance(seed), 120.0)
    assert found is not None
    return found


def flow_optimum(problem: Problem, seconds: float) -> float | None:
    """The least moved share of any whole plan within tolerance; inf if there is none, None if out of time.

    Contiguity by flow: each grid has one root that sends a unit of flow to each unit in it, over its units.
    """
    n, G = len(problem.weights), problem.n_grids
    current = np.asarray(problem.current)
    both = np.concatenate([problem.edges, problem.edges[:, ::-1]])
    arcs, stays = len(both), np.flatnonzero(~np.asarray(problem.dissolve))
    R, F = n * G, 2 * n * G
    columns = F + arcs * G
    move = problem.weights[:, problem.move_weight]
    cost = np.zeros(columns)
    for u in range(n):
        cost[u * G : (u + 1) * G] = move[u] / move.sum()
        cost[u * G + current[u]] = 0
    upper = np.ones(columns)
    upper[F:] = n
    may = np.asarray(problem.unit_class)[:, None] == np.asarray(problem.grid_class)[None]
    may &= ~np.asarray(problem.dissolve)[None]
    may &= ~(np.asarray(problem.locked_grids)[None] & (current[:, None] != np.arange(G)[None]))
    fixed = np.asarray(problem.locked_units) | np.asarray(problem.locked_grids)[current]
    may[fixed] = current[fixed, None] == np.arange(G)[None]
    upper[:R] = may.ravel()
    cost[: n * G][np.repeat(np.asarray(problem.dissolve)[current], G)] = 0
    target, tol = np.asarray(problem.target), np.asarray(problem.tolerance)
    rows: list[tuple[dict[int, float], float, float]] = []
    rows += [({u * G + g: 1.0 for g in range(G)}, 1.0, 1.0) for u in range(n)]
    for g in stays.tolist():
        rows.append(({R + u * G + g: 1.0 for u in range(n)}, 1.0, 1.0))
        for j in range(len(tol)):
            load = {u * G + g: float(problem.weights[u, j]) for u in range(n)}
            rows.append((load, target[g, j] * (1 - tol[j]) - 1e-9, target[g, j] * (1 + tol[j]) + 1e-9))
        for u in range(n):
            rows.append(({u * G + g: 1.0, R + u * G + g: -1.0}, 0.0, np.inf))
            node = {u * G + g: -1.0, R + u * G + g: float(n)}
            for e, (a, b) in enumerate(both.tolist()):
                if u in (a, b):
                    node[F + e * G + g] = 1.0 if b == u else -1.0
            rows.append((node, 0.0, np.inf))
        rows += [
            ({F + e * G + g: 1.0, int(b) * G + g: -float(n)}, -np.inf, 0.0) for e, b in enumerate(both[:, 1])
        ]
        rows += [
            ({F + e * G + g: 1.0, int(a) * G + g: -float(n)}, -np.inf, 0.0) for e, a in enumerate(both[:, 0])
        ]
    table = lil_matrix((len(rows), columns))
    for i, (row, _, _) in enumerate(rows):
        for column, value in row.items():
            table[i, column] = value
    whole = np.zeros(columns)
    whole[:F] = 1
    found = milp(
        cost,
        constraints=LinearConstraint(table.tocsr(), [r[1] for r in rows], [r[2] for r in rows]),
        integrality=whole,
        bounds=Bounds(np.zeros(columns), upper),
        options={"time_limit": seconds, "mip_rel_gap": 0.0},
    )
    if found.status == 2:
        return np.inf
    forced = float(move[np.asarray(problem.dissolve)[current]].sum() / move.sum())
    return float(found.fun) + forced if found.status == 0 else None
