"""The people who can be responsible for grids, as they are on a day, and their days of service."""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs import people_repository as repository


@dataclass(frozen=True)
class Person:
    """Somebody in service on a day, with their residence (WGS 84) where it is known.

    ``capacity`` is in minutes a month. The days are those over which what is said here holds.
    """

    person_id: str
    name: str
    area: str | None
    area_id: uuid.UUID | None
    capacity: float | None
    lng: float | None
    lat: float | None
    valid_from: dt.date
    valid_to: dt.date | None


@dataclass(frozen=True)
class PersonSpan:
    """What was said of a person over a span of days, and when it was said."""

    name: str
    area: str | None
    capacity: float | None
    lng: float | None
    lat: float | None
    valid_from: dt.date
    valid_to: dt.date | None
    recorded_at: dt.datetime
    superseded_at: dt.datetime | None


@dataclass(frozen=True)
class Service:
    """Days without a break on which a person is in service; on ``valid_to`` they have left (None: open)."""

    person_id: str
    valid_from: dt.date
    valid_to: dt.date | None

    def on(self, day: dt.date) -> bool:
        """Whether the person is in service on that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


async def on_day(
    connection: AsyncConnection,
    day: dt.date,
    known_at: dt.datetime | None = None,
    after: str | None = None,
    limit: int | None = None,
    only: str | None = None,
) -> list[Person]:
    """People in service on a day, as known then, by id from behind the id ``after``; ``only`` one of them."""
    rows = await repository.on_day(connection, day, known_at, after, limit, only)
    return [Person(**row) for row in rows]


async def names(connection: AsyncConnection) -> dict[str, str]:
    """Id → what everybody is called, or was called last, in service or not."""
    return await repository.names(connection)


async def history(
    connection: AsyncConnection, person_id: str, known_at: dt.datetime | None = None
) -> list[PersonSpan]:
    """All that was ever said of a person, by the days it is about; with ``known_at`` what was known then."""
    return [PersonSpan(**row) for row in await repository.history(connection, person_id, known_at)]


async def service(
    connection: AsyncConnection, ids: Iterable[str], known_at: dt.datetime | None = None
) -> dict[str, list[Service]]:
    """Over which days these people are in service, in order; those who never were are left out."""
    found: dict[str, list[Service]] = {}
    for row in await repository.service(connection, sorted(set(ids)), known_at):
        found.setdefault(row["person_id"], []).append(Service(**row))
    return found
