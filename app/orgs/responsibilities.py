"""Owners of grids over spans of days."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs import responsibilities_repository as repository
from app.storage.copy import copy_rows
from app.storage.dated import source_table


@dataclass(frozen=True)
class Owned:
    """A grid has this owner (None: nobody) from ``valid_from`` until before ``valid_to`` (None: open)."""

    grid_id: uuid.UUID
    person_id: str | None
    valid_from: dt.date
    valid_to: dt.date | None


@dataclass(frozen=True)
class Responsible:
    """Who is responsible for a grid on a day, in which role, over which days."""

    grid_id: uuid.UUID
    person_id: str
    name: str
    role: str
    valid_from: dt.date
    valid_to: dt.date | None


@dataclass(frozen=True)
class Responsibility:
    """A responsibility as it was said, whether or not the person is in service, and when it was known."""

    plane_id: uuid.UUID
    grid_id: uuid.UUID
    person_id: str
    role: str
    valid_from: dt.date
    valid_to: dt.date | None
    recorded_at: dt.datetime
    superseded_at: dt.datetime | None


async def on_day(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    grid_id: uuid.UUID | None,
    day: dt.date,
    known_at: dt.datetime | None = None,
) -> list[Responsible]:
    """Everybody in service and responsible for a grid (None: any of the plane) on that day, owners first."""
    rows = await repository.on_day(connection, plane_id, grid_id, day, known_at)
    return [Responsible(**row) for row in rows]


async def owners(
    connection: AsyncConnection, plane_id: uuid.UUID, day: dt.date, known_at: dt.datetime | None = None
) -> dict[uuid.UUID, str]:
    """Grid → who owns it on that day; an owner who is not in service then is none."""
    return await repository.owners(connection, plane_id, day, known_at)


async def held(
    connection: AsyncConnection,
    day: dt.date | None,
    known_at: dt.datetime | None = None,
    *,
    plane_id: uuid.UUID | None = None,
    grids: Sequence[uuid.UUID] | None = None,
    person_id: str | None = None,
    role: str | None = None,
) -> list[Responsibility]:
    """Responsibilities that hold on a day (None: on any), as known then, narrowed by what is given."""
    asked = (plane_id, None if grids is None else list(grids), person_id, role)
    return [Responsibility(**row) for row in await repository.held(connection, day, known_at, *asked)]


async def set_owners(
    connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID, owned: Iterable[Owned]
) -> int:
    """Make these the owners over their days, whoever was known before; how many spans changed something.

    Grids and days that are not named keep what is known of them.
    """
    await source_table(
        connection,
        repository.SOURCE,
        {
            name: kind
            for name, kind in repository.COLUMNS.items()
            if name in ("plane_id", "grid_id", "role", "person_id")
        },
    )
    rows = (
        (plane_id, one.grid_id, "owner", one.person_id, one.valid_from, one.valid_to, one.person_id is None)
        for one in owned
    )
    await copy_rows(connection, repository.SOURCE, repository.COLUMNS, rows)
    return await repository.lay_over(connection, org_id)
