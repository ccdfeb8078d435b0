"""What a route needs of a request: who is asking, and the one transaction it runs in."""

import datetime as dt
import hashlib
import uuid
import zoneinfo
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import Depends, Header, Query, Request
from fastapi.responses import Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.service import By
from app.auth import service as auth
from app.auth.service import KeyHolder
from app.errors import Forbidden, Invalid, Unauthenticated
from app.idempotency import service as idempotency
from app.idempotency.service import Answer
from app.orgs import service as orgs
from app.storage.database import Database
from app.storage.dated import AsOf

bearer = HTTPBearer(auto_error=False, description="`Authorization: Bearer <key>`")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]

IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", max_length=200, description="The same key twice changes nothing."),
]


def database_of(request: Request) -> Database:
    """The application's database."""
    database: Database = request.app.state.database
    return database


def secret_of(credentials: HTTPAuthorizationCredentials | None) -> str:
    """The key that a request carries; raises :class:`Unauthenticated` without one."""
    if credentials is None:
        raise Unauthenticated("Send the key of your organisation as `Authorization: Bearer <key>`.")
    return credentials.credentials


async def _holder(request: Request, credentials: Credentials) -> KeyHolder:
    return await auth.recognise(database_of(request), secret_of(credentials))


Holder = Annotated[KeyHolder, Depends(_holder)]


def _planner(holder: Holder) -> KeyHolder:
    if holder.role not in ("admin", "planner"):
        raise Forbidden("This key may only read; use a planner's key.")
    return holder


Planner = Annotated[KeyHolder, Depends(_planner)]


@dataclass(frozen=True)
class Scope:
    """One request: its organisation, who asks, the organisation's date, and its transaction."""

    connection: AsyncConnection
    org_id: uuid.UUID
    actor: str
    today: dt.date
    request_id: str

    @property
    def by(self) -> By:
        """Who acts, for the audit."""
        return By(self.org_id, self.actor, self.request_id)


async def _reading(request: Request, holder: Holder) -> AsyncIterator[Scope]:
    async with database_of(request).transaction(holder.org_id) as connection:
        today = await orgs.today(connection, holder.org_id)
        yield Scope(connection, holder.org_id, holder.name, today, request.state.request_id)


# scope="function": the transaction ends before the answer is sent; whoever has the answer can rely on it.
Reading = Annotated[Scope, Depends(_reading, scope="function")]


@dataclass(frozen=True)
class WriteScope(Scope):
    """A request that changes something; :meth:`once` does it once for each Idempotency-Key."""

    key: str | None
    fingerprint: bytes

    async def once(self, work: Callable[[], Awaitable[Answer]]) -> Response:
        """The answer of ``work``, or the one given before to the same request with the same key."""
        answer = await idempotency.once(self.connection, self.org_id, self.key, self.fingerprint, work)
        return as_response(answer)


async def fingerprint(request: Request) -> bytes:
    """What tells two requests apart that carry one Idempotency-Key."""
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await request.body()
    return hashlib.sha256(asked).digest()


async def _writing(
    request: Request, scope: Reading, _: Planner, idempotency_key: IdempotencyKey = None
) -> WriteScope:
    return WriteScope(
        scope.connection,
        scope.org_id,
        scope.actor,
        scope.today,
        scope.request_id,
        idempotency_key,
        await fingerprint(request),
    )


Writing = Annotated[WriteScope, Depends(_writing, scope="function")]


At = Annotated[dt.date | None, Query(description="The day asked about; today without it.")]
Limit = Annotated[int, Query(ge=1, le=10_000)]
KnownAt = Annotated[
    str | None,
    Query(description="What was known at that moment, or at the end of that day; now without it."),
]


async def known_moment(scope: Scope, known_at: str | None) -> dt.datetime | None:
    """The moment that a caller's ``known_at`` means: an instant, or the end of a day of the organisation.

    Without an offset it is the organisation's time. Raises :class:`Invalid` for what is no time.
    """
    if known_at is None:
        return None
    # A plus sign that was not escaped arrives as a space.
    said = known_at.strip().replace(" ", "+") if "T" in known_at else known_at.strip()
    try:
        when = dt.datetime.fromisoformat(said)
        if len(said) <= 10:
            when += dt.timedelta(days=1)
    except (ValueError, OverflowError) as error:
        raise Invalid(
            f"known_at is {known_at!r}; a date or a time such as 2026-05-03T18:00:00+08:00 was expected.",
            kind="bad-time",
        ) from error
    if when.tzinfo is None:
        when = when.replace(tzinfo=zoneinfo.ZoneInfo(await orgs.time_zone(scope.connection, scope.org_id)))
    return when


async def _when(scope: Reading, at: At = None, known_at: KnownAt = None) -> AsOf:
    return AsOf(at or scope.today, await known_moment(scope, known_at))


When = Annotated[AsOf, Depends(_when, scope="function")]
"""The day that a question is about and the moment whose knowledge answers it, of the parameters ``at`` and
``known_at``.
"""


def as_response(answer: Answer) -> Response:
    """An answer as JSON."""
    return Response(orjson.dumps(answer.body), answer.status, answer.headers, media_type="application/json")
