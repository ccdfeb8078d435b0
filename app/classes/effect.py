"""What another class of an area does: to the grids that inherit it, to the targets of a class, to people."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.classes.cuts import refuse_cuts
from app.orgs import areas, directory, people
from app.orgs.directory import Area
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import GridTable
from app.staffing import loads
from app.staffing import service as staffing
from app.staffing.loads import PlaneLoad
from app.staffing.service import Load
from app.storage.locks import one_import

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
    """A plan of a plane on the first day it is concerned: the tree, and its grids' load, before and after."""

    plane: Plane
    day: dt.date
    trees: tuple[Tree, Tree]
    loads: tuple[PlaneLoad, PlaneLoad]

    @property
    def table(self) -> GridTable:
        """The grids of the plan."""
        return self.loads[0].basis.table


@dataclass(frozen=True)
class Effect:
    """The area as it was, the trees of the first day, each plan in force then or later, and people.

    ``until`` is the day from which another class is known already (None: it stays).
    """

    change: Change
    area: Area
    until: dt.date | None
    before: Tree
    after: Tree
    phases: list[Phase]
    people: list[Document]


async def effect(connection: AsyncConnection, org_id: uuid.UUID, change: Change, *, keep: bool) -> Effect:
    """Make the change and see what it does; unless ``keep`` it is taken back.

    Raises :class:`app.errors.Invalid` with the places where it would cut a grid in two.
    """
    if keep:
        await one_import(connection, org_id)
    before = await directory.areas(connection, change.since)
    area = areas.named(before, change.area, change.since)
    after = [replace(one, area_class=change.area_class) if one is area else one for one in before]
    await refuse_cuts(connection, change.since, before, after)
    until = areas.next_class(await areas.history(connection, change.area), change.since)
    concerned = [
        (plane, max(term.valid_from, change.since))
        for plane in await planes.every(connection)
        for term in await plans.terms(connection, plane.plane_id, change.since)
        if until is None or term.valid_from < until
    ]
    was = [await _state(connection, plane, day) for plane, day in concerned]
    attempt = await connection.begin_nested()
    await areas.set_class(connection, org_id, area.area_id, change.area_class, change.reason, change.since)
    will = [await _state(connection, plane, day) for plane, day in concerned]
    await (attempt.commit() if keep else attempt.rollback())
    phases = [
        Phase(plane, day, (one[0], other[0]), (one[1], other[1]))
        for (plane, day), one, other in zip(concerned, was, will, strict=True)
    ]
    return Effect(change, area, until, before, after, phases, await _people(connection, change.since, phases))


async def _state(connection: AsyncConnection, plane: Plane, day: dt.date) -> tuple[Tree, PlaneLoad]:
    return await directory.areas(connection, day), await loads.of_plane(connection, plane, day)


async def _people(connection: AsyncConnection, day: dt.date, phases: list[Phase]) -> list[Document]:
    """People whose load changes, over all their grids that day, those over their capacity first."""
    today = [phase for phase in phases if phase.day == day]
    before, after = (staffing.by_person([phase.loads[at] for phase in today]) for at in (0, 1))
    rows: list[Document] = []
    for person in await people.on_day(connection, day):
        was, will = (
            staffing.person_row(person, work.get(person.person_id, Load())) for work in (before, after)
        )
        if was["load"] != will["load"]:
            rows.append(
                {
                    "person": person.person_id,
                    "name": person.name,
                    "capacity": person.capacity,
                    "minutes": _pair(was["load"], will["load"]),
                    "over_capacity": {"before": was["over_capacity"], "after": will["over_capacity"]},
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
        "planes": [_plane(phase, found.area) for phase in found.phases],
        "people": found.people,
        "over_capacity": [row["person"] for row in found.people if row["over_capacity"]["after"]],
    }


def _plane(phase: Phase, area: Area) -> Document:
    table, (before, after) = phase.table, phase.loads
    was, will = before.basis.classes, after.basis.classes
    rows = [row for row in range(len(table)) if was[row] != will[row]]
    return {
        "plane": phase.plane.code,
        "plan": str(table.plan_id),
        "day": phase.day.isoformat(),
        "customers": int(before.customers[rows].sum()),
        "minutes": _pair(before.minutes.sum(), after.minutes.sum()),
        "grids": [
            {
                "grid": table.codes[row],
                "name": table.names[row],
                "before": was[row],
                "after": will[row],
                "customers": int(before.customers[row]),
                "minutes": _pair(before.minutes[row], after.minutes[row]),
            }
            for row in rows
        ],
        "classes": [_class(phase, name) for name in sorted({*was, *will})],
        "mixed_class": {
            "before": _mixed(table, phase.trees[0], area),
            "after": _mixed(table, phase.trees[1], area),
        },
    }


def _class(phase: Phase, name: str) -> Document:
    """Of a class its grids, its minutes, and the target: the minutes of a grid when they are even."""
    grids, minutes = [], []
    for load in phase.loads:
        here = np.array([one == name for one in load.basis.classes], bool)
        grids.append(int(here.sum()))
        minutes.append(float(load.minutes[here].sum()))
    targets = [round(all_ / n, 3) if n else None for all_, n in zip(minutes, grids, strict=True)]
    return {
        "class": name,
        "grids": {"before": grids[0], "after": grids[1]},
        "minutes": _pair(*minutes),
        "target": {"before": targets[0], "after": targets[1]},
    }


def _mixed(table: GridTable, tree: Sequence[Area], area: Area) -> list[str]:
    """Grids of the area, or of one below it, with a class of their own that is not that of their area."""
    classes, inside = directory.inherited_classes(list(tree)), areas.below(tree, area.area_id)
    return [
        code
        for code, own, area_id in zip(table.codes, table.own_classes, table.area_ids, strict=True)
        if area_id in inside and own is not None and own != classes.get(area_id)
    ]


def _pair(before: float, after: float) -> dict[str, float]:
    return {"before": round(float(before), 3), "after": round(float(after), 3)}
