"""Planes and their versions in the database."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Date, Text, Uuid, collate, insert, select, table, text
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.planes.models import Plane, PlaneVersion
from app.storage.dated import known, on_day, overlay, source_table, until_next_change
from app.storage.rows import records

ALWAYS = dt.date.min
"""A plane's first version holds from here: its rules are the same for every day until they change."""

VALUES = ("name", "rules", "covers")
_SAID = "plane_said"
_TODAY = "SELECT CAST(now() AT TIME ZONE time_zone AS date) FROM organisations"
_OF_PLANE = (PlaneVersion.org_id == Plane.org_id) & (PlaneVersion.plane_id == Plane.plane_id)
_ORDER = collate(Plane.code, "C")


async def add(
    connection: AsyncConnection, org_id: uuid.UUID, code: str, kind: str, version: Mapping[str, Any]
) -> uuid.UUID:
    """Store a new plane with its first version; raises IntegrityError when the code is taken."""
    made = insert(Plane).values(org_id=org_id, code=code, kind=kind).returning(Plane.plane_id)
    plane_id: uuid.UUID = (await connection.execute(made)).scalar_one()
    first = {"org_id": org_id, "plane_id": plane_id, "valid_from": ALWAYS, **version}
    await connection.execute(insert(PlaneVersion).values(first))
    return plane_id


async def today(connection: AsyncConnection) -> dt.date:
    """The organisation's date."""
    day: dt.date = (await connection.execute(text(_TODAY))).scalar_one()
    return day


async def on(
    connection: AsyncConnection,
    day: dt.date,
    known_at: dt.datetime | None,
    *,
    code: str | None = None,
    plane_id: uuid.UUID | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """The planes (or one) as they hold on a day, in order of their codes."""
    query = (
        select(
            Plane.plane_id,
            Plane.code,
            PlaneVersion.name,
            Plane.kind,
            PlaneVersion.rules,
            PlaneVersion.covers,
        )
        .join_from(Plane, PlaneVersion, _OF_PLANE)
        .where(text(on_day("plane_versions", known_at)))
        .order_by(_ORDER)
        .limit(limit)
    )
    if code is not None:
        query = query.where(Plane.code == code)
    if plane_id is not None:
        query = query.where(Plane.plane_id == plane_id)
    if after is not None:
        query = query.where(after < _ORDER)
    return records(await connection.execute(query, {"at": day, "known_at": known_at}))


async def codes(connection: AsyncConnection) -> list[str]:
    """The codes of all planes there ever were."""
    return list((await connection.execute(select(Plane.code).order_by(Plane.code))).scalars())


async def versions(
    connection: AsyncConnection, plane_id: uuid.UUID, since: dt.date, known_at: dt.datetime | None
) -> list[dict[str, Any]]:
    """The versions of a plane that hold on some day from ``since`` on, in order."""
    query = (
        select(
            PlaneVersion.valid_from,
            PlaneVersion.valid_to,
            PlaneVersion.name,
            PlaneVersion.rules,
            PlaneVersion.covers,
            PlaneVersion.recorded_at,
        )
        .where(
            PlaneVersion.plane_id == plane_id,
            PlaneVersion.valid_to.is_(None) | (PlaneVersion.valid_to > since),
            text(known("plane_versions", known_at)),
        )
        .order_by(PlaneVersion.valid_from)
    )
    return records(await connection.execute(query, {"known_at": known_at}))


async def lay(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane_id: uuid.UUID,
    version: Mapping[str, Any],
    since: dt.date,
) -> tuple[bool, dt.date | None]:
    """Let a version hold from the day until the next known change.

    Answers whether that changed anything, and where it ends.
    """
    stored = PlaneVersion.metadata.tables[PlaneVersion.__tablename__]
    columns = {"plane_id": "uuid", "name": "text", "rules": "text[]", "covers": "jsonb"}
    await source_table(connection, _SAID, columns)
    source = table(
        _SAID,
        named("plane_id", Uuid),
        named("name", Text),
        named("rules", ARRAY(Text)),
        named("covers", JSONB),
        named("valid_from", Date),
        named("valid_to", Date),
    )
    await connection.execute(insert(source).values(plane_id=plane_id, valid_from=since, **version))
    key: Sequence[str] = ["plane_id"]
    await until_next_change(connection, stored, key, _SAID)
    until: dt.date | None = (await connection.execute(select(source.c.valid_to))).scalar_one()
    changed = await overlay(connection, org_id, stored, key, VALUES, _SAID)
    return changed > 0, until
