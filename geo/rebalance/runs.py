"""Plans from searches: parts in parallel, several starts, and the cap on moved work."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from geo.rebalance import mend
from geo.rebalance.control import Control
from geo.rebalance.model import Model
from geo.rebalance.parts import Part, parts_of
from geo.rebalance.problem import Ints
from geo.rebalance.recombine import even_out
from geo.rebalance.search import Outcome, improve, schedule_for, standing

CAP_SHAPES = (0.1, 0.02)
"""Weights of the shape to try where the first plan moves more than the cap."""

FEWEST = 0.3
"""Up to this weight of the shape, the starts of a small part are compared by what they move."""
BARE = 0.05
"""Every second start of such a part hardly looks at the shape."""
TREES = 4
"""How many runs of recombination a part gets that annealing leaves outside its limits."""
SMALL = 1_000
"""A part with fewer borders than this (both ways) is small."""


@dataclass(frozen=True)
class How:
    """Seed, weight of the shape (mu), and a factor on the number of sweeps."""

    seed: int
    mu: float
    effort: float


def redraw(
    model: Model, current: Ints, how: How, control: Control, *, hopeless: bool = False, budget: float = np.inf
) -> Ints:
    """The best plan (n,) from today's. ``hopeless``: known to be infeasible, so little repair; ``budget``:
    the most move weight that may leave its grid.
    """
    start = _start(model, current, how, control)
    if model.within(model.loads(start)).all() and (start == current).all():
        control.feasible_now()
    labels = start.copy()
    parts = parts_of(model, start)
    load, away = model.loads(start), np.where((model.home >= 0) & (start != model.home), model.move, 0.0)
    for part in parts:
        control.stand(part.number, *standing(model, part, load, float(away[part.units].sum())))
    tasks: list[Callable[[], Outcome]] = []
    of: list[int] = []
    budgets = _budgets(model, parts, start, budget)
    for part, share in zip(parts, budgets, strict=True):
        schedule = schedule_for(part, how.mu).scaled(how.effort)
        if hopeless:
            schedule = replace(schedule, repairs=1)
        for s in range(_starts(part)):
            key = (how.seed, part.number, s)
            run = replace(schedule, mu=min(how.mu, BARE)) if s % 2 and _bare(part, how) else schedule
            tasks.append(partial(improve, model, part, start, key, run, control, len(tasks), share))
            of.append(part.number)
    best: dict[int, Outcome] = {}
    for number, outcome in zip(of, control.run(tasks), strict=True):
        bare = _bare(parts[number], how)
        if number not in best or _rank(outcome, bare) < _rank(best[number], bare):
            best[number] = outcome
    for part in parts:
        labels[part.units] = best[part.number].labels
    if not hopeless:
        settle(model, parts, budgets, labels, how, control)
    if model.within(model.loads(labels)).all():
        control.feasible_now()
    return labels


def _start(model: Model, current: Ints, how: How, control: Control) -> Ints:
    rng = np.random.default_rng([how.seed, 1])
    return control.run([partial(mend.whole_start, model, current, rng, control.stopped)])[0]


def capped(
    model: Model,
    current: Ints,
    labels: Ints,
    how: How,
    control: Control,
    max_moved: float | None,
    hopeless: bool,
) -> Ints:
    """The plan, or one that keeps the cap: first with less weight on shape, then with the cap as a wall.

    ``hopeless``: the cap is known to be too low, so the nearest plan within it is looked for at once.
    """
    if max_moved is None or model.moved_share(labels) <= max_moved:
        return labels
    for mu in () if hopeless else CAP_SHAPES:
        if control.look():
            break
        again = redraw(model, current, replace(how, mu=mu), control)
        if model.moved_share(again) <= max_moved and model.within(model.loads(again)).all():
            return again
    forced = float(model.move[~model.remain[current]].sum())
    budget = max_moved * float(model.move.sum()) - forced
    start = _start(model, current, how, control)
    away = (start != current) & model.remain[current]
    budget -= float(model.move[away].sum())
    if budget < 0:
        return current.copy()
    return redraw(model, current, replace(how, mu=CAP_SHAPES[-1]), control, hopeless=hopeless, budget=budget)


def settle(
    model: Model, parts: list[Part], budgets: list[float], labels: Ints, how: How, control: Control
) -> None:
    """Recombine, in place, the parts of a plan (n,) that are outside their limits."""
    within = model.within(model.loads(labels))
    off = [p for p in parts if not within[p.grids].all() and len(p.grids) > 1]
    if not off or control.look():
        return
    tasks: list[Callable[[], Outcome]] = []
    for part in off:
        schedule = schedule_for(part, how.mu).scaled(how.effort)
        for s in range(TREES):
            key = (how.seed, part.number, s, 3)
            tasks.append(
                partial(
                    even_out, model, part, labels.copy(), key, schedule, control, len(tasks),
                    budgets[part.number], how.effort,
                )
            )  # fmt: skip
    found = control.run(tasks)
    for i, part in enumerate(off):
        best = min(found[i * TREES : (i + 1) * TREES], key=lambda o: _rank(o, _bare(part, how)))
        labels[part.units] = best.labels


def _budgets(model: Model, parts: list[Part], start: Ints, budget: float) -> list[float]:
    """A budget of moved weight for each part, by what is out of place in it; on top of what mending moves."""
    if not np.isfinite(budget):
        return [np.inf] * len(parts)
    excess = model.excess(model.loads(start)) * model.scale
    need = np.array([excess[p.grids].sum() for p in parts])
    away = (model.home >= 0) & (start != model.home)
    mended = np.array([model.move[p.units[away[p.units]]].sum() for p in parts])
    total = float(need.sum())
    share = need / total if total > 0 else np.zeros(len(parts))
    return list((mended + budget * share) * (1 - 1e-9))


def _bare(part: Part, how: How) -> bool:
    """Whether moves alone make the better plan: few units, where shape is a matter of chance."""
    return how.mu <= FEWEST and len(part.source) < SMALL


def _rank(outcome: Outcome, bare: bool) -> tuple[bool, float, float, float]:
    return (not outcome.feasible, outcome.worst, outcome.excess, outcome.moved if bare else outcome.energy)


def _starts(part: Part) -> int:
    """How many independent runs a part gets: luck evens out where parts are small."""
    size = len(part.source)
    return 8 if size < 300 else 6 if size < SMALL else 2 if size < 15_000 else 1
