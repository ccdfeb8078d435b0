"""What an organisation's answers stand on, kept in memory from revision to revision.

Whose key it is, where the organisation's midnight lies, its planes, and the days on which plans are in force.
It is read after its revision was, so that it can only be newer than it says, and it is used only while the
database confirms that revision. Nothing has to happen at midnight: the day is chosen at each request.
"""

import asyncio
import datetime as dt
import hashlib
import uuid
import zoneinfo
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import locators
from app.assignments.locators import Ground
from app.auth import service as auth
from app.auth.service import KeyHolder
from app.errors import DomainError, Unavailable
from app.orgs import service as orgs
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import Plan, Term
from app.storage.database import Database
from app.storage.revisions import Revision, Revisions

ORGANISATIONS = 1_000
KEYS = 10_000
THINGS = 256
"""At most so many are kept; those that were asked for last stay. Things are of each organisation."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Standing:
    """What holds for an organisation at a revision; ``planes`` are spans in order of days, by code."""

    org_id: uuid.UUID
    revision: Revision
    time_zone: zoneinfo.ZoneInfo
    planes: Mapping[str, Sequence[tuple[dt.date, Plane]]]
    terms: Mapping[uuid.UUID, Sequence[Term]]
    things: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict, repr=False)

    def today(self) -> dt.date:
        """The organisation's date."""
        return dt.datetime.now(self.time_zone).date()

    def plane(self, code: str, day: dt.date) -> Plane | None:
        """The plane as it holds on a day."""
        spans = self.planes.get(code, ())
        return next((plane for since, plane in reversed(spans) if since <= day), None)

    def plan_id(self, plane_id: uuid.UUID, day: dt.date) -> uuid.UUID | None:
        """The plan in force on a day, as known now."""
        for term in reversed(self.terms.get(plane_id, ())):
            if term.valid_from <= day and (term.valid_to is None or day < term.valid_to):
                return term.plan_id
        return None


class Standings:
    """The standings of the organisations that this process answers for."""

    def __init__(self, database: Database, patience_s: float) -> None:
        self.database = database
        self.revisions = Revisions(database.url, patience_s, self._heard)
        self._standings: OrderedDict[uuid.UUID, Standing] = OrderedDict()
        self._holders: OrderedDict[bytes, tuple[KeyHolder, Revision]] = OrderedDict()
        self._following: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def start(self) -> None:
        """Begin to follow the database."""
        self.revisions.start()

    async def close(self) -> None:
        """Follow it no more."""
        for task in list(self._following.values()):
            task.cancel()
        await asyncio.gather(*self._following.values(), return_exceptions=True)
        await self.revisions.close()

    async def recognise(self, secret: str) -> tuple[KeyHolder, Standing]:
        """Whose key it is, and what holds for them now. Raises what :func:`auth.recognise` raises."""
        name = hashlib.sha256(secret.encode()).digest()
        kept = self._holders.get(name)
        if kept is not None:
            standing = await self.of(kept[0].org_id)
            if standing.revision == kept[1]:
                self._holders.move_to_end(name)
                return kept[0], standing
        holder = await auth.recognise(self.database, secret)
        standing = await self.of(holder.org_id)
        # Asked once more: that the key held at this revision is known only when it was asked after it.
        holder = await auth.recognise(self.database, secret)
        _keep(self._holders, name, (holder, standing.revision), KEYS)
        return holder, standing

    async def of(self, org_id: uuid.UUID) -> Standing:
        """What holds for the organisation, confirmed after this was called."""
        now = await self.revisions.of(org_id)
        kept = self._standings.get(org_id)
        if kept is None or kept.revision != now:
            async with self._alone(org_id):
                kept = self._standings.get(org_id)
                if kept is None or kept.revision != now:
                    kept = await self._read(org_id, now)
                    _keep(self._standings, org_id, kept, ORGANISATIONS)
        else:
            self._standings.move_to_end(org_id)
        return kept

    async def _read(self, org_id: uuid.UUID, now: Revision) -> Standing:
        """Read with a revision that was confirmed before: what changes meanwhile is read again later."""
        async with self.database.transaction(org_id) as connection:
            zone = zoneinfo.ZoneInfo(await orgs.time_zone(connection, org_id))
            today = dt.datetime.now(zone).date()
            spans: dict[str, list[tuple[dt.date, Plane]]] = {}
            terms: dict[uuid.UUID, list[Term]] = {}
            for plane in await planes.every(connection, today):
                spans[plane.code] = [
                    (one.valid_from, replace(plane, name=one.name, rules=one.rules, covers=one.covers))
                    for one in await planes.versions(connection, plane.plane_id)
                ]
                terms[plane.plane_id] = await plans.terms(connection, plane.plane_id, dt.date.min)
        return Standing(org_id, now, zone, spans, terms)

    async def keep(
        self, standing: Standing, name: Hashable, read: Callable[[AsyncConnection], Awaitable[T]]
    ) -> T:
        """What ``read`` finds, as long as the organisation stays at this revision.

        Only for what changes with the revision: the tables that the migration of ``revise`` names.
        """
        if name not in standing.things:
            async with self.database.transaction(standing.org_id) as connection:
                found = await read(connection)
            _keep(standing.things, name, found, THINGS)
        kept: T = standing.things[name]
        return kept

    async def ground(self, standing: Standing, plane_id: uuid.UUID, day: dt.date) -> Ground | None:
        """The ground of the plan in force on a day (None: none is)."""
        plan_id = standing.plan_id(plane_id, day)
        if plan_id is None:
            return None

        async def read(connection: AsyncConnection) -> Plan:
            return await plans.get(connection, plan_id)

        plan = await self.keep(standing, ("plan", plan_id), read)
        ground = locators.kept(plan)
        if ground is None:
            async with self._alone(plan_id):
                ground = locators.kept(plan)
                if ground is None:
                    async with self.database.transaction(standing.org_id) as connection:
                        ground = await locators.ground(connection, plan)
        return ground

    def _alone(self, name: Hashable) -> asyncio.Lock:
        """Whoever would read the same waits for the one who reads it: the first questions of a process come
        together."""
        return self._locks.setdefault(name, asyncio.Lock())

    def _heard(self, org_id: uuid.UUID) -> None:
        if org_id in self._standings and org_id not in self._following:
            task = asyncio.create_task(self._follow(self._standings[org_id]))
            self._following[org_id] = task
            task.add_done_callback(lambda _: self._following.pop(org_id, None))

    async def _follow(self, before: Standing) -> None:
        """Make the grounds of today's plans before somebody waits for them, where the old ones were asked."""
        asked = {name[1] for name in before.things if isinstance(name, tuple) and name[0] == "plan"}
        try:
            standing = await self.of(before.org_id)
            for plane_id, terms in standing.terms.items():
                if asked.intersection(term.plan_id for term in (*terms, *before.terms.get(plane_id, ()))):
                    await self.ground(standing, plane_id, standing.today())
        except Unavailable:
            return
        except DomainError as error:
            log.warning("a change could not be followed ahead of questions", reason=str(error))


def _keep(kept: OrderedDict[Any, Any], name: Hashable, value: object, most: int) -> None:
    kept[name] = value
    kept.move_to_end(name)
    while len(kept) > most:
        kept.popitem(last=False)
