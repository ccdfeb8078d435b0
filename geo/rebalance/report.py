"""The report of a redraw, with names in place of numbers, ready for JSON."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from geo import metrics
from geo.metrics import Shapes
from geo.rebalance.certificates import Certificate
from geo.rebalance.engine import Result
from geo.rebalance.model import Model
from geo.rebalance.problem import Ints, Problem
from geo.rebalance.steps import Step

FEW = 5
"""So many names are written out in a message."""
MANY = 50
"""So many parts of a disconnected problem are listed."""


@dataclass(frozen=True)
class Names:
    """What the numbers of a problem are called.

    ``units`` (n) ids, ``grids`` (G) codes, ``weights`` (k) names, ``classes`` class number -> (class, group),
    None where there is no such column. ``balanced`` are the columns of weights reported in full; the others
    (a move weight that is not balanced) only as moved. ``counts`` name -> (n,): what else is told of what
    moves, such as customers and buildings.
    """

    units: Sequence[str]
    grids: Sequence[str]
    weights: Sequence[str]
    classes: Mapping[int, tuple[str | None, str | None]]
    balanced: Sequence[int]
    counts: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)


def report(result: Result, names: Names, shapes: Shapes | None = None) -> dict[str, Any]:
    """The report of one plan (contract of the file mode). ``shapes``: of the units, for compactness.

    JSON has no infinity: a violation at tolerance 0 is written as the largest double, a tolerance of
    infinity as null.
    """
    problem, model, labels = result.problem, result.model, result.labels
    current = problem.current
    load = model.loads(labels)
    deviation = model.deviation(load)
    pieces = model.pieces(labels)
    size = np.bincount(labels, minlength=model.G)
    round_ = None if shapes is None else metrics.polsby_popper(shapes, labels, model.G)
    moved = np.zeros(model.n, bool) if current is None else labels != current
    total, gone = model.W.sum(axis=0), model.W[moved].sum(axis=0)
    share = np.divide(gone, total, out=np.zeros(model.k), where=total > 0)
    named = [(j, names.weights[j]) for j in names.balanced]
    every = list(enumerate(names.weights))
    grids = []
    for g in np.flatnonzero(model.remain | (size > 0)).tolist():
        klass, group = names.classes[int(model.grid_class[g])]
        grids.append(
            {
                "grid": names.grids[g],
                "class": klass,
                "group": group,
                "weights": {name: finite(load[g, j]) for j, name in named},
                "target": {name: finite(model.target[g, j]) for j, name in named},
                "deviation": {name: finite(deviation[g, j]) for j, name in named},
                "pieces": int(pieces[g]),
                "units": int(size[g]),
                "polsby_popper": None if round_ is None else finite(round_[g]),
            }
        )
    gap = None
    if result.bound is not None:
        gap = (result.moved_share - result.bound) / result.moved_share if result.moved_share > 0 else 0.0
    before = None if current is None else metrics.cut_edges(np.asarray(problem.edges), current)
    return {
        "feasible": result.feasible,
        "tolerance": {n: float(model.tol[j]) if np.isfinite(model.tol[j]) else None for j, n in named},
        "violation": finite(result.violation),
        "max_deviation": {name: finite(result.max_deviation[j]) for j, name in named},
        "grids": grids,
        "moved": {
            "units": int(moved.sum()),
            "weight": {name: finite(gone[j]) for j, name in every},
            "share": {name: finite(share[j]) for j, name in every},
            **_counts(names, np.flatnonzero(moved)),
        },
        "mending": _mending(result, names),
        "components": _components(problem, names),
        "bound": None
        if result.bound is None
        else {"share": finite(result.bound), "source": result.bound_source},
        "estimate": None if current is None else {"share": finite(result.estimate)},
        "gap": finite(gap),
        "cut_edges": {"before": before, "after": metrics.cut_edges(np.asarray(problem.edges), labels)},
        "polsby_popper": {"before": _mean(shapes, current, model.G), "after": _mean(shapes, labels, model.G)},
        "moves": [_step(i + 1, step, model, names) for i, step in enumerate(result.moves)],
        "largest_step": finite(result.largest_step),
        "certificates": [_certificate(c, names, problem) for c in result.certificates],
        "seconds": {k: None if v is None else round(v, 3) for k, v in result.seconds.items()},
        "seed": result.seed,
        "stopped_by": result.stopped_by,
    }


def _step(number: int, step: Step, model: Model, names: Names) -> dict[str, Any]:
    """A step with what it moves, from where to where, and why."""
    return {
        "step": number,
        "kind": step.kind,
        "transfers": [
            {
                "units": [names.units[u] for u in t.units],
                "from": names.grids[t.source],
                "to": names.grids[t.sink],
                **_carried(model, names, t.units),
            }
            for t in step.transfers
        ],
        **_carried(model, names, step.units),
        "violation_after": finite(step.violation_after),
        "why": _why(step, names),
    }


def _carried(model: Model, names: Names, units: Ints) -> dict[str, Any]:
    """Weights and counts of some units."""
    weight = model.W[units].sum(axis=0)
    return {
        "weights": {name: finite(weight[j]) for j, name in enumerate(names.weights)},
        **_counts(names, units),
    }


def _counts(names: Names, units: Ints) -> dict[str, Any]:
    if not names.counts:
        return {}
    return {"counts": {name: _number(values[units].sum()) for name, values in names.counts.items()}}


def _number(value: Any) -> float | int | None:
    """A count as a whole number where it is one."""
    return int(value) if np.isfinite(value) and value == int(value) else finite(value)


WHY = {
    "mend": "joins the pieces of {grid}",
    "dissolve": "empties {grid}, which is to be dissolved",
    "open": "begins the new grid {grid}",
    "relieve": "{grid} has too much {measure}: {before:+.1%} before, {after:+.1%} after",
    "fill": "{grid} has too little {measure}: {before:+.1%} before, {after:+.1%} after",
    "pass_on": "makes room in {grid} for what others give: {measure} {before:+.1%}, {after:+.1%} after",
    "replace": "makes up in {grid} for what it gives: {measure} {before:+.1%}, {after:+.1%} after",
    "shape": "gives {grid} and its neighbours a better border",
}
"""What the kinds of reasons say."""


def _why(step: Step, names: Names) -> dict[str, Any]:
    why, grid = step.why, names.grids[step.why.grid]
    measure = None if why.weight is None else names.weights[why.weight]
    text = WHY[why.kind].format(grid=grid, measure=measure, before=why.before, after=why.after)
    if step.kind == "exchange":
        text += "; only together, since one after the other would part a grid or overload one"
    return {
        "kind": why.kind,
        "grid": grid,
        "measure": measure,
        "deviation_before": finite(why.before),
        "deviation_after": finite(why.after),
        "text": text,
    }


def _mending(result: Result, names: Names) -> dict[str, Any]:
    """The grids that start in pieces, and what was moved to mend them (part of all that was moved)."""
    model, current = result.model, result.problem.current
    steps = [step.units for step in result.moves if step.kind == "mend"]
    units = np.concatenate(steps) if steps else np.empty(0, np.int64)
    weight, total = model.W[units].sum(axis=0), model.W.sum(axis=0)
    share = np.divide(weight, total, out=np.zeros(model.k), where=total > 0)
    broken = [] if current is None else np.flatnonzero(model.pieces(current) > 1).tolist()
    return {
        "grids": [names.grids[g] for g in broken],
        "units": len(units),
        "weight": {name: finite(weight[j]) for j, name in enumerate(names.weights)},
        "share": {name: finite(share[j]) for j, name in enumerate(names.weights)},
    }


def _components(problem: Problem, names: Names) -> list[dict[str, Any]]:
    """Parts of the units that no border joins, largest first, at most so many; none if all hang together."""
    n, edges = len(problem.weights), np.asarray(problem.edges)
    links = coo_matrix((np.ones(len(edges), np.int8), (edges[:, 0], edges[:, 1])), shape=(n, n))
    number, part = connected_components(links, directed=False)
    if number == 1:
        return []
    size, first = np.bincount(part), np.unique(part, return_index=True)[1]
    current = problem.current
    return [
        {
            "units": int(size[p]),
            "grids": []
            if current is None
            else [names.grids[g] for g in np.unique(current[part == p]).tolist()],
            "first": names.units[int(first[p])],
        }
        for p in np.argsort(-size, kind="stable")[:MANY].tolist()
    ]


def _mean(shapes: Shapes | None, labels: Ints | None, n_grids: int) -> float | None:
    if shapes is None or labels is None:
        return None
    return finite(metrics.mean_polsby_popper(shapes, labels, n_grids))


def _certificate(certificate: Certificate, names: Names, problem: Problem) -> dict[str, Any]:
    c = certificate
    grids, units = [names.grids[g] for g in c.grids], [names.units[u] for u in c.units]
    klass = names.classes.get(c.group, (None, None)) if c.group is not None else (None, None)
    ends = [] if c.bridge is None else [(names.units[u], _grid_of(u, names, problem)) for u in c.bridge]
    text = c.message.format_map(
        {
            "bridge": " and ".join(f"unit {u}" + (f" of {g}" if g else "") for u, g in ends),
            "grids": _few(grids, "grid"),
            "units": _few(units, "unit"),
            "weight": names.weights[c.weight] if c.weight is not None else "weight",
            "class": " / ".join(k for k in klass if k) or "(all)",
        }
    )
    return {
        "kind": c.kind,
        "message": text,
        "grids": grids,
        "units": units,
        **({} if c.bridge is None else {"bridge": _bridge(c.bridge, ends, problem)}),
        "measure": names.weights[c.weight] if c.weight is not None else None,
        "class": klass[0],
        "group": klass[1],
        **{k: _plain(v) for k, v in c.figures.items()},
    }


def _grid_of(unit: int, names: Names, problem: Problem) -> str | None:
    return None if problem.current is None else names.grids[int(problem.current[unit])]


def _bridge(
    pair: tuple[int, int], ends: list[tuple[str, str | None]], problem: Problem
) -> dict[str, list[Any] | None]:
    """The units and grids to join, and halfway between them in the plane of the units' places (metres)."""
    place = None if problem.xy is None else np.round(problem.xy[list(pair)].mean(axis=0), 2).tolist()
    return {"units": [u for u, _ in ends], "grids": [g for _, g in ends], "place": place}


def _few(names: Sequence[str], thing: str) -> str:
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more if names else f"no {thing}"


def _plain(value: Any) -> Any:
    return finite(value) if isinstance(value, float | np.floating) else value


def finite(value: Any) -> float | None:
    """A float that JSON can hold."""
    if value is None or np.isnan(value):
        return None
    return float(np.clip(value, -sys.float_info.max, sys.float_info.max))
