"""Several plans between fewest moves and best balance and shape, none dominated by another.

The first is that of a single run. Each next one is annealed from the plan before it in fewer sweeps,
with a tighter tolerance and more weight on shape: what the first run found, and what it proved, is not
sought again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from geo.metrics import Shapes, mean_polsby_popper
from geo.rebalance.control import Cancel, Control, Progress
from geo.rebalance.engine import SHAPE, Result, no_worse, rebalance, sibling
from geo.rebalance.model import Model, model_of
from geo.rebalance.parts import parts_of
from geo.rebalance.problem import Ints, Problem
from geo.rebalance.search import Outcome, improve, schedule_for

TIGHT = 0.35
"""Share of the tolerance that the last plan uses; the first may use all of it."""
ROUND = 3.0
"""Weight of the shape (mu) in the last plan."""
SWEEPS = 0.3
"""Sweeps of a next plan, as a share of those of a first one."""
FIRST = 0.6
"""Share of the time limit that the first plan may use."""


def frontier(
    problem: Problem,
    plans: int,
    *,
    shapes: Shapes | None = None,
    seed: int = 0,
    time_limit: float | None = 60.0,
    max_moved: float | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    effort: float = 1.0,
) -> list[Result]:
    """At most ``plans`` plans, from fewest moves to best balance and shape; other arguments as in rebalance.

    A plan is dominated by one that moves no more, is no further off and no less compact (mean
    Polsby-Popper, else number of cut borders). Where the first is not feasible it is returned alone.
    """
    started = time.monotonic()
    tries = plans - 1 + plans // 3 if plans > 1 else 0
    whole = 1 + SWEEPS * tries
    first = rebalance(
        problem,
        seed,
        None if time_limit is None or plans == 1 else FIRST * time_limit,
        max_moved,
        threads=threads,
        progress=_part_of(progress, 0.0, 1 / whole, 1),
        cancel=cancel,
        effort=effort,
    )
    current = problem.current
    widest = np.asarray(
        (first.model if current is None else no_worse(first.model, current)).problem.tolerance
    )
    found = [first]
    for i in range(1, 1 + tries if first.feasible else 1):
        left = None if time_limit is None else (time_limit - (time.monotonic() - started)) / (1 + tries - i)
        if found[-1].stopped_by == "cancelled" or (left is not None and left <= 0):
            break
        tell = _part_of(progress, (1 + SWEEPS * (i - 1)) / whole, SWEEPS / whole, i + 1)
        control = Control(left, threads, tell, cancel)
        f = i / tries
        tighter = model_of(replace(problem, tolerance=widest * (1 + (TIGHT - 1) * f)))
        mu = SHAPE["moves"] * (ROUND / SHAPE["moves"]) ** f
        labels = _next(tighter, found[-1].labels, (seed, i), mu, effort, max_moved, control)
        found.append(sibling(first, labels, max_moved, control))
    return _spread(_undominated([r for r in found if r.feasible] or [first], shapes), plans)


def _next(
    model: Model, labels: Ints, seed: tuple[int, int], mu: float, effort: float, max_moved: float | None,
    control: Control,
) -> Ints:  # fmt: skip
    """A plan (n,) annealed from another, part by part."""
    parts = parts_of(model, labels)
    tasks: list[Callable[[], Outcome]] = []
    control.tell(stage="search")
    for part, budget in zip(parts, _budgets(model, labels, [p.units for p in parts], max_moved), strict=True):
        schedule = replace(schedule_for(part, mu), repairs=2).scaled(SWEEPS * effort)
        key = (*seed, part.number, 5)
        tasks.append(partial(improve, model, part, labels, key, schedule, control, part.number, budget))
    out = labels.copy()
    for part, outcome in zip(parts, control.run(tasks), strict=True):
        out[part.units] = outcome.labels
    return out


def _budgets(model: Model, labels: Ints, parts: list[Ints], max_moved: float | None) -> list[float]:
    """The most weight that each part may move: what it moves now, and a share of what is left to the cap."""
    away = np.where((model.home >= 0) & (labels != model.home), model.move, 0.0)
    moved = np.array([away[units].sum() for units in parts])
    if max_moved is None or moved.sum() <= 0:
        return [np.inf if max_moved is None else 0.0] * len(parts)
    gone = float(model.move[~model.remain[model.problem.current]].sum())
    room = max_moved * float(model.move.sum()) - gone
    return list(moved * max(1.0, room / float(moved.sum())) * (1 - 1e-9))


def measures(result: Result, shapes: Shapes | None) -> tuple[float, float, float | None]:
    """Moved share, violation and mean Polsby-Popper of a plan."""
    n_grids = result.problem.n_grids
    round_ = None if shapes is None else mean_polsby_popper(shapes, result.labels, n_grids)
    return result.moved_share, result.violation, round_


def _undominated(plans: list[Result], shapes: Shapes | None) -> list[Result]:
    costs = []
    for p in plans:
        share, violation, round_ = measures(p, shapes)
        edges = np.asarray(p.problem.edges)
        cut = float((p.labels[edges[:, 0]] != p.labels[edges[:, 1]]).sum())
        costs.append((share, violation, cut if round_ is None else -round_))
    kept: list[int] = []
    for i in sorted(range(len(plans)), key=lambda i: costs[i]):
        if not any(all(a <= b for a, b in zip(costs[j], costs[i], strict=True)) for j in kept):
            kept.append(i)
    return [plans[i] for i in kept]


def _spread(plans: list[Result], most: int) -> list[Result]:
    """The first, the last and what lies well between them: of the two nearest one is left out."""
    kept = list(plans)
    while len(kept) > most:
        gap = [kept[i + 1].moved_share - kept[i - 1].moved_share for i in range(1, len(kept) - 1)]
        kept.pop(1 + int(np.argmin(gap)) if gap else -1)
    return kept


def _part_of(
    progress: Progress | None, begin: float, share: float, plan: int
) -> Callable[[Mapping[str, Any]], None] | None:
    if progress is None:
        return None

    def tell(event: Mapping[str, Any]) -> None:
        done = begin + share * float(event.get("progress", 0.0))
        progress({**event, "plan": plan, "progress": round(done, 4)})

    return tell
