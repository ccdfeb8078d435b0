"""The staffing of a plane on a day: every grid with who works it, every person with their load."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs import people, responsibilities
from app.orgs.people import Person
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.staffing import loads
from app.staffing.loads import PlaneLoad

Document = dict[str, Any]


@dataclass
class Load:
    """What one person works over all planes: rows (plane, grid) of their loads."""

    parts: list[tuple[PlaneLoad, int]] = field(default_factory=list)

    @property
    def customers(self) -> int:
        """Customers in the grids; one in two planes counts in both."""
        return sum(int(load.customers[row]) for load, row in self.parts)

    @property
    def minutes(self) -> float:
        """Minutes a month of the customers."""
        return sum(float(load.minutes[row]) for load, row in self.parts)

    @property
    def way(self) -> float:
        """Minutes a month between residence and work: each trip is to one grid, as the work has it."""
        work, ways = (
            np.array([getattr(load, name)[row] for load, row in self.parts], float)
            for name in ("minutes", "way")
        )
        if not len(work):
            return 0.0
        return float(np.average(ways, weights=work if work.any() else None))


async def staffing(
    connection: AsyncConnection, code: str, day: dt.date, known_at: dt.datetime | None = None
) -> Document:
    """Who works the grids of a plane on a day, their load against their capacity, and what is missing."""
    plane = await planes.get(connection, code, day, known_at)
    here = await loads.of_plane(connection, plane, day, known_at)
    everybody = await people.on_day(connection, day, known_at)
    responsible = await responsibilities.held(connection, day, known_at)
    concerned = {one.acting.person_id for one in here.staff if one.acting}
    concerned |= {one.person_id for one in responsible if one.plane_id == plane.plane_id}
    others = {one.plane_id for one in responsible if one.person_id in concerned} - {plane.plane_id}
    found = [here, *await of_planes(connection, day, known_at, only=others)]
    work = by_person(found)
    known = {one.person_id: one for one in everybody}
    rows = [person_row(known[one], work.get(one, Load())) for one in sorted(concerned) if one in known]
    said = {one.grid_id: one.person_id for one in responsible if one.role == "owner"}
    busy = {one.person_id for one in responsible}
    return {
        "plane": plane.code,
        "kind": plane.kind,
        "at": day,
        "plan": here.basis.plan.plan_id,
        "grids": [_grid_row(here, row) for row in range(len(here.staff))],
        "people": rows,
        "without_owner": [
            {
                "grid": here.basis.table.codes[row],
                "name": here.basis.table.names[row],
                "why": _why(plane, said.get(here.basis.table.grid_ids[row]), day),
                "stand_in": one.acting.person_id if one.acting else None,
                "customers": int(here.customers[row]),
            }
            for row, one in enumerate(here.staff)
            if one.owner is None
        ],
        "over_capacity": [row["person"] for row in rows if row["over_capacity"]],
        "without_grids": [_named(one) for one in everybody if one.person_id not in busy],
    }


async def of_planes(
    connection: AsyncConnection,
    day: dt.date,
    known_at: dt.datetime | None,
    only: set[Any],
) -> list[PlaneLoad]:
    """The loads of these planes, as far as a plan is in force in them."""
    return [
        await loads.of_plane(connection, plane, day, known_at)
        for plane in await planes.every(connection, day, known_at)
        if plane.plane_id in only and await plans.in_force(connection, plane.plane_id, day, known_at)
    ]


def by_person(found: Sequence[PlaneLoad]) -> dict[str, Load]:
    """Person → all that they work in these planes."""
    work: dict[str, Load] = {}
    for load in found:
        for row, one in enumerate(load.staff):
            if one.acting is not None:
                work.setdefault(one.acting.person_id, Load()).parts.append((load, row))
    return work


def person_row(person: Person, load: Load) -> Document:
    """A person's load against their capacity."""
    total = load.minutes + load.way
    return {
        **_named(person),
        "capacity": person.capacity,
        "grids": [{"plane": one.plane.code, "grid": one.basis.table.codes[row]} for one, row in load.parts],
        "customers": load.customers,
        "minutes": round(load.minutes, 3),
        "way_minutes": round(load.way, 3),
        "load": round(total, 3),
        "share": round(total / person.capacity, 4) if person.capacity else None,
        "over_capacity": person.capacity is not None and total > person.capacity,
    }


def _named(person: Person) -> Document:
    return {"person": person.person_id, "name": person.name, "area": person.area}


def _grid_row(here: PlaneLoad, row: int) -> Document:
    staff, table = here.staff[row], here.basis.table
    owner, acting = staff.owner, staff.acting
    return {
        "grid": table.codes[row],
        "name": table.names[row],
        "class": here.basis.classes[row],
        "owner": owner.person_id if owner else None,
        "owner_name": owner.name if owner else None,
        "acting": acting.person_id if acting else None,
        "acting_name": acting.name if acting else None,
        "acting_as": acting.role if acting else None,
        "stand_ins": [one.person_id for one in staff.stand_ins],
        "customers": int(here.customers[row]),
        "minutes": round(float(here.minutes[row]), 3),
        "way_minutes": round(float(here.way[row]), 3),
        "distance_m": _metres(here.mean_m[row]),
        "distance_p90_m": _metres(here.far_m[row]),
    }


def _metres(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None


def _why(plane: Plane, owner: str | None, day: dt.date) -> str:
    what = "a list without owner: " if plane.kind == "list" else ""
    if owner is not None:
        return f"{what}its owner {owner} is not in service on {day}; name another"
    return f"{what}nobody owns the grid; load a responsibility, or set an owner in the plan"
