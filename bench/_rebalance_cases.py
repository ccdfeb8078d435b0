"""Redraws of a town of the kind that planners have, generated: the same size and seed give the same town.

A dense core (class A) and a belt (class B) with targets of their own; rivers with few bridges; two weights,
minutes (5 %) and customers (10 %), that go together only in part; grids that were even in both once. Then
estates grew on one side, visits became longer here and there, and grids took ground from each other in
chains, until half of them (hard: 70 %) were out of tolerance. One inner and one outer grid and some units
are locked.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from bench._rebalance_ground import Bools, Floats, Ground, Ints, draw, ground, pieces
from geo.rebalance import Problem

SIZES = {"XS": (500, 10), "S": (2_000, 40), "M": (20_000, 200), "L": (100_000, 500)}
TOLERANCE = np.array([0.05, 0.10])
TRAVEL = 10.0
"""Minutes a month for the square root of a customer and a square kilometre."""


@dataclass(frozen=True)
class Drift:
    """How far a town has gone: share of grids out of tolerance, growth at the poles, largest annexation, odds
    of chains of one, two and three annexations."""

    out: float
    growth: float
    take: float
    odds: tuple[float, float, float]


USUAL = Drift(0.5, 0.5, 0.45, (0.6, 0.3, 0.1))
HARD = Drift(0.7, 0.8, 0.55, (0.2, 0.4, 0.4))


@dataclass(frozen=True, eq=False)
class Case:
    """A problem and the ground it is on (None where there is no geometry)."""

    name: str
    problem: Problem
    land: Ground | None


def town(units: int, grids: int, seed: int, *, hard: bool = False, name: str = "town") -> Case:
    """A town whose grids have drifted apart."""
    rng, drift = np.random.default_rng([seed, 23]), HARD if hard else USUAL
    land = ground(rng, units)
    area = land.shapes.area / 1e6
    radius = np.hypot(*(land.xy - land.side / 2).T) / (land.side / 2)
    once = area * (1 + 7 * np.exp(-((radius / 0.36) ** 2))) * rng.lognormal(0, 0.8, units)
    once *= 60 * units / once.sum()
    grid, grid_class = _draw_all(rng, land, once, grids)
    even = _Even(grid, grid_class)
    width = 1000 * np.sqrt(np.bincount(grid, area, grids))
    pace = 2 * rng.lognormal(0, 0.5, units)
    where = rng.integers(units, size=2 * grids)
    spots = rng.choice([-0.6, 0.8], 2 * grids)
    pace *= np.exp(_spots(land.xy, land.xy[where], 0.25 * width[grid[where]], spots))
    once *= even.factor(rng, once)
    travel = TRAVEL * np.sqrt(once * area)
    pace *= even.factor(rng, once * pace + travel)
    customers = once * _growth(rng, land, grid, width, once, drift.growth)
    where = rng.integers(units, size=max(2, grids // 8))
    slower = _spots(land.xy, land.xy[where], 0.4 * width[grid[where]], rng.choice([-0.2, 0.25], len(where)))
    pace *= 1 + np.clip(slower, -0.11, 0.12)
    customers = np.maximum(1, np.round(np.minimum(customers, 0.12 * customers.sum() / grids)))
    minutes = customers * pace + TRAVEL * np.sqrt(customers * area)
    minutes = np.round(np.minimum(minutes, 0.12 * even.mean(minutes).min()), 1)
    weights = np.column_stack([minutes, customers])
    inside = land.outer[land.edges[:, 0]] == land.outer[land.edges[:, 1]]
    grid = _annexed(rng, land, land.edges[inside], grid, grid_class, weights, drift)
    locked = np.zeros(units, bool)
    locked[rng.choice(units, max(units // 200, min(units // 50, 200)), replace=False)] = True
    shut = _locked_grids(grid, grid_class, weights, radius, land.edges[inside])
    problem = Problem(
        weights=weights,
        edges=land.edges,
        current=grid,
        n_grids=grids,
        tolerance=TOLERANCE,
        edge_length=land.length,
        xy=land.xy,
        unit_class=land.outer,
        grid_class=grid_class,
        locked_units=locked,
        locked_grids=shut,
    )
    return Case(name, problem, land)


def fresh(units: int, grids: int, seed: int, *, name: str = "fresh") -> Case:
    """The same ground and weights without grids, one class: to be drawn from scratch."""
    case = town(units, grids, seed, name=name)
    p = case.problem
    return Case(
        name,
        Problem(p.weights, p.edges, None, grids, TOLERANCE, edge_length=p.edge_length, xy=p.xy),
        case.land,
    )


class _Even:
    """Weights brought to what the grids of a class have on average, nearly."""

    def __init__(self, grid: Ints, grid_class: Ints) -> None:
        self.grid, self.grid_class = grid, grid_class

    def mean(self, weight: Floats) -> Floats:
        """Mean load (G,) of the grids of the class of each grid."""
        load = np.bincount(self.grid, weight, len(self.grid_class))
        kind = np.bincount(self.grid_class, load) / np.maximum(1, np.bincount(self.grid_class))
        return np.asarray(kind[self.grid_class])

    def factor(self, rng: np.random.Generator, weight: Floats) -> Floats:
        """Factor (n,) that makes all grids even but for a percent or so."""
        load = np.bincount(self.grid, weight, len(self.grid_class))
        return np.asarray(self.mean(weight) / load * rng.normal(1, 0.012, len(load)))[self.grid]


def off(grid: Ints, grid_class: Ints, weights: Floats) -> Floats:
    """Largest deviation / tolerance (G,) of each grid."""
    even, worst = _Even(grid, grid_class), np.zeros(len(grid_class))
    for weight, tolerance in zip(weights.T, TOLERANCE, strict=True):
        load = np.bincount(grid, weight, len(grid_class))
        worst = np.maximum(worst, np.abs(load / even.mean(weight) - 1) / tolerance)
    return worst


def _draw_all(rng: np.random.Generator, land: Ground, weight: Floats, grids: int) -> tuple[Ints, Ints]:
    """Grids as they were drawn once, and their classes; those of the belt carry a third less."""
    want = weight * (1 + 0.35 * land.outer)
    inner = round(grids * want[land.outer == 0].sum() / want.sum())
    grid = np.zeros(len(weight), np.int64)
    for kind, first, count in ((0, 0, inner), (1, inner, grids - inner)):
        members = np.flatnonzero(land.outer == kind)
        grid[members] = first + draw(rng, land, members, weight, count)
    return grid, np.repeat([0, 1], [inner, grids - inner])


def _spots(xy: Floats, at: Floats, reach: Floats, height: npt.ArrayLike) -> Floats:
    """Sum (n,) of bumps of the given reaches (metres) and heights."""
    total = np.zeros(len(xy))
    for spot, r, h in zip(at, reach, np.asarray(height), strict=True):
        near = np.flatnonzero((np.abs(xy - spot) < 3.5 * r).all(axis=1))
        total[near] += h * np.exp(-((xy[near] - spot) ** 2).sum(axis=1) / (2 * r * r))
    return total


def _growth(
    rng: np.random.Generator, land: Ground, grid: Ints, width: Floats, weight: Floats, growth: float
) -> Floats:
    """Factor (n,) of growth around poles on one side of town; a class grows by 3 % at most."""
    angle = rng.uniform(0, 2 * np.pi)
    along = (land.xy - land.side / 2) @ np.array([np.cos(angle), np.sin(angle)]) / (land.side / 2)
    odds = np.exp(2.5 * along)
    count = max(2, len(width) // 25)
    poles = rng.choice(len(grid), count, p=odds / odds.sum())
    heat = _spots(land.xy, land.xy[poles], 0.5 * width[grid[poles]], rng.uniform(0.6, 1.2, count))
    heat = growth * np.minimum(heat, 1.2)
    for kind in (0, 1):
        here = land.outer == kind
        heat[here] *= min(1, 0.03 * weight[here].sum() / max(1e-9, (weight * heat)[here].sum()))
    return 1 + heat


def _annexed(
    rng: np.random.Generator,
    land: Ground,
    edges: Ints,
    grid: Ints,
    grid_class: Ints,
    weights: Floats,
    drift: Drift,
) -> Ints:
    """Grids after chains of annexations: a takes from b, b from c; a has too much then, and c too little."""
    grid, count = grid.copy(), np.zeros(len(grid_class), int)
    near = csr_matrix((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(len(grid),) * 2)
    near = (near + near.T).tocsr()
    for first in rng.permutation(np.tile(np.arange(len(grid_class)), 2)):
        if (off(grid, grid_class, weights) > 1).mean() >= drift.out:
            break
        chain, share = [int(first)], drift.take * rng.uniform(0.35, 1)
        for _ in range(int(rng.choice(3, p=drift.odds)) + 1):
            around = np.unique(grid[near[np.flatnonzero(grid == chain[-1])].indices])
            around = around[~np.isin(around, chain) & (count[around] < 2)]
            if count[chain[-1]] > 1 or not len(around):
                break
            chain.append(int(rng.choice(around)))
        for a, b in pairwise(chain):
            _take(near, grid, a, b, weights[:, 0], share * rng.uniform(0.9, 1.1))
            count[[a, b]] += 1
    return grid


def _take(near: csr_matrix, grid: Ints, a: int, b: int, weight: Floats, share: float) -> None:
    """Grid a takes about a share of grid b, from their common side inwards; both stay in one piece."""
    mine = np.flatnonzero(grid == b)
    goal, taken, front = float(weight[mine].sum()) * share, 0.0, np.flatnonzero(grid == a)
    while taken < goal:
        front = np.unique(near[front].indices)
        front = front[grid[front] == b]
        front = front[: np.searchsorted(np.cumsum(weight[front]), goal - taken) + 1]
        if not len(front) or len(front) == (grid == b).sum():
            break
        grid[front] = a
        taken += float(weight[front].sum())
    left = np.flatnonzero(grid == b)
    part = near[left][:, left].tocoo()
    piece = pieces(len(left), np.column_stack([part.row, part.col]).astype(np.int64))
    grid[left[piece != np.bincount(piece, weight[left]).argmax()]] = a


def _locked_grids(grid: Ints, grid_class: Ints, weights: Floats, radius: Floats, edges: Ints) -> Bools:
    """An inner and an outer grid within tolerance, that leave each class in one piece."""
    shut, worst = np.zeros(len(grid_class), bool), off(grid, grid_class, weights)
    if len(grid_class) < 20:
        return shut
    reach = np.bincount(grid, radius, len(grid_class)) / np.bincount(grid, minlength=len(grid_class))
    for inner in (True, False):
        for g in np.argsort(reach if inner else -reach, kind="stable"):
            if worst[g] >= 0.95 or (reach[g] < np.median(reach)) != inner:
                continue
            out = np.isin(grid, [*np.flatnonzero(shut), g])
            piece = pieces(len(grid), edges[~out[edges].any(axis=1)])
            if len(np.unique(piece[~out])) == 2:
                shut[g] = True
                break
    return shut
