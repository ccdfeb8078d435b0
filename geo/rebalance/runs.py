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
from geo.rebalance.search import Outcome, improve, schedule_for

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


PILOT, PILOT_REPAIRS = 0.12, 4
"""Share of the sweeps, and repairs, of the short run that gives each part its first plan."""
AS_BEFORE, BEND = 1.0, 0.1
"""Length of cut borders, as a multiple of today's, that is aimed at, and how that answers to mu: a multiple
that is longer by ``BEND`` asks for e times the weight."""
LEAST_MU, MOST_MU = 0.5, 2.0
"""How far the weight of the shape may be changed so."""
BESIDE = 0.6
"""A part with at most this share of the borders of the largest is run twice: it would be done long before."""
ROUNDING = 1e-12
"""Room for rounding when a moved share is compared with the cap."""


@dataclass(frozen=True)
class How:
    """Seed, weight of the shape (mu), and a factor on the number of sweeps.

    ``as_before``: mu is a first guess; each part gets what keeps its borders about as long as today.
    """

    seed: int
    mu: float
    effort: float
    as_before: bool = False


def redraw(
    model: Model, current: Ints, how: How, control: Control, *, hopeless: bool = False, budget: float = np.inf
) -> Ints:
    """The best plan (n,) from today's. ``hopeless``: known to be infeasible, so little repair; ``budget``:
    the most move weight that may leave its grid.

    A short run gives every part a first plan, then the long runs start from today's plan again.
    """
    start = _start(model, current, how, control)
    labels = start.copy()
    parts = parts_of(model, start)
    budgets = _budgets(model, parts, start, budget)
    _stand(model, parts, start, control)
    pilots: list[Outcome] = []
    if not hopeless:
        pilots = control.run([
            partial(_pilot, model, part, start, how, control, share)
            for part, share in zip(parts, budgets, strict=True)
        ], counted=False)  # fmt: skip
    tasks: list[Callable[[], Outcome]] = []
    of: list[int] = []
    largest = max((len(part.source) for part in parts), default=0)
    for part, share in zip(parts, budgets, strict=True):
        mu = _as_before(model, part, start, pilots[part.number], how) if how.as_before and pilots else how.mu
        schedule = schedule_for(part, mu).scaled(how.effort)
        if hopeless:
            schedule = replace(schedule, repairs=1)
        for s in range(_starts(part, largest)):
            key = (how.seed, part.number, s)
            run = replace(schedule, mu=min(mu, BARE)) if s % 2 and _bare(part, how) else schedule
            tasks.append(partial(improve, model, part, start, key, run, control, len(tasks), share))
            of.append(part.number)
    best: dict[int, Outcome] = {}
    for number, outcome in zip(of, control.run(tasks), strict=True):
        bare = _bare(parts[number], how)
        if number not in best or _rank(outcome, bare) < _rank(best[number], bare):
            best[number] = outcome
    for part in parts:
        unsure = not best[part.number].feasible or control.stopped()
        if pilots and unsure and _rank(pilots[part.number], True) < _rank(best[part.number], True):
            best[part.number] = pilots[part.number]
        labels[part.units] = best[part.number].labels
    if not hopeless:
        settle(model, parts, budgets, labels, how, control)
    return labels


def _stand(model: Model, parts: list[Part], start: Ints, control: Control) -> None:
    """Tell how the plan to start from stands, part by part, and what belongs to none."""
    load = model.loads(start)
    within, off = model.within(load), model.violations(load)
    away = np.where((start != model.problem.current), model.move, 0.0) / float(model.move.sum())
    rest_grids, rest_units = np.ones(model.G, bool), np.ones(model.n, bool)
    for part in parts:
        rest_grids[part.grids] = rest_units[part.units] = False
        worst, moved = float(off[part.grids].max()), float(away[part.units].sum())
        control.stand(part.number, bool(within[part.grids].all()), worst, moved)
    if rest_grids.any():
        worst, moved = float(off[rest_grids].max()), float(away[rest_units].sum())
        control.stand(-1, bool(within[rest_grids].all()), worst, moved)


def _pilot(model: Model, part: Part, start: Ints, how: How, control: Control, budget: float) -> Outcome:
    schedule = replace(schedule_for(part, how.mu), repairs=PILOT_REPAIRS).scaled(PILOT * how.effort)
    return improve(model, part, start, (how.seed, part.number, 8), schedule, control, -1, budget)


def _as_before(model: Model, part: Part, start: Ints, pilot: Outcome, how: How) -> float:
    """The weight of the shape that will keep a part's borders about as long as in ``start`` (n,).

    The borders of a short run that ends outside the limits tell nothing: it was stopped halfway.
    """
    if not pilot.feasible:
        return how.mu
    inside = np.zeros(model.n, bool)
    inside[part.units] = True
    source = np.repeat(np.arange(model.n), np.diff(model.indptr))
    cut = start[source] != start[model.indices]
    own = float(model.cut[cut & inside[source]].sum() / 2)
    longer = (pilot.cut - float(model.cut[cut].sum() / 2)) / own if own > 0 else 0.0
    by = np.exp((1 + longer - AS_BEFORE) / BEND)
    return float(how.mu * np.clip(by, LEAST_MU, MOST_MU))


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
    if max_moved is None or model.moved_share(labels) <= max_moved + ROUNDING:
        return labels
    for mu in () if hopeless else CAP_SHAPES:
        if control.look():
            break
        again = redraw(model, current, replace(how, mu=mu, as_before=False), control)
        if model.moved_share(again) <= max_moved + ROUNDING and model.within(model.loads(again)).all():
            return again
    forced = float(model.move[~model.remain[current]].sum())
    budget = (max_moved + ROUNDING) * float(model.move.sum()) - forced
    start = _start(model, current, how, control)
    away = (start != current) & model.remain[current]
    budget -= float(model.move[away].sum())
    if budget < 0:
        return current.copy()
    bare = replace(how, mu=CAP_SHAPES[-1], as_before=False)
    return redraw(model, current, bare, control, hopeless=hopeless, budget=budget)


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


def _starts(part: Part, largest: int) -> int:
    """How many independent runs a part gets: luck evens out where parts are small."""
    size = len(part.source)
    if size < SMALL:
        return 8 if size < 300 else 6
    return 2 if size < 15_000 or size <= BESIDE * largest else 1
