"""What a redraw may never do and never say, judged without the engine's code."""

import json
from dataclasses import dataclass

import numpy as np
from enumerate_plans import MOST, Exact, exact
from redraws import neighbours_of, pieces, replay, worst
from tasks import Task

from geo.rebalance import Names, Result, rebalance, report

PROOFS = ("unit_too_heavy", "class_total", "cut_off", "locks", "cap", "no_plan")


@dataclass(frozen=True)
class Verdict:
    """Faults found, and how good the plan is where every plan was looked at."""

    faults: list[str]
    result: Result
    best: Exact | None


def solve(task: Task, threads: int = 1, effort: float = 1.0) -> Result:
    """The engine's answer, without a clock."""
    return rebalance(
        task.problem, task.seed, None, task.max_moved, task.prefer, threads=threads, effort=effort
    )


def judge(task: Task, *, twice: bool = False, effort: float = 1.0) -> Verdict:
    """Solve and judge; ``twice``: with two threads also, which must give the same bytes."""
    result = solve(task, effort=effort)
    best = exact(task.problem) if len(task.problem.weights) <= MOST else None
    faults = _plan(task, result) + _figures(task, result)
    if task.problem.current is None:
        faults += ["a plan from scratch has moves"] if result.moves else []
    else:
        faults += replay(task.problem, result)
    if best is not None:
        faults += _beside_the_best(task, result, best)
    if twice and written(result) != written(solve(task, threads=2, effort=effort)):
        faults.append("two threads give another answer than one")
    return Verdict(faults, result, best)


def written(result: Result) -> str:
    """The plan and its report as text, without the seconds."""
    n, G = len(result.labels), result.problem.n_grids
    k = result.problem.weights.shape[1]
    kinds = {int(c): (str(c), None) for c in np.asarray(result.problem.grid_class)}
    names = Names(
        [f"u{i}" for i in range(n)], [f"g{i}" for i in range(G)], [f"w{i}" for i in range(k)], kinds, range(k)
    )
    content = report(result, names)
    del content["seconds"]
    return json.dumps([result.labels.tolist(), content], allow_nan=False)


def _plan(task: Task, result: Result) -> list[str]:
    """Partition, classes, locks, pieces, cap."""
    problem, labels, faults = task.problem, result.labels, []
    G, near = problem.n_grids, neighbours_of(problem)
    remain = ~np.asarray(problem.dissolve)
    if len(labels) != len(problem.weights) or ((labels < 0) | (labels >= G)).any():
        return ["not every unit has a grid"]
    if (np.asarray(problem.grid_class)[labels] != problem.unit_class).any():
        faults.append("a unit is in a grid of another class")
    count = [pieces(np.flatnonzero(labels == g).tolist(), near) for g in range(G)]
    if result.feasible:
        faults += [f"grid {g} has {count[g]} pieces" for g in range(G) if count[g] != int(remain[g])]
    if problem.current is None:
        return faults
    current, shut = np.asarray(problem.current), np.asarray(problem.locked_grids)
    moved = labels != current
    if (moved & np.asarray(problem.locked_units)).any():
        faults.append("a locked unit moved")
    if (moved & (shut[labels] | shut[current])).any():
        faults.append("a locked grid gave or received")
    for g in range(G):
        before = pieces(np.flatnonzero(current == g).tolist(), near)
        if count[g] > max(1, before):
            faults.append(f"grid {g} had {before} pieces and has {count[g]}")
        if before and remain[g] and not count[g]:
            faults.append(f"grid {g} lost all its units")
    if task.max_moved is not None and _moved(task, labels) > task.max_moved + 1e-9:
        faults.append("more moved than the cap allows")
    return faults


def _moved(task: Task, labels: np.ndarray) -> float:
    move = task.problem.weights[:, task.problem.move_weight]
    return float(move[labels != task.problem.current].sum() / move.sum())


def _figures(task: Task, result: Result) -> list[str]:
    """What the answer says about itself."""
    faults, violation = [], worst(task.problem, result.labels)
    if not np.isclose(min(result.violation, 1e300), min(violation, 1e300), rtol=1e-6, atol=1e-6):
        faults.append(f"the violation is {violation} and not {result.violation}")
    if result.feasible and violation > 1 + 1e-6:
        faults.append("called feasible and is not within tolerance")
    if not result.feasible and not [c for c in result.certificates if c.kind and c.message]:
        faults.append("not feasible, and no certificate says why")
    if result.feasible and result.certificates:
        faults.append("feasible, and certificates say that it cannot be")
    if task.problem.current is None:
        if result.bound is not None or result.estimate is not None:
            faults.append("a bound or an estimate of moves from scratch")
        return faults
    moved = _moved(task, result.labels)
    if abs(moved - result.moved_share) > 1e-9:
        faults.append(f"the moved share is {moved} and not {result.moved_share}")
    if result.bound is None or not result.bound >= 0:
        faults.append(f"the bound is {result.bound}")
    elif result.feasible and result.bound > moved + 1e-9:
        faults.append(f"the bound {result.bound} is above the plan's {moved}")
    written(result)
    return faults


def _beside_the_best(task: Task, result: Result, best: Exact) -> list[str]:
    """What the exact answer of a tiny problem shows to be wrong."""
    faults = []
    possible = np.isfinite(best.moved) and (task.max_moved is None or best.moved <= task.max_moved + 1e-12)
    if result.feasible and not possible:
        faults.append(f"called feasible, but the least share is {best.moved}")
    proofs = [c.kind for c in result.certificates if c.kind in PROOFS]
    if proofs and possible:
        faults.append(f"certificate {proofs[0]}, but there is a plan that moves {best.moved}")
    if proofs and np.isfinite(best.moved) and set(proofs) != {"cap"}:
        faults.append(f"certificates {proofs}, but but for the cap there is a plan that moves {best.moved}")
    if task.problem.current is None:
        return faults
    if result.bound is not None and np.isfinite(best.moved) and result.bound > best.moved + 1e-6:
        faults.append(f"the bound {result.bound} is above the optimum {best.moved}")
    if result.feasible and result.moved_share < best.moved - 1e-6:
        faults.append(f"moves {result.moved_share}, less than the optimum {best.moved}")
    if result.stopped_by == "optimal" and result.moved_share > best.moved + 1e-6:
        faults.append(f"called optimal at {result.moved_share}, but {best.moved} is possible")
    return faults
