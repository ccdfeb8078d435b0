"""Small redraws of every kind, one for each number; and how they are kept in a file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import Delaunay

from geo.errors import InputError
from geo.rebalance import Problem

FIELDS = (
    "weights", "edges", "current", "n_grids", "tolerance", "edge_length", "target", "dissolve", "unit_class",
    "grid_class", "locked_units", "locked_grids", "move_weight",
)  # fmt: skip


@dataclass(frozen=True)
class Task:
    """A problem and how it is asked."""

    problem: Problem
    max_moved: float | None = None
    prefer: str = "moves"
    seed: int = 0

    def save(self, path: Path) -> None:
        """Write it as JSON (with Infinity for a weight that is not balanced)."""
        values = {name: getattr(self.problem, name) for name in FIELDS}
        plain = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}
        asked = {"max_moved": self.max_moved, "prefer": self.prefer, "seed": self.seed}
        path.write_text(json.dumps({"problem": plain, **asked}))

    @staticmethod
    def load(path: Path) -> "Task":
        """Read what `save` wrote."""
        kept = json.loads(path.read_text())
        return Task(Problem(**kept.pop("problem")), **kept)


def task(number: int, most: int = 26) -> Task | None:
    """The redraw of this number, with at most ``most`` units; None where no such problem may be posed."""
    rng = np.random.default_rng([number, most, 11])
    try:
        problem = _problem(rng, most)
    except InputError:
        return None
    cap = float(rng.choice([0.0, 0.03, 0.1, 0.25, 0.5])) if rng.random() < 0.25 else None
    prefer = "compact" if rng.random() < 0.15 else "moves"
    return Task(problem, cap if problem.current is not None else None, prefer, number % 7)


def _problem(rng: np.random.Generator, most: int) -> Problem:
    n = int(rng.integers(1, max(2, min(most, 12)))) if rng.random() < 0.4 else int(rng.integers(1, most + 1))
    xy, edges = _ground(rng, n)
    weights = _weights(rng, n, int(rng.choice([1, 1, 1, 2, 2, 3])))
    k = weights.shape[1]
    tolerance = rng.choice([0.0, 0.05, 0.1, 0.2, 0.3, 0.3, 0.5, 0.5, np.inf], k)
    unit_class = np.zeros(n, int)
    if rng.random() < 0.3:
        unit_class = np.searchsorted(np.sort(rng.random(int(rng.integers(1, 3)))), xy[:, 0])
    common: dict[str, Any] = {
        "weights": weights,
        "edges": edges,
        "tolerance": tolerance,
        "edge_length": rng.uniform(0, 3, len(edges)) if rng.random() < 0.3 else None,
        "unit_class": unit_class,
        "move_weight": int(rng.integers(k)),
    }
    if rng.random() < 0.1:
        return Problem(current=None, n_grids=int(rng.integers(1, min(n, 6) + 1)), **common)
    current, grids = _today(rng, xy, unit_class)
    grid_class = np.array([unit_class[np.argmax(current == g)] for g in range(grids)])
    if rng.random() < 0.15:
        new = int(rng.integers(1, 3))
        grid_class = np.append(grid_class, rng.choice(grid_class, new))
        grids += new
    dissolve = np.zeros(grids, bool)
    if grids > 1 and rng.random() < 0.15:
        dissolve[rng.integers(grids)] = True
    shut = np.zeros(grids, bool)
    if grids > 1 and rng.random() < 0.15:
        shut[rng.integers(grids)] = True
    target = None
    if rng.random() < 0.2:
        sums = np.array([weights[unit_class == c].sum(axis=0) for c in grid_class])
        count = np.array([((grid_class == c) & ~dissolve).sum() for c in grid_class])
        target = sums / np.maximum(1, count)[:, None] * rng.choice([0.8, 1.0, 1.0, 1.25], (grids, 1))
    return Problem(
        current=current,
        n_grids=grids,
        grid_class=grid_class,
        dissolve=dissolve,
        locked_units=rng.random(n) < (0.15 if rng.random() < 0.3 else 0.0),
        locked_grids=shut,
        target=target,
        **common,
    )


def _ground(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 2) and neighbours (m, 2): a plane, a lattice, a strip, a tree, or two banks of a river."""
    xy = rng.random((n, 2))
    kind = rng.choice(["plane", "plane", "thin", "lattice", "strip", "tree", "river"])
    if kind == "tree" or n < 5:
        below = np.array([rng.integers(max(0, i - 3), i) for i in range(1, n)], int)
        return xy, np.column_stack([below, np.arange(1, n)])
    if kind in ("lattice", "strip"):
        columns = n if rng.random() < 0.2 else max(1, n // 2 if kind == "strip" else int(np.sqrt(n)))
        x, y = np.arange(n) % columns, np.arange(n) // columns
        beside = [(u, u + 1) for u in range(n - 1) if x[u] + 1 < columns]
        below = [(u, u + columns) for u in range(n - columns)]
        return np.column_stack([(x + 0.5) / columns, y / (n // columns + 1)]), np.array(beside + below)
    corners = Delaunay(xy).simplices
    edges = np.unique(np.sort(corners[:, [[0, 1], [1, 2], [0, 2]]].reshape(-1, 2), axis=1), axis=0)
    if kind == "thin":
        edges = edges[rng.random(len(edges)) < 0.75]
    if kind == "river":
        over = (xy[edges, 0] > 0.5).sum(axis=1) == 1
        bridges = rng.permutation(np.flatnonzero(over))[: int(rng.integers(3))]
        over[bridges] = False
        edges = edges[~over]
    return xy, edges


def _weights(rng: np.random.Generator, n: int, k: int) -> np.ndarray:
    """Weights (n, k): whole, uneven, mostly zero, nearly weightless here and there, or one very heavy."""
    kind = rng.choice(["whole", "whole", "one", "uneven", "uneven", "zeros", "feather", "heavy"])
    if kind == "one":
        return np.ones((n, k))
    if kind == "uneven":
        return np.asarray(rng.lognormal(0, 0.6, (n, k)))
    weights = rng.integers(1, 7, (n, k)).astype(float)
    if kind == "zeros":
        weights[rng.random((n, k)) < 0.6] = 0
    if kind == "feather":
        weights[rng.random(n) < 0.3] = 0.01
    if kind == "heavy":
        weights[rng.integers(n)] *= 5
    return weights


def _today(rng: np.random.Generator, xy: np.ndarray, unit_class: np.ndarray) -> tuple[np.ndarray, int]:
    """Today's grid of each unit: nearest seed of its class (often in pieces), some units astray."""
    current, grids = np.zeros(len(xy), int), 0
    for c in np.unique(unit_class):
        mine = np.flatnonzero(unit_class == c)
        seeds = rng.choice(mine, min(len(mine), int(rng.integers(1, 5))), replace=False)
        gap = ((xy[mine][:, None] - xy[seeds][None]) ** 2).sum(axis=-1)
        nearest = gap.argmin(axis=1)
        if rng.random() < 0.12:
            astray = np.setdiff1d(np.arange(len(mine)), np.searchsorted(mine, seeds))
            astray = astray[rng.random(len(astray)) < 0.3]
            nearest[astray] = rng.integers(len(seeds), size=len(astray))
        current[mine] = grids + nearest
        grids += len(seeds)
    return current, grids
