"""Several plans between fewest moves and best balance and shape, none dominated by another."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from geo.metrics import Shapes, mean_polsby_popper
from geo.rebalance.control import Cancel, Progress
from geo.rebalance.engine import Result, plan_of, rebalance
from geo.rebalance.problem import Problem

LOOSE, TIGHT = 1.0, 0.4
"""Share of the tolerance that the first and the last plan use."""
PLAIN, ROUND = 0.1, 2.0
"""Weight of the shape (mu) in the first and the last plan."""


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
) -> list[Result]:
    """At most ``plans`` plans, from fewest moves to best balance and shape; other arguments as in rebalance.

    Each run uses less of the tolerance and weighs shape more. A plan is dominated by one that moves no
    more, is no further off and no less compact (mean Polsby-Popper, else number of cut borders). Where no run
    is feasible the nearest plan is returned alone.
    """
    found: list[Result] = []
    tolerance = np.asarray(problem.tolerance)
    for i in range(plans):
        f = i / max(1, plans - 1)
        tighter = replace(problem, tolerance=tolerance * (LOOSE + (TIGHT - LOOSE) * f))
        run = rebalance(
            tighter,
            seed,
            None if time_limit is None else time_limit / plans,
            max_moved,
            threads=threads,
            progress=_part_of(progress, i, plans),
            cancel=cancel,
            mu=PLAIN * (ROUND / PLAIN) ** f,
            effort=0.5,
        )
        found.append(plan_of(problem, run, max_moved))
        if run.stopped_by == "cancelled":
            break
    good = [r for r in found if r.feasible]
    if not good:
        return [min(found, key=lambda r: r.violation)]
    return _undominated(good, shapes)


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


def _part_of(progress: Progress | None, i: int, plans: int) -> Callable[[Mapping[str, Any]], None] | None:
    if progress is None:
        return None

    def tell(event: Mapping[str, Any]) -> None:
        progress({**event, "plan": i + 1, "progress": (i + float(event.get("progress", 0.0))) / plans})

    return tell
