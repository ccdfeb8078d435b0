"""Organisations and their days."""

import datetime as dt
import uuid
import zoneinfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import service as auth
from app.errors import Conflict, Invalid
from app.orgs import repository
from app.storage.database import Database
from geo.workload import WorkloadPolicy, parse_policy, policy_on


async def today(connection: AsyncConnection, org_id: uuid.UUID) -> dt.date:
    """The date in the organisation's time zone: its days begin at its midnight."""
    zone = await repository.time_zone(connection, org_id)
    return dt.datetime.now(zoneinfo.ZoneInfo(zone)).date()


async def workload_policy(connection: AsyncConnection, day: dt.date) -> WorkloadPolicy:
    """The organisation's workload policy in force on the day, else the default one."""
    versions = (await repository.policy(connection)).get("workload", [])
    return policy_on([parse_policy(version) for version in versions], day)


async def create(database: Database, name: str, time_zone: str = "Asia/Shanghai") -> tuple[uuid.UUID, str]:
    """A new organisation and the secret of its administrator's key. It has no plane yet."""
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
            key = await auth.make_key(connection, org_id, "administrator", "admin")
    except IntegrityError as error:
        raise Conflict(f"There is an organisation named {name!r} already; choose another name.") from error
    return org_id, key
