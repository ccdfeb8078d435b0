"""What an organisation decides for itself, dated: any day's policy, as it was known at any time."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import service as audit
from app.audit.service import By
from app.policies import repository
from app.policies.kinds import CLASSES, CODES, COMPLETENESS, GEOCODES, WORKLOAD, Kind, kind_of
from geo.classify import ClassesPolicy
from geo.codes import CodePolicy
from geo.completeness import CompletenessPolicy
from geo.geocodes import GeocodePolicy
from geo.workload import WorkloadPolicy

Document = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Span:
    """Days over which one document holds, or none (the default holds then). ``valid_to`` is not included."""

    valid_from: dt.date
    valid_to: dt.date | None
    document: Document | None
    recorded_at: dt.datetime | None = None


@dataclass(frozen=True)
class Laid:
    """What :func:`put` did: the span that now holds the document, and whether anything changed by it."""

    changed: bool
    valid_from: dt.date
    valid_to: dt.date | None


async def on_day(
    connection: AsyncConnection, kind: str, day: dt.date, known_at: dt.datetime | None = None
) -> Document | None:
    """The document of this kind that holds on a day; None: the organisation has none, the default holds."""
    found = await repository.on_day(connection, day, known_at, kind)
    return found[0]["document"] if found else None


async def every(
    connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None = None
) -> dict[str, Span]:
    """What holds on a day by kind; kinds without a document are left out."""
    return {row.pop("kind"): Span(**row) for row in await repository.on_day(connection, day, known_at)}


async def spans(
    connection: AsyncConnection, kind: str, since: dt.date, known_at: dt.datetime | None = None
) -> list[Span]:
    """What holds from ``since`` on, in order and without a gap: the last span is open."""
    out: list[Span] = []
    day: dt.date | None = since
    for row in await repository.since(connection, kind, since, known_at):
        del row["kind"]
        held = Span(**row)
        if day is not None and held.valid_from > day:
            out.append(Span(day, held.valid_from, None))
        out.append(Span(max(held.valid_from, since), held.valid_to, held.document, held.recorded_at))
        day = held.valid_to
    if day is not None:
        out.append(Span(day, None, None))
    return out


async def put(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    kind: str,
    document: Mapping[str, Any],
    since: dt.date,
    by: By,
    reason: str | None = None,
) -> Laid:
    """Let a document hold from a day until the next one that is known, and note who said so.

    Nothing is decided anew by it.

    Raises :class:`geo.errors.InputError` with the path of what is wrong in the document, and
    :class:`app.errors.NotFound` for an unknown kind. What a caller sends goes through
    :func:`app.policies.change.change`, which also holds it against the organisation's customers.
    """
    kind_of(kind).parse(document)
    before = await on_day(connection, kind, since)
    changed, until = await repository.lay(connection, org_id, kind, dict(document), since)
    if changed:
        after = {"from": since.isoformat(), "document": dict(document)}
        held = {"document": before} if before is not None else None
        await audit.record(
            connection, by, "policy.put", "policy", kind, reason=reason, before=held, after=after
        )
    return Laid(changed, since, until)


async def parsed(
    connection: AsyncConnection, kind: Kind[T], day: dt.date, known_at: dt.datetime | None = None
) -> T:
    """The policy of a kind that holds on a day, its default when there is none."""
    document = await on_day(connection, kind.name, day, known_at)
    return kind.default if document is None else kind.parse(document)


async def workload(
    connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None = None
) -> WorkloadPolicy:
    """How customers weigh on a day."""
    return await parsed(connection, WORKLOAD, day, known_at)


async def classes(
    connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None = None
) -> ClassesPolicy:
    """How land gets its class from codes and density, on a day."""
    return await parsed(connection, CLASSES, day, known_at)


async def codes(connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None = None) -> CodePolicy:
    """The values and codes that may be used on a day."""
    return await parsed(connection, CODES, day, known_at)


async def geocodes(
    connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None = None
) -> GeocodePolicy:
    """How far geocodes are trusted on a day."""
    return await parsed(connection, GEOCODES, day, known_at)


async def completeness(
    connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None = None
) -> CompletenessPolicy:
    """What has to be known of each tier on a day."""
    return await parsed(connection, COMPLETENESS, day, known_at)
