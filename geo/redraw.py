"""A redraw from end to end: units from the ground, the plan that moves the least work, the new polygons."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.errors import InputError
from geo.footprints import negligible_area
from geo.metrics import Shapes
from geo.rebalance import Names, Problem, Result, frontier, measures, rebalance, report
from geo.rebalance.report import finite
from geo.units import Demand, Lines, Redraw, Units, build_units, redraw
from geo.units.model import geometries
from geo.units.unite import meeting_at, unite

Geometries = NDArray[np.object_]
Tell = Callable[[float, str, Mapping[str, Any]], None]
"""Hears how far the work is (0 to 1), what it does, and facts: ``stage`` and, while a plan is sought, its
``violation``, ``moved_share``, ``bound``, ``estimate`` and, of several plans, its number ``plan``.
"""

UNITS_DONE, PLAN_DONE = 0.2, 0.9
"""How far the work is when units are made, and when the plan is found."""

FACTS = ("stage", "violation", "moved_share", "bound", "estimate", "plan")


@dataclass(frozen=True)
class Added:
    """A grid that is new: it has no ground yet."""

    code: str
    grid_class: str
    group: str = ""


@dataclass(frozen=True)
class Ground:
    """What is redrawn. g grids, in EPSG:4326 rounded to 1e-9 degree.

    A unit never leaves its class and group; a locked grid neither gives nor receives.
    """

    grids: Geometries
    codes: Sequence[str]
    classes: Sequence[str]
    groups: Sequence[str]
    locked: NDArray[np.bool_]
    demand: Demand
    lines: Lines = field(default_factory=Lines)
    footprints: Geometries = field(default_factory=geometries)
    mode: Literal["blocks", "h3", "polygons"] = "blocks"
    polygons: Geometries | None = None
    locked_land: Geometries = field(default_factory=geometries)
    """Polygons and points (a building, a closed site) whose ground stays in its grid."""
    beside: Geometries = field(default_factory=geometries)
    """Other grids that border these and must stay as they are to the last vertex."""
    added: Sequence[Added] = ()
    dissolved: Sequence[int] = ()
    """Rows of grids that are to end empty."""


@dataclass(frozen=True)
class Goal:
    """What is asked of the redraw: the columns of the demand by name, tolerance each, and the rest of 5.2."""

    measures: Sequence[str]
    tolerance: Sequence[float]
    max_moved: float | None = None
    prefer: str = "moves"
    frontier: int | None = None
    seed: int = 0
    time_limit: float = 60.0


@dataclass(frozen=True)
class Land:
    """Ground that one transfer of a step moves, from a grid to a grid (rows); steps count from 1."""

    step: int
    kind: str
    source: int
    sink: int
    polygon: Any


@dataclass(frozen=True)
class Drawn:
    """One plan: polygons of the g grids and behind them the added ones (None: no ground any more), which of
    them differ from before, the ground of every transfer in order, and the report.
    """

    polygons: Geometries
    differs: NDArray[np.bool_]
    lands: list[Land]
    report: dict[str, Any]


@dataclass(frozen=True)
class Redrawn:
    """The plans, fewest moves first; ``summary`` tells shares of several plans side by side."""

    plans: list[Drawn]
    summary: list[dict[str, Any]]


def redraw_grids(
    ground: Ground,
    goal: Goal,
    tell: Tell = lambda _share, _note, _facts: None,
    finish: Callable[[], bool] = lambda: False,
) -> Redrawn:
    """Redraw the grids. ``tell`` hears of progress at least once a second while it seeks. When ``finish()``
    says so the best plan so far is taken.

    Grids of a class and group whose demand is all 0 in some measure have no target and are left as they are.
    Raises InputError for grids that are no polygons, for a mixed request, for demand that stands nowhere and
    for a locked building in a grid that is to be dissolved.
    """
    tell(0.0, "making units", {"stage": "units"})
    units = build_units(
        ground.grids,
        ground.codes,
        mode=ground.mode,
        lines=ground.lines,
        footprints=ground.footprints,
        demand=ground.demand,
        polygons=ground.polygons,
    )
    tell(UNITS_DONE, f"{len(units.grid):,} units; seeking the plan", {"stage": "search"})
    units, held = _held(ground, units)
    part = _part_in_play(ground, goal, units)
    problem = _problem(ground, goal, units, part, held)
    shapes = Shapes(units.area_m2, units.perimeter_m, *_borders(units)).only(part.units)
    results = _solve(problem, goal, shapes, tell, finish)
    tell(PLAN_DONE, "drawing the new borders", {"stage": "drawing"})
    plans = [_draw(ground, goal, units, part, held, shapes, result) for result in results]
    summary = [
        dict(zip(("share", "violation", "polsby_popper"), measures(result, shapes), strict=True))
        for result in results
    ]
    return Redrawn(plans, summary)


def _held(ground: Ground, units: Units) -> tuple[Units, NDArray[np.bool_]]:
    """The units of which none would put a vertex on a grid beside, and which of them stay in their grid."""
    pairs = meeting_at(units, ground.grids, ground.beside)
    n = len(units.grid)
    # On both sides of a wall they cannot be one: then both stay.
    apart = ~np.isin(pairs[:, 0] * n + pairs[:, 1], units.edges[:, 0] * n + units.edges[:, 1])
    stays = np.zeros(n, bool)
    stays[pairs[apart]] = True
    spots, unit = shapely.STRtree(units.polygons).query(ground.locked_land, predicate="intersects")[:2]
    land = ground.locked_land[spots]
    shared = shapely.area(shapely.intersection(land, units.polygons[unit]))
    stays[unit[(shared > negligible_area(land)) | (shapely.get_dimensions(land) < 2)]] = True
    united, label = unite(units, pairs[~apart])
    return united, np.bincount(label, stays, len(united.grid)) > 0


@dataclass(frozen=True)
class _Part:
    """The grids and units that a redraw is about, and the weights of all units.

    ``grids`` are rows of the ground's grids and, behind those, of the added ones.
    """

    grids: NDArray[np.int64]
    units: NDArray[np.int64]
    weights: NDArray[np.float64]
    kinds: Mapping[tuple[str, str], int]


def _part_in_play(ground: Ground, goal: Goal, units: Units) -> _Part:
    weights = np.zeros((len(units.grid), len(goal.measures)))
    here = units.demand_unit >= 0
    for j, column in enumerate(ground.demand.weights.T):
        weights[:, j] = np.bincount(units.demand_unit[here], column[here], minlength=len(units.grid))
    pairs = list(zip(ground.classes, ground.groups, strict=True))
    kinds = {pair: number for number, pair in enumerate(sorted(set(pairs)))}
    kind = np.array([kinds[pair] for pair in pairs], np.int64)
    total = np.zeros((len(kinds), len(goal.measures)))
    np.add.at(total, kind[units.grid], weights)
    worked = np.asarray((total > 0).all(axis=1))
    new = [kinds.get((one.grid_class, one.group), -1) for one in ground.added]
    idle = sorted(
        {ground.codes[g] for g in ground.dissolved if not worked[kind[g]]}
        | {one.code for one, k in zip(ground.added, new, strict=True) if k < 0 or not worked[k]}
    )
    if idle:
        raise InputError(
            f"there is no work to share in the class and group of grid {idle[0]!r}, which is to be added or "
            "dissolved; give it those of grids that have some",
            kind="no-demand",
        )
    grids = np.flatnonzero(worked[kind])
    grids = grids[np.isin(grids, units.grid)]
    if len(grids) == 0:
        raise InputError(
            "nobody stands in these grids by place, so there is no work to balance; load accounts first, or "
            "choose another measure",
            kind="no-demand",
        )
    rows = np.concatenate([grids, len(ground.grids) + np.arange(len(new))])
    return _Part(rows, np.flatnonzero(np.isin(units.grid, grids)), weights, kinds)


def _borders(units: Units) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of units that share a border, barriers or not, and its length in metres."""
    inner = units.segments.only(units.segments.right >= 0)
    n = len(units.grid)
    key = np.minimum(inner.left, inner.right).astype(np.int64) * n + np.maximum(inner.left, inner.right)
    found, at = np.unique(key, return_inverse=True)
    length = np.bincount(at, inner.length_m, minlength=len(found)).astype(np.float64)
    return np.column_stack([found // n, found % n]), length


def _problem(ground: Ground, goal: Goal, units: Units, part: _Part, held: NDArray[np.bool_]) -> Problem:
    new_number = np.full(len(units.grid), -1, np.int64)
    new_number[part.units] = np.arange(len(part.units))
    row = np.full(len(ground.grids) + len(ground.added), -1, np.int64)
    row[part.grids] = np.arange(len(part.grids))
    inside = (new_number[units.edges] >= 0).all(axis=1)
    current = row[units.grid[part.units]]
    pairs = [
        *zip(ground.classes, ground.groups, strict=True),
        *((one.grid_class, one.group) for one in ground.added),
    ]
    grid_class = np.array([part.kinds[pairs[g]] for g in part.grids.tolist()], np.int64)
    dissolve = np.isin(part.grids, np.asarray(ground.dissolved, np.int64))
    stuck = units.grid[part.units][held[part.units] & dissolve[current]]
    if len(stuck):
        raise InputError(
            f"grid {ground.codes[stuck[0]]!r} is to be dissolved, but a locked building or locked land holds "
            "ground of it; unlock that, or keep the grid",
            kind="locked-and-dissolved",
        )
    return Problem(
        weights=part.weights[part.units],
        edges=new_number[units.edges[inside]],
        current=current,
        n_grids=len(part.grids),
        tolerance=np.asarray(goal.tolerance, np.float64),
        edge_length=units.edge_cost[inside],
        xy=units.xy[part.units],
        area=units.area_m2[part.units],
        perimeter=units.perimeter_m[part.units],
        dissolve=dissolve,
        unit_class=grid_class[current],
        grid_class=grid_class,
        locked_units=held[part.units],
        locked_grids=np.concatenate([ground.locked, np.zeros(len(ground.added), bool)])[part.grids],
    )


def _solve(
    problem: Problem, goal: Goal, shapes: Shapes, tell: Tell, finish: Callable[[], bool]
) -> list[Result]:
    def hear(event: Mapping[str, Any]) -> None:
        share = UNITS_DONE + (PLAN_DONE - UNITS_DONE) * float(event.get("progress", 0.0))
        facts = {name: event[name] for name in FACTS if event.get(name) is not None}
        tell(share, ", ".join(_told(facts)) or "seeking the plan", {"stage": "search", **facts})

    if goal.frontier is not None:
        return frontier(
            problem,
            goal.frontier,
            shapes=shapes,
            seed=goal.seed,
            time_limit=goal.time_limit,
            max_moved=goal.max_moved,
            progress=hear,
            cancel=finish,
        )
    return [
        rebalance(
            problem,
            seed=goal.seed,
            time_limit=goal.time_limit,
            max_moved=goal.max_moved,
            prefer=goal.prefer,
            progress=hear,
            cancel=finish,
        )
    ]


def _told(event: Mapping[str, Any]) -> list[str]:
    """The figures of an event in words."""
    words = {"violation": "violation {:.2f}", "moved_share": "{:.1%} moved", "bound": "at least {:.1%}"}
    return [text.format(event[name]) for name, text in words.items() if event.get(name) is not None]


def _draw(
    ground: Ground,
    goal: Goal,
    units: Units,
    part: _Part,
    held: NDArray[np.bool_],
    shapes: Shapes,
    result: Result,
) -> Drawn:
    labels = units.grid.astype(np.int64)
    labels[part.units] = part.grids[result.labels]
    made = redraw(ground.grids, units, labels)
    codes = [*ground.codes, *(one.code for one in ground.added)]
    names = Names(
        units=[f"u{number}" for number in part.units.tolist()],
        grids=[codes[g] for g in part.grids.tolist()],
        weights=list(goal.measures),
        classes={number: pair for pair, number in part.kinds.items()},
        balanced=range(len(goal.measures)),
    )
    told = report(result, names, shapes)
    told["before"] = _before(result, names)
    told["border"] = _border(made)
    told["footprints"] = {"newly_cut": len(made.newly_cut), "cut_before": len(units.straddlers)}
    told["units"] = {"mode": ground.mode, "number": len(units.grid), "locked": int(held.sum())}
    told["left_alone"] = sorted(
        code for g, code in enumerate(ground.codes) if g not in set(part.grids.tolist())
    )
    lands = [
        Land(
            number,
            step.kind,
            int(part.grids[one.source]),
            int(part.grids[one.sink]),
            shapely.coverage_union_all(units.polygons[part.units[one.units]]),
        )
        for number, step in enumerate(result.moves, 1)
        for one in step.transfers
    ]
    # A new grid that got no ground is none.
    polygons = np.full(len(codes), None, dtype=object)
    polygons[: len(made.polygons)] = made.polygons[: len(codes)]
    differs = np.zeros(len(codes), bool)
    differs[: len(made.polygons)] = (made.changed | made.touched)[: len(codes)]
    return Drawn(polygons, differs, lands, told)


def _before(result: Result, names: Names) -> dict[str, Any]:
    """How the grids stood before, as the report tells it of after."""
    model, current = result.model, result.problem.current
    assert current is not None
    load = model.loads(current)
    deviation = model.deviation(load)
    return {
        "violation": finite(model.violation(current)),
        "grids": [
            {
                "grid": code,
                "weights": {name: finite(load[g, j]) for j, name in enumerate(names.weights)},
                "deviation": {name: finite(deviation[g, j]) for j, name in enumerate(names.weights)},
            }
            for g, code in enumerate(names.grids)
        ],
    }


def _border(made: Redraw) -> dict[str, Any]:
    return {
        "new_m": made.new_border_m,
        "street_share": made.street_share,
        "line_share": made.line_share,
        "straightened": made.straightened,
    }
