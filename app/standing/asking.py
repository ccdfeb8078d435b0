"""A question that needs no transaction: what its organisation's answers stand on is confirmed, not read.

One word with the database, shared with whoever asks at the same time, takes the place of the reads that a
transaction begins with. A route that needs more opens a transaction of its own.
"""

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments.locators import Ground
from app.auth.service import KeyHolder
from app.planes import service as planes
from app.planes.service import Plane
from app.requests import Credentials, bearer, secret_of
from app.standing.service import Standing, Standings

T = TypeVar("T")


@dataclass(frozen=True)
class Asking:
    """Who asks, what holds for them, and the organisation's date."""

    standings: Standings
    holder: KeyHolder
    standing: Standing
    today: dt.date

    def transaction(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction for the organisation."""
        return self.standings.database.transaction(self.holder.org_id)

    async def plane(self, code: str, day: dt.date) -> Plane:
        """The plane as it holds on a day, as known now; raises what :func:`planes.get` raises."""
        plane = self.standing.plane(code, day)
        if plane is None:
            async with self.transaction() as connection:
                return await planes.get(connection, code, day)
        return plane

    async def ground(self, plane_id: uuid.UUID, day: dt.date) -> Ground | None:
        """The ground of the plan in force on a day, as known now (None: none is)."""
        return await self.standings.ground(self.standing, plane_id, day)

    async def keep(self, name: Hashable, read: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What ``read`` finds, kept as long as the organisation's revision (:meth:`Standings.keep`)."""
        return await self.standings.keep(self.standing, name, read)


def standings_of(request: Request) -> Standings:
    """The application's standings."""
    standings: Standings = request.app.state.standings
    return standings


async def _asking(request: Request, credentials: Credentials) -> Asking:
    standings = standings_of(request)
    holder, standing = await standings.recognise(secret_of(credentials))
    return Asking(standings, holder, standing, standing.today())


async def confirmed(request: Request) -> Asking:
    """Who asks, and what holds for them now."""
    return await _asking(request, await bearer(request))


Confirmed = Annotated[Asking, Depends(_asking)]
