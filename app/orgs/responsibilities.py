"""Owners of grids over spans of days."""

import datetime as dt
import uuid
from collections.abc import Iterable
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

    person_id: str
    name: str
    role: str
    valid_from: dt.date
    valid_to: dt.date | None


async def on_day(
    connection: AsyncConnection, plane_id: uuid.UUID, grid_id: uuid.UUID, day: dt.date
) -> list[Responsible]:
    """Everybody responsible for a grid on that day, owners first."""
    return [Responsible(**row) for row in await repository.on_day(connection, plane_id, grid_id, day)]


async def owners(connection: AsyncConnection, plane_id: uuid.UUID, day: dt.date) -> dict[uuid.UUID, str]:
    """Grid → who owns it on that day."""
    return await repository.owners(connection, plane_id, day)


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
