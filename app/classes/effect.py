"""What another class of an area does: to the grids that inherit it, to the targets of a class, to people."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.classes.cuts import refuse_cuts
from app.classes.loads import Loads, loads
from app.orgs import areas, directory, people, responsibilities
from app.orgs.directory import Area
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import GridTable, Term

Document = dict[str, Any]
Tree = list[Area]


@dataclass(frozen=True)
class Change:
    """An area's own class (empty: it inherits) from a day on, and why."""

    area: str
    area_class: str
    since: dt.date
    reason: str


@dataclass(frozen=True)
class Phase:
    """A plan of a plane while it is in force: the class of each grid, and of its area, before and after."""

    plane: Plane
    term: Term
    table: GridTable
    before: list[str]
    after: list[str]
    areas_before: list[str]
    areas_after: list[str]
    belongs: list[bool]
    loads: Loads


@dataclass(frozen=True)
class Effect:
    """The area as it is, the trees of the first day, and each plan in force then or later.

    ``until`` is the day from which another class is known already (None: it stays).
    """

    change: Change
    area: Area
    until: dt.date | None
    before: Tree
    after: Tree
    phases: list[Phase]
    people: list[Document]


def changed(tree: Tree, change: Change) -> Tree:
    """The tree with the area's own class changed."""
    return [replace(one, area_class=change.area_class) if one.code == change.area else one for one in tree]


async def effect(connection: AsyncConnection, change: Change) -> Effect:
    """All that the change would do. Raises :class:`Invalid` with the places where it cuts a grid in two."""
    before = await directory.areas(connection, change.since)
    area = areas.named(before, change.area, change.since)
    after = changed(before, change)
    await refuse_cuts(connection, change.since, before, after)
    until = areas.next_class(await areas.history(connection, change.area), change.since)
    phases = [
        await _phase(connection, change, plane, term)
        for plane in await planes.every(connection)
        for term in await plans.terms(connection, plane.plane_id, change.since)
        if until is None or term.valid_from < until
    ]
    return Effect(change, area, until, before, after, phases, await _people(connection, change.since, phases))


async def _phase(connection: AsyncConnection, change: Change, plane: Plane, term: Term) -> Phase:
    day = max(term.valid_from, change.since)
    tree = await directory.areas(connection, day)
    table = await plans.grid_table(connection, term.plan_id)
    later = changed(tree, change)
    was, will = plans.classes_in(table, tree), plans.classes_in(table, later)
    inside = areas.below(tree, areas.named(tree, change.area, day).area_id)
    return Phase(
        plane,
        term,
        table,
        was,
        will,
        _of_areas(table, tree),
        _of_areas(table, later),
        [one in inside for one in table.area_ids],
        await loads(connection, plane.plane_id, table, day, was, will),
    )


def _of_areas(table: GridTable, tree: Tree) -> list[str]:
    classes = directory.inherited_classes(tree)
    return [classes.get(one, "") if one else "" for one in table.area_ids]


async def _people(connection: AsyncConnection, day: dt.date, phases: list[Phase]) -> list[Document]:
    """Owners whose minutes change, over all their grids that day, those over their capacity first."""
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for phase in phases:
        if phase.term.valid_from > day:
            continue
        known = await responsibilities.owners(connection, phase.plane.plane_id, day)
        for row, grid_id in enumerate(phase.table.grid_ids):
            person = known.get(grid_id)
            if person is not None:
                before[person] = before.get(person, 0.0) + float(phase.loads.before[row])
                after[person] = after.get(person, 0.0) + float(phase.loads.after[row])
    about = {one.person_id: one for one in await people.on_day(connection, day)}
    rows: list[Document] = []
    for person, minutes in after.items():
        if minutes == before[person]:
            continue
        one = about.get(person)
        capacity = one.capacity if one else None
        rows.append(
            {
                "person": person,
                "name": one.name if one else None,
                "capacity": capacity,
                "minutes": _pair(before[person], minutes),
                "over_capacity": {
                    "before": capacity is not None and before[person] > capacity,
                    "after": capacity is not None and minutes > capacity,
                },
            }
        )
    return sorted(rows, key=lambda row: (not row["over_capacity"]["after"], row["person"]))


def document(found: Effect, *, done: bool) -> Document:
    """The effect as callers see it."""
    was, will = (directory.inherited_classes(tree) for tree in (found.before, found.after))
    return {
        "area": found.area.code,
        "from": found.change.since.isoformat(),
        "to": found.until.isoformat() if found.until else None,
        "reason": found.change.reason,
        "done": done,
        "class": {"before": found.area.area_class, "after": found.change.area_class},
        "areas": [
            {"area": one.code, "before": was[one.area_id], "after": will[one.area_id]}
            for one in found.before
            if was[one.area_id] != will[one.area_id]
        ],
        "planes": [_plane(phase, found.change) for phase in found.phases],
        "people": found.people,
        "over_capacity": [row["person"] for row in found.people if row["over_capacity"]["after"]],
    }


def _plane(phase: Phase, change: Change) -> Document:
    table, differs = phase.table, [a != b for a, b in zip(phase.before, phase.after, strict=True)]
    rows = np.flatnonzero(np.array(differs, bool)).tolist()
    return {
        "plane": phase.plane.code,
        "plan": str(phase.term.plan_id),
        "day": max(phase.term.valid_from, change.since).isoformat(),
        "customers": int(phase.loads.customers[rows].sum()),
        "minutes": _pair(float(phase.loads.before.sum()), float(phase.loads.after.sum())),
        "grids": [
            {
                "grid": table.codes[row],
                "name": table.names[row],
                "before": phase.before[row],
                "after": phase.after[row],
                "customers": int(phase.loads.customers[row]),
                "minutes": _pair(float(phase.loads.before[row]), float(phase.loads.after[row])),
            }
            for row in rows
        ],
        "classes": _classes(phase),
        "mixed_class": {
            "before": _mixed(phase, phase.areas_before),
            "after": _mixed(phase, phase.areas_after),
        },
    }


def _classes(phase: Phase) -> list[Document]:
    """Of each class its grids, its minutes, and the target: the minutes of a grid when they are even."""
    out = []
    for name in sorted({*phase.before, *phase.after}):
        was = np.array([one == name for one in phase.before], bool)
        will = np.array([one == name for one in phase.after], bool)
        minutes = float(phase.loads.before[was].sum()), float(phase.loads.after[will].sum())
        out.append(
            {
                "class": name,
                "grids": {"before": int(was.sum()), "after": int(will.sum())},
                "minutes": _pair(*minutes),
                "target": {
                    "before": round(minutes[0] / int(was.sum()), 3) if was.any() else None,
                    "after": round(minutes[1] / int(will.sum()), 3) if will.any() else None,
                },
            }
        )
    return out


def _mixed(phase: Phase, classes: Sequence[str]) -> list[str]:
    """Grids of the area with a class of their own that is not the area's."""
    return [
        code
        for code, own, belongs, area_class in zip(
            phase.table.codes, phase.table.own_classes, phase.belongs, classes, strict=True
        )
        if belongs and own is not None and own != area_class
    ]


def _pair(before: float, after: float) -> dict[str, float]:
    return {"before": round(before, 3), "after": round(after, 3)}
