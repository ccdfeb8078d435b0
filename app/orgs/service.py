"""Organisations and their days."""

import datetime as dt
import uuid
import zoneinfo
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import service as audit
from app.audit.service import By
from app.auth import service as auth
from app.errors import Conflict, Invalid, NotFound
from app.orgs import repository
from app.orgs.repository import time_zone as time_zone
from app.storage.database import Database

Furnish = Callable[[AsyncConnection, uuid.UUID, By], Awaitable[None]]


@dataclass(frozen=True)
class Organisation:
    """A tenant. Its days begin at midnight in ``time_zone``."""

    org_id: uuid.UUID
    name: str
    time_zone: str


async def every(database: Database) -> list[Organisation]:
    """All organisations, by name: for whoever runs the server, never for a key."""
    found = []
    for org_id in await auth.organisations(database):
        async with database.transaction(org_id) as connection:
            found.append(Organisation(org_id, *await repository.about(connection, org_id)))
    return sorted(found, key=lambda one: one.name)


async def find(database: Database, text: str) -> Organisation:
    """The organisation with this id or name; raises :class:`NotFound`."""
    known = await every(database)
    for one in known:
        if text in (str(one.org_id), one.name):
            return one
    names = ", ".join(one.name for one in known[:10]) or "none yet"
    raise NotFound(f"There is no organisation {text!r} (organisations: {names}).", kind="unknown-org")


async def today(connection: AsyncConnection, org_id: uuid.UUID) -> dt.date:
    """The date in the organisation's time zone: its days begin at its midnight."""
    zone = await time_zone(connection, org_id)
    return dt.datetime.now(zoneinfo.ZoneInfo(zone)).date()


async def create(
    database: Database, name: str, time_zone: str = "Asia/Shanghai", furnish: Furnish | None = None
) -> tuple[uuid.UUID, str]:
    """A new organisation and the secret of its administrator's key.

    It has no plane yet, but for what ``furnish`` gives it in the same transaction.
    """
    if not name.strip():
        raise Invalid("The organisation needs a name.")
    try:
        zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid(f"There is no time zone {time_zone!r}; use a name such as Asia/Shanghai.") from error
    org_id = uuid.uuid4()
    try:
        async with database.transaction(org_id) as connection:
            await repository.add_organisation(connection, org_id, name, time_zone)
            made = {"name": name, "time_zone": time_zone}
            by = By(org_id, auth.OPERATOR)
            await audit.record(connection, by, "org.create", "org", str(org_id), after=made)
            key = await auth.make_key(connection, org_id, "administrator", "admin")
            if furnish is not None:
                await furnish(connection, org_id, by)
    except IntegrityError as error:
        raise Conflict(f"There is an organisation named {name!r} already; choose another name.") from error
    return org_id, key
