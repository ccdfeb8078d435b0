"""Customers, buildings and minutes side by side: per grid, per step, and in all that moves."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.assignments.service import Decided
from app.plans.handing import Stepped
from app.plans.service import GridTable
from app.rebalances.gather import BY_PLACE, Gathered
from app.rebalances.selection import Selection

Report = dict[str, Any]


def tell(report: Report, gathered: Gathered, selection: Selection, after: Decided, moved: Stepped) -> None:
    """Put the figures into the report of a plan: ``after`` is what everybody has under it, ``moved`` the
    difference.

    A grid's ``customers`` are those that its ground gives it, ``held_customers`` those that a lock, a list or
    a cluster does; ``minutes`` are those of both. Where minutes cannot be told they are null.
    """
    before = _by_grid(gathered, gathered.before)
    for row in report["before"]["grids"]:
        row |= before.get(row["grid"], _NOTHING)
    now = _by_grid(gathered, after)
    for row in report["grids"]:
        row |= now.get(row["grid"], _NOTHING)
    minutes = _minutes(gathered, moved)
    report["moved"] |= {
        "customers": len(moved.changes.account_pk),
        "buildings": len(moved.changes.building_pk),
        "minutes": _total(minutes),
        # A coarse place that a new border cuts is nobody's, or becomes somebody's, by no step.
        "by_no_step": {
            "customers": int((moved.account_step == 0).sum()),
            "buildings": int((moved.building_step == 0).sum()),
        },
    }
    for step in report["moves"]:
        customers = moved.account_step == step["step"]
        step |= {
            "customers": int(customers.sum()),
            "buildings": int((moved.building_step == step["step"]).sum()),
            "minutes": None if minutes is None else _total(minutes[customers]),
        }
    report["held_customers"] = int((~gathered.by_place).sum())
    report["locked"] = {
        "grids": [
            code for code, shut in zip(selection.codes, selection.locked.tolist(), strict=True) if shut
        ],
        "buildings": gathered.locked_buildings,
        "units": report["units"].pop("locked"),
    }


_NOTHING = {"customers": 0, "held_customers": 0, "buildings": 0, "minutes": 0.0}


def _by_grid(gathered: Gathered, decided: Decided) -> dict[str, dict[str, Any]]:
    """Code → what the grid has. Customers who came since the ground was gathered are left out."""
    table: GridTable = decided.table
    size = len(table)
    row = _rows_of(gathered.account_pk, decided.account_pk)
    grid = np.where(row >= 0, decided.grid[row], -1)
    here = grid >= 0
    place = here & np.isin(decided.rule[row].astype(str), BY_PLACE)
    customers = np.bincount(grid[place], minlength=size)
    held = np.bincount(grid[here & ~place], minlength=size)
    in_grid = decided.building_grid >= 0
    buildings = np.bincount(decided.building_grid[in_grid], minlength=size)
    minutes: list[float] | list[None] = [None] * size
    if gathered.minutes is not None:
        weights = np.bincount(grid[here], gathered.minutes[here], minlength=size)
        minutes = [round(value, 3) for value in weights.tolist()]
    return {
        code: {
            "customers": int(customers[at]),
            "held_customers": int(held[at]),
            "buildings": int(buildings[at]),
            "minutes": minutes[at],
        }
        for at, code in enumerate(table.codes)
    }


def _minutes(gathered: Gathered, moved: Stepped) -> NDArray[np.float64] | None:
    """The minutes of each customer that moves; 0 for one who came since the ground was gathered."""
    if gathered.minutes is None:
        return None
    row = _rows_of(moved.changes.account_pk, gathered.account_pk)
    return np.where(row >= 0, gathered.minutes[row], 0.0) if len(gathered.minutes) else np.zeros(len(row))


def _total(minutes: NDArray[np.float64] | None) -> float | None:
    return None if minutes is None else round(float(minutes.sum()), 3)


def _rows_of(keys: NDArray[np.int64], among: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each key is ``among`` others; −1: nowhere."""
    out = np.full(len(keys), -1, np.intp)
    _, here, there = np.intersect1d(keys, among, return_indices=True)
    out[here] = there
    return out
