"""One person and their load; who is responsible for what: as of a day, as known then."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.orgs import people, responsibilities
from app.orgs.responsibilities import Responsibility
from app.planes import service as planes
from app.staffing import repository, service
from app.staffing.service import Load

Document = dict[str, Any]


async def person(
    connection: AsyncConnection, person_id: str, day: dt.date, known_at: dt.datetime | None = None
) -> Document:
    """A person as of a day: days of service, all that was said of them, grids by role and dates, load."""
    spans = await people.history(connection, person_id, known_at)
    if not spans:
        raise NotFound(f"There is nobody with the id {person_id!r}.", kind="unknown-person")
    found = await people.on_day(connection, day, known_at, only=person_id)
    held = await responsibilities.held(connection, None, known_at, person_id=person_id)
    told: Document = {
        "id": person_id,
        "name": found[0].name if found else spans[-1].name,
        "at": day,
        "in_service": bool(found),
        "service": [
            {"from": one.valid_from, "to": one.valid_to}
            for one in (await people.service(connection, [person_id], known_at)).get(person_id, [])
        ],
        "responsibilities": await rows(connection, held, day, known_at),
        "load": None,
        "history": [_span(one) for one in spans],
    }
    for key in ("area", "capacity", "lng", "lat"):
        told[key] = getattr(found[0], key) if found else None
    if found:
        here = {one.plane_id for one in held if _on(one, day)}
        loads = await service.of_planes(connection, day, known_at, only=here)
        told["load"] = service.person_row(found[0], service.by_person(loads).get(person_id, Load()))
    return told


async def responsible(
    connection: AsyncConnection,
    day: dt.date,
    known_at: dt.datetime | None = None,
    *,
    plane: str | None = None,
    grid: str | None = None,
    person_id: str | None = None,
    role: str | None = None,
    history: bool = False,
) -> list[Document]:
    """Who is responsible for which grid on a day, by plane, grid, role (owners first) and person.

    With ``history`` the spans of all days.
    """
    plane_id = (await planes.get(connection, plane, day, known_at)).plane_id if plane else None
    grids: list[uuid.UUID] | None = None
    if grid is not None:
        found = await repository.grids(connection, day, known_at, plane_id=plane_id, code=grid)
        if not found:
            where = f"plane {plane!r}" if plane else "any plane"
            raise NotFound(f"There is no grid {grid!r} in {where}.", kind="unknown-grid")
        grids = [one["grid_id"] for one in found]
    if person_id is not None and not await people.history(connection, person_id, known_at):
        raise NotFound(f"There is nobody with the id {person_id!r}.", kind="unknown-person")
    held = await responsibilities.held(
        connection,
        None if history else day,
        known_at,
        plane_id=plane_id,
        grids=grids,
        person_id=person_id,
        role=role,
    )
    return await rows(connection, held, day, known_at)


async def rows(
    connection: AsyncConnection,
    held: list[Responsibility],
    day: dt.date,
    known_at: dt.datetime | None,
) -> list[Document]:
    """Responsibilities as callers see them, in their order."""
    found = await repository.grids(connection, day, known_at, ids=sorted({one.grid_id for one in held}))
    grids = {one["grid_id"]: one for one in found}
    codes = {one.plane_id: one.code for one in await planes.every(connection, day)}
    there = {one.person_id: one.name for one in await people.on_day(connection, day, known_at)}
    names = await people.names(connection)
    out = [
        {
            "plane": codes[one.plane_id],
            "grid": grids[one.grid_id]["code"] if one.grid_id in grids else None,
            "grid_name": grids[one.grid_id]["name"] if one.grid_id in grids else None,
            "person": one.person_id,
            "name": there.get(one.person_id, names.get(one.person_id)),
            "role": one.role,
            "from": one.valid_from,
            "to": one.valid_to,
            "in_service": one.person_id in there,
        }
        for one in held
    ]
    return sorted(out, key=sort_key)


def sort_key(row: Document) -> tuple[str, str, bool, str, str, str]:
    """Where a row stands in the list."""
    role = row["role"]
    return row["plane"], row["grid"] or "", role != "owner", role, row["person"], row["from"].isoformat()


def _on(one: Responsibility, day: dt.date) -> bool:
    return one.valid_from <= day and (one.valid_to is None or day < one.valid_to)


def _span(one: people.PersonSpan) -> Document:
    return {
        "name": one.name,
        "area": one.area,
        "capacity": one.capacity,
        "lng": one.lng,
        "lat": one.lat,
        "from": one.valid_from,
        "to": one.valid_to,
        "recorded_at": one.recorded_at,
        "superseded_at": one.superseded_at,
    }
