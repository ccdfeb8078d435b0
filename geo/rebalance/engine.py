"""The redraw as a whole: start, search, cap, bound, reasons, steps."""

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from geo.errors import InputError
from geo.rebalance import bounds, certificates, flow, impossible, lighten, steps
from geo.rebalance.bounds import Bound, Needs
from geo.rebalance.certificates import Certificate
from geo.rebalance.control import Cancel, Control, Progress
from geo.rebalance.model import SLACK, Model, model_of
from geo.rebalance.problem import Floats, Ints, Problem
from geo.rebalance.proving import prove
from geo.rebalance.runs import ROUNDING, How, capped, redraw
from geo.rebalance.scratch import Wish, from_scratch
from geo.rebalance.steps import Step

SHAPE = {"moves": 0.15, "compact": 1.5}
"""Weight of cut borders (mu) by what is preferred, in mean unit weights; a first guess for moves."""


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
    effort: float = 1.0,
) -> Result:
    """The best plan found: within tolerance if it can be, then least moved (or compact), each grid whole.

    ``time_limit`` seconds (None: none); ``max_moved`` a hard cap on the moved share; ``prefer`` "moves" or
    "compact"; ``threads`` default all cores (they never change the plan); ``progress`` gets a mapping with
    ``stage``, ``progress`` 0..1, ``seconds`` and figures as they become known, several times a second;
    ``cancel`` is asked as often, and the best plan so far is returned. ``mu`` overrides the weight of shape,
    ``effort`` multiplies the number of sweeps.
    Raises InputError for bad arguments. The same problem, seed and options give the same plan when the
    time limit does not bite. Method: simulated annealing of border moves from the current plan.
    """
    if prefer not in SHAPE:
        raise InputError(f"prefer: expected moves or compact, got {prefer!r}")
    if max_moved is not None and not max_moved >= 0:
        raise InputError(f"max_moved: expected a share from 0, got {max_moved}")
    if time_limit is not None and not time_limit > 0:
        raise InputError(f"time_limit: expected seconds above 0, got {time_limit}")
    control = Control(
        time_limit, threads, progress, cancel, np.inf if max_moved is None else max_moved + ROUNDING
    )
    model = model_of(problem)
    how = How(seed, SHAPE[prefer] if mu is None else mu, effort, as_before=mu is None and prefer == "moves")
    current = problem.current
    known = _known(model, current)
    control.tell(
        stage="search", bound=None if known.bound is None else known.bound.share, estimate=known.estimate
    )
    if current is None:
        wish = Wish(seed, effort, by_length=prefer == "compact", hopeless=bool(known.proofs))
        labels = from_scratch(model, wish, control)
    else:
        aim = no_worse(model, current)
        labels = redraw(aim, current, how, control, hopeless=bool(known.proofs))
        if not known.proofs and known.needs is not None:
            proven = prove(model, current, labels, known.needs, control, take=how.mu <= SHAPE["moves"])
            labels = proven.labels
            enough = model.moved_share(labels) if _feasible(model, labels) else None
            known = replace(known, bound=proven.bound, proofs=proven.proofs, enough=enough)
            control.tell(bound=proven.bound.share)
        too_low = known.bound is not None and max_moved is not None and known.bound.share > max_moved
        labels = capped(aim, current, labels, how, control, max_moved, too_low or bool(known.proofs))
    control.look()
    labels, moves = _carried(model, labels, how, known, max_moved, control)
    return _result(model, labels, moves, seed, known, max_moved, control)


def sibling(result: Result, labels: Ints, max_moved: float | None, control: Control) -> Result:
    """Another plan (n,) of the same problem, with the bound and the estimate that are known already."""
    model, current = result.model, result.problem.current
    bound = None
    if result.bound is not None and result.bound_source is not None:
        bound = Bound(result.bound, result.bound_source)
    moves: list[Step] = []
    if current is not None:
        work = partial(steps.order_moves, model, current, labels, control.overdue)
        moves = control.run([work], counted=False)[0]
    known = _Known(bound, result.estimate, [])
    return _result(model, labels, moves, result.seed, known, max_moved, control)


@dataclass(frozen=True, eq=False)
class _Known:
    """What is known before any search; ``enough`` the share of a plan found without the cap."""

    bound: Bound | None
    estimate: float | None
    proofs: list[Certificate]
    needs: Needs | None = None
    enough: float | None = None


def _known(model: Model, current: Ints | None) -> _Known:
    proofs = impossible.proofs(model, current)
    if current is None:
        return _Known(None, None, proofs)
    needs = bounds.needs(model, current)
    return _Known(bounds.elementary(model, needs), flow.estimate(model, current), proofs, needs)


def no_worse(model: Model, current: Ints) -> Model:
    """The model with limits no wider than those that today's plan (n,) keeps, if it keeps its own.

    No step may end above the violation of the start, so no plan may either.
    """
    worst = model.violation(current)
    if worst >= 1 or not _feasible(model, current):
        return model
    tolerance = np.where(np.isfinite(model.tol), model.tol, 0.0) * worst
    return model_of(replace(model.problem, tolerance=np.where(np.isfinite(model.tol), tolerance, np.inf)))


def _feasible(model: Model, labels: Ints) -> bool:
    """Whether a plan (n,) is within tolerance and each grid in one piece."""
    pieces = model.pieces(labels)
    whole = bool((pieces[model.remain] == 1).all() and (pieces[~model.remain] == 0).all())
    return whole and bool(model.within(model.loads(labels)).all())


def _carried(
    model: Model, labels: Ints, how: How, known: _Known, max_moved: float | None, control: Control
) -> tuple[Ints, list[Step]]:
    """The plan (n,) with its steps; where one is too large, another plan if that has smaller ones."""
    current, share = model.problem.current, model.moved_share(labels)
    control.tell(stage="steps", violation=min(model.violation(labels), 1e300), moved_share=share)
    if current is None:
        return labels, []
    work = partial(steps.order_moves, model, current, labels, control.overdue)
    moves = control.run([work], counted=False)[0]
    if known.bound is not None and share <= known.bound.share + 2 * SLACK:
        return labels, moves
    cap = np.inf if max_moved is None else max_moved
    return lighten.lightened(no_worse(model, current), labels, moves, how.seed, how.mu, cap, control)


def _result(
    model: Model, labels: Ints, moves: list[Step], seed: int, known: _Known, max_moved: float | None,
    control: Control | None,
) -> Result:  # fmt: skip
    bound = known.bound
    share = model.moved_share(labels)
    violation = model.violation(labels)
    feasible = _feasible(model, labels) and (max_moved is None or share <= max_moved + ROUNDING)
    stopped = control.stopped_by if control is not None else None
    reasons: list[Certificate] = []
    if not feasible:
        reasons = known.proofs + (certificates.cap_proof(bound, max_moved, known.enough) if bound else [])
        reasons = reasons or [certificates.not_found(model, labels, max_moved, share, stopped, known.enough)]
    if control is not None and feasible:
        control.feasible_now()
    optimal = feasible and bound is not None and share <= bound.share + 2 * SLACK
    first = control.first_feasible if control is not None and feasible else None
    return Result(
        problem=model.problem,
        labels=labels,
        feasible=feasible,
        violation=violation,
        max_deviation=np.abs(model.deviation(model.loads(labels))).max(axis=0),
        moved_share=share,
        bound=None if bound is None else bound.share,
        bound_source=None if bound is None else bound.source,
        estimate=known.estimate,
        moves=moves,
        certificates=reasons,
        seconds={"first_feasible": first, "total": control.seconds if control is not None else 0.0},
        stopped_by=(control.stopped_by if control is not None else None)
        or ("optimal" if optimal else "converged"),
        seed=seed,
        largest_step=steps.largest_step(model, moves),
        model=model,
    )
