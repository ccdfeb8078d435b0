"""The redraw as a whole: start, search, cap, bound, reasons, steps."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from geo.errors import InputError
from geo.rebalance import bounds, certificates, flow, greenfield, mend, steps
from geo.rebalance.bounds import Bound
from geo.rebalance.certificates import Certificate
from geo.rebalance.control import Cancel, Control, Progress
from geo.rebalance.model import Model, model_of
from geo.rebalance.parts import Part, parts_of
from geo.rebalance.problem import Floats, Ints, Problem
from geo.rebalance.search import Outcome, Schedule, improve, schedule_for
from geo.rebalance.steps import Step

SHAPE = {"moves": 0.3, "compact": 1.5}
"""Weight of cut borders (mu) by what is preferred, in mean unit weights a mean border."""


@dataclass(frozen=True, eq=False)
class Result:
    """A plan and what is known about it.

    ``labels`` (n,) grid numbers; ``violation`` max deviation / tolerance; ``max_deviation`` (k,);
    ``moved_share`` of the move weight; ``bound`` the proven least share and ``estimate`` the usual one (None
    from scratch); ``moves`` ordered steps; ``certificates`` reasons when not feasible; ``seconds`` with
    ``total`` and ``first_feasible`` (None if never); ``stopped_by`` optimal, converged, time_limit or
    cancelled.
    """

    problem: Problem
    labels: Ints
    feasible: bool
    violation: float
    max_deviation: Floats
    moved_share: float
    bound: float | None
    bound_source: str | None
    estimate: float | None
    moves: list[Step]
    certificates: list[Certificate]
    seconds: dict[str, float | None]
    stopped_by: str
    seed: int
    largest_step: float
    model: Model = field(repr=False)


def rebalance(
    problem: Problem,
    seed: int = 0,
    time_limit: float | None = 60.0,
    max_moved: float | None = None,
    prefer: str = "moves",
    threads: int | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    *,
    mu: float | None = None,
) -> Result:
    """The best plan found: within tolerance if it can be, then least moved (or compact), each grid whole.

    ``time_limit`` seconds (None: none); ``max_moved`` a hard cap on the moved share; ``prefer`` "moves" or
    "compact"; ``threads`` default all cores (they never change the plan); ``progress`` gets a mapping with
    ``stage``, ``progress`` 0..1, ``seconds`` and figures as they become known, several times a second;
    ``cancel`` is asked as often, and the best plan so far is returned. ``mu`` overrides the weight of shape.
    Raises InputError for bad arguments. The same problem, seed and options give the same plan when the
    time limit does not bite. Method: simulated annealing of border moves from the current plan.
    """
    if prefer not in SHAPE:
        raise InputError(f"prefer: expected moves or compact, got {prefer!r}")
    if max_moved is not None and not max_moved >= 0:
        raise InputError(f"max_moved: expected a share from 0, got {max_moved}")
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"time_limit: expected seconds above 0, got {time_limit}")
    control = Control(time_limit, threads, progress, cancel)
    model = model_of(problem)
    shape = SHAPE[prefer] if mu is None else mu
    current = problem.current
    bound = guess = None
    if current is not None:
        bound = bounds.elementary(model, current)
        guess = flow.estimate(model, current)
        control.tell(stage="search", bound=bound.share, estimate=guess)
    proofs = certificates.proofs(model, current)
    if current is None:
        labels = _from_scratch(model, seed, shape, control)
    else:
        labels = _redraw(model, current, seed, shape, control, bool(proofs))
        labels = _capped(model, current, labels, seed, max_moved, control, bound)
    return _result(model, labels, seed, control, bound, guess, proofs, max_moved)


def _redraw(
    model: Model,
    current: Ints,
    seed: int,
    mu: float,
    control: Control,
    hopeless: bool,
    budget: float = np.inf,
) -> Ints:
    """The best plan from today's, part by part, several starts where parts are small."""
    start = mend.whole_start(model, current, np.random.default_rng([seed, 1]))
    if not hopeless and model.within(model.loads(start)).all() and (start == current).all():
        control.feasible_now()
    labels = start.copy()
    parts = parts_of(model, start)
    found = _search(model, parts, start, seed, mu, control, hopeless, _shares(model, parts, start, budget))
    for part, outcome in zip(parts, found, strict=True):
        labels[part.units] = outcome.labels
    return labels


def _shares(model: Model, parts: list[Part], start: Ints, budget: float) -> list[float]:
    """A budget of moved weight for each part, by what is out of place in it."""
    if not np.isfinite(budget):
        return [np.inf] * len(parts)
    excess = model.excess(model.loads(start)) * model.scale
    need = np.array([excess[p.grids].sum() for p in parts])
    total = need.sum()
    return list(budget * need / total) if total > 0 else [0.0] * len(parts)


def _search(
    model: Model, parts: list[Part], start: Ints, seed: int, mu: float, control: Control, hopeless: bool,
    budgets: list[float],
) -> list[Outcome]:  # fmt: skip
    tasks: list[Callable[[], Outcome]] = []
    of: list[int] = []
    for part, budget in zip(parts, budgets, strict=True):
        schedule = schedule_for(part, mu)
        if hopeless:
            schedule = replace(schedule, repairs=1)
        for s in range(_starts(part)):
            key = (seed, part.number, s)
            tasks.append(partial(improve, model, part, start, key, schedule, control, len(tasks), budget))
            of.append(part.number)
    outcomes = control.run(tasks)
    best: dict[int, Outcome] = {}
    for number, outcome in zip(of, outcomes, strict=True):
        if number not in best or outcome.rank < best[number].rank:
            best[number] = outcome
    return [best[p.number] for p in parts]


def _starts(part: Part) -> int:
    """How many independent runs a part gets: luck evens out where parts are small."""
    size = len(part.source)
    return 6 if size < 1_000 else 2 if size < 15_000 else 1


def _from_scratch(model: Model, seed: int, mu: float, control: Control) -> Ints:
    """Connected grids by bisection, then annealed for balance and short borders."""
    control.tell(stage="search")
    labels = greenfield.first_plan(model, np.random.default_rng([seed, 2]))
    parts = parts_of(model, labels)
    tasks: list[Callable[[], Outcome]] = []
    for part in parts:
        schedule = _greenfield_schedule(part, mu)
        tasks.append(
            partial(improve, model, part, labels, (seed, part.number, 0), schedule, control, part.number)
        )
    for part, outcome in zip(parts, control.run(tasks), strict=True):
        labels[part.units] = outcome.labels
    return labels


def _greenfield_schedule(part: Part, mu: float) -> Schedule:
    return replace(schedule_for(part, max(mu, 1.0)), start=1.5, middle=0.4, repairs=20)


def _capped(
    model: Model,
    current: Ints,
    labels: Ints,
    seed: int,
    max_moved: float | None,
    control: Control,
    bound: Bound | None,
) -> Ints:
    """The plan, or one that keeps the cap: first with less weight on shape, then with the cap as a wall."""
    if max_moved is None or model.moved_share(labels) <= max_moved:
        return labels
    total = float(model.move.sum())
    hopeless = bound is not None and bound.share > max_moved
    if not hopeless:
        for mu in (0.1, 0.02):
            if control.look():
                break
            again = _redraw(model, current, seed, mu, control, False)
            if model.moved_share(again) <= max_moved and model.within(model.loads(again)).all():
                return again
    forced = float(model.move[~model.remain[current]].sum())
    budget = max(0.0, max_moved * total - forced)
    start = mend.whole_start(model, current, np.random.default_rng([seed, 1]))
    away = (start != current) & model.remain[current]
    if model.moved_share(start) > max_moved or float(model.move[away].sum()) > budget:
        return current.copy()
    return _redraw(model, current, seed, 0.02, control, hopeless, budget * (1 - 1e-9))


def _result(
    model: Model, labels: Ints, seed: int, control: Control, bound: Bound | None, guess: float | None,
    proofs: list[Certificate], max_moved: float | None,
) -> Result:  # fmt: skip
    current = model.problem.current
    control.look()
    load = model.loads(labels)
    pieces = model.pieces(labels)
    whole = bool((pieces[model.remain] == 1).all() and (pieces[~model.remain] == 0).all())
    share = model.moved_share(labels)
    feasible = whole and bool(model.within(load).all()) and (max_moved is None or share <= max_moved + 1e-12)
    if feasible:
        control.feasible_now()
    reasons: list[Certificate] = []
    if not feasible:
        reasons = proofs + (certificates.cap_proof(bound, max_moved) if bound is not None else [])
        reasons = reasons or [certificates.not_found(model, labels, max_moved, share, control.stopped_by)]
    control.tell(stage="steps", violation=min(model.violation(labels), 1e300), moved_share=share)
    moves = [] if current is None else steps.order_moves(model, current, labels)
    optimal = feasible and bound is not None and share <= bound.share + 1e-9
    return Result(
        problem=model.problem,
        labels=labels,
        feasible=feasible,
        violation=model.violation(labels),
        max_deviation=np.abs(model.deviation(load)).max(axis=0),
        moved_share=share,
        bound=None if bound is None else bound.share,
        bound_source=None if bound is None else bound.source,
        estimate=guess,
        moves=moves,
        certificates=reasons,
        seconds={"first_feasible": control.first_feasible if feasible else None, "total": control.seconds},
        stopped_by=control.stopped_by or ("optimal" if optimal else "converged"),
        seed=seed,
        largest_step=steps.largest_step(model, moves),
        model=model,
    )
