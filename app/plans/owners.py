"""Owners of grids follow the plans in force: what a plan says of a grid's owner holds while it does."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict
from app.orgs import people, responsibilities
from app.orgs.people import Service
from app.orgs.responsibilities import Owned
from app.planes.service import Plane
from app.plans import grids_repository
from app.plans.calendar import Change
from app.plans.model import GridTable
from geo.coverage import Finding

Said = Mapping[uuid.UUID, str | None]


async def follow(
    connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID, changes: Sequence[Change]
) -> None:
    """Write the owners that these changes of the calendar bring.

    A grid of which the new plan names no owner keeps the one it has from elsewhere; where it had its owner
    from the plan that held before, it gets back the one from before that plan. Nobody owns a grid behind the
    day on which they leave.
    """
    for change in changes:
        before = await _said(connection, change.before)
        after = await _said(connection, change.after)
        earlier: Mapping[uuid.UUID, str] = {}
        if any(person and not after.get(grid_id) for grid_id, person in before.items()):
            earlier = await responsibilities.owners(connection, plane_id, change.eve) if change.eve else {}
        owned = list(_owned(change, before, after, earlier))
        service = await people.service(connection, {one.person_id for one in owned if one.person_id})
        served = [part for one in owned for part in _served(one, service)]
        await responsibilities.set_owners(connection, org_id, plane_id, served)


async def refuse_away(connection: AsyncConnection, plan_id: uuid.UUID, day: dt.date) -> None:
    """Raise :class:`Conflict` when the plan gives grids to owners who are not in service on that day."""
    named = {grid_id: person for grid_id, person in (await _said(connection, plan_id)).items() if person}
    service = await people.service(connection, named.values())
    away = {
        grid_id: person
        for grid_id, person in named.items()
        if not any(one.on(day) for one in service.get(person, ()))
    }
    if not away:
        return
    codes = {grid_id: code for code, grid_id in (await grids_repository.codes(connection, plan_id)).items()}
    rows = sorted(({"grid": codes[one], "person": person} for one, person in away.items()), key=_by_grid)
    first = ", ".join(f"{row['grid']} ({row['person']})" for row in rows[:5])
    raise Conflict(
        f"The owners of {len(rows)} grid{'s' if len(rows) > 1 else ''} are not in service on {day}: {first}"
        f"{', …' if len(rows) > 5 else ''}. Set other owners in the plan, or correct the people's days.",
        kind="owner-not-in-service",
        grids=rows,
    )


async def findings(
    connection: AsyncConnection, plane: Plane, table: GridTable, day: dt.date
) -> list[Finding]:
    """Grids of a plan that nobody would own on that day, and those whose owner is not in service then."""
    known = await responsibilities.owners(connection, plane.plane_id, day)
    service = await people.service(connection, [one for one in table.owner_ids if one])
    found = []
    for row, code in enumerate(table.codes):
        person = table.owner_ids[row]
        if person is None and table.grid_ids[row] in known:
            continue
        kind, why = "no_owner", "nobody owns the grid"
        if person is not None:
            if any(one.on(day) for one in service.get(person, ())):
                continue
            kind, why = "owner_away", f"its owner {person} is not in service on {day}; set another"
        if plane.kind == "list":
            why = f"a list without owner: {why}"
        area = float(table.areas_m2[row])
        found.append(Finding(kind, "warning", (code,), area if np.isfinite(area) else 0.0, None, why))
    return found


def _owned(change: Change, before: Said, after: Said, earlier: Mapping[uuid.UUID, str]) -> Iterator[Owned]:
    for grid_id, person in after.items():
        if person:
            yield Owned(grid_id, person, change.valid_from, change.valid_to)
    for grid_id, person in before.items():
        if person and not after.get(grid_id):
            back = earlier.get(grid_id) if grid_id in after else None
            yield Owned(grid_id, back, change.valid_from, change.valid_to)


def _served(owned: Owned, service: Mapping[str, Sequence[Service]]) -> Iterator[Owned]:
    """The days of an ownership on which the owner is in service; on its other days nobody owns the grid."""
    if owned.person_id is None:
        yield owned
        return
    end = owned.valid_to or dt.date.max
    day = owned.valid_from
    for one in service.get(owned.person_id, ()):
        begins, ends = max(one.valid_from, day), min(one.valid_to or dt.date.max, end)
        if begins >= ends:
            continue
        if day < begins:
            yield Owned(owned.grid_id, None, day, begins)
        last = owned.valid_to if ends == end else ends
        yield Owned(owned.grid_id, owned.person_id, begins, last)
        day = ends
    if day < end:
        yield Owned(owned.grid_id, None, day, owned.valid_to)


def _by_grid(row: Mapping[str, str]) -> str:
    return row["grid"]


async def _said(connection: AsyncConnection, plan_id: uuid.UUID | None) -> Said:
    return await grids_repository.owners(connection, plan_id) if plan_id else {}
