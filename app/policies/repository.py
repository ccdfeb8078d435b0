"""Policies in the database."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Date, Text, insert, select, table
from sqlalchemy import column as named
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from app.policies.models import Policy
from app.storage.dated import overlay, source_table, until_next_change
from app.storage.rows import records

_SAID = "policy_said"
_COLUMNS = (Policy.kind, Policy.document, Policy.valid_from, Policy.valid_to, Policy.recorded_at)


def _known(known_at: dt.datetime | None) -> ColumnElement[bool]:
    if known_at is None:
        return Policy.superseded_at.is_(None)
    return (Policy.recorded_at <= known_at) & (
        Policy.superseded_at.is_(None) | (Policy.superseded_at > known_at)
    )


async def on_day(
    connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None, kind: str | None = None
) -> list[dict[str, Any]]:
    """The policies (of one kind, or each kind's) that hold on a day, by kind."""
    query = select(*_COLUMNS).where(
        _known(known_at), Policy.valid_from <= day, Policy.valid_to.is_(None) | (Policy.valid_to > day)
    )
    if kind is not None:
        query = query.where(Policy.kind == kind)
    return records(await connection.execute(query.order_by(Policy.kind)))


async def since(
    connection: AsyncConnection, kind: str, day: dt.date, known_at: dt.datetime | None
) -> list[dict[str, Any]]:
    """The policies of a kind that hold on some day from this one on, in order."""
    query = select(*_COLUMNS).where(
        _known(known_at), Policy.kind == kind, Policy.valid_to.is_(None) | (Policy.valid_to > day)
    )
    return records(await connection.execute(query.order_by(Policy.valid_from)))


async def lay(
    connection: AsyncConnection, org_id: uuid.UUID, kind: str, document: dict[str, Any], day: dt.date
) -> tuple[bool, dt.date | None]:
    """Let the document hold from the day until the next known change.

    Answers whether that changed anything, and where it ends.
    """
    stored = Policy.metadata.tables[Policy.__tablename__]
    await source_table(connection, _SAID, {"kind": "text", "document": "jsonb"})
    source = table(
        _SAID,
        named("kind", Text),
        named("document", JSONB),
        named("valid_from", Date),
        named("valid_to", Date),
    )
    await connection.execute(insert(source).values(kind=kind, document=document, valid_from=day))
    await until_next_change(connection, stored, ["kind"], _SAID)
    until = (await connection.execute(select(source.c.valid_to))).scalar_one()
    changed = await overlay(connection, org_id, stored, ["kind"], ["document"], _SAID)
    return changed > 0, until
