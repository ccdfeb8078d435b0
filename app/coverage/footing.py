"""What an answer about places stands on: the plane, the ground of its plan, and facts beside them.

What is known now is confirmed and not read; a question of what was believed, or of a plan that is named,
reads everything in one transaction.
"""

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments.locators import Ground
from app.coverage.choosing import ground_of
from app.planes import service as planes
from app.planes.service import Plane
from app.requests import Scope, known_moment
from app.standing.asking import Asking

T = TypeVar("T")
Read = Callable[[AsyncConnection], Awaitable[T]]


@dataclass(frozen=True)
class Footing:
    """``ground`` is None where no plan is in force on the day."""

    plane: Plane
    ground: Ground | None
    day: dt.date
    known_at: dt.datetime | None
    asking: Asking
    open: AsyncConnection | None
    """The transaction that everything was read in; none: it was confirmed."""

    @property
    def confirmed_today(self) -> bool:
        """It is about today, as known now: facts are kept."""
        return self.open is None and self.day == self.asking.today

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A transaction for what is not kept."""
        if self.open is not None:
            yield self.open
        else:
            async with self.asking.transaction() as connection:
                yield connection

    async def fact(self, name: str, read: Read[T]) -> T:
        """What ``read`` finds about the plane on the day.

        Of today it is kept as long as it is confirmed; other days are asked too seldom to spend memory on.
        """
        if self.confirmed_today:
            return await self.asking.keep((name, self.plane.plane_id, self.day), read)
        async with self.connection() as connection:
            return await read(connection)


async def confirmed(asking: Asking, plane_code: str, at: dt.date | None) -> Footing:
    """What an answer stands on that is about what is known now; today without ``at``."""
    day = at or asking.today
    plane = await asking.plane(plane_code, day)
    return Footing(plane, await asking.ground(plane.plane_id, day), day, None, asking, None)


@asynccontextmanager
async def read(
    asking: Asking,
    plane_code: str,
    at: dt.date | None,
    known_at: str | None,
    plan_id: uuid.UUID | None = None,
) -> AsyncIterator[Footing]:
    """What an answer stands on that is about what was known then, or about a plan that is named."""
    async with asking.transaction() as connection:
        holder = asking.holder
        scope = Scope(connection, holder.org_id, holder.name, asking.today, "")
        day, moment = at or asking.today, await known_moment(scope, known_at)
        plane = await planes.get(connection, plane_code, day, moment)
        ground = await ground_of(connection, plane, day, plan_id, moment)
        yield Footing(plane, ground, day, moment, asking, connection)
