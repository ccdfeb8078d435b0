"""Layers of responsibility: their rules and whom they cover, on any day and as known at any time."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict, Invalid, NotFound
from app.planes import repository
from geo.precedence import Rule

COVERED_BY = ("segment", "tier", "net_status")
RULES = {
    "place": tuple(Rule),
    "list": (Rule.LOCK, Rule.NAMED_LIST, Rule.CLUSTER),
}


@dataclass(frozen=True)
class Plane:
    """A plane as it holds on a day: its rules in the order in which they are asked, and whom it covers.

    An empty ``covers`` is everyone. ``plane_id``, ``code`` and ``kind`` are the same on every day.
    """

    plane_id: uuid.UUID
    code: str
    name: str
    kind: str
    rules: list[str]
    covers: dict[str, list[str]]


@dataclass(frozen=True)
class Version:
    """A plane's name, rules and covers over a span of days (``valid_to`` not included, None: open)."""

    valid_from: dt.date
    valid_to: dt.date | None
    name: str
    rules: list[str]
    covers: dict[str, list[str]]
    recorded_at: dt.datetime


@dataclass(frozen=True)
class Laid:
    """What :func:`put` did: the span that now holds the version, and whether anything changed by it."""

    changed: bool
    valid_from: dt.date
    valid_to: dt.date | None


async def create(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    code: str,
    name: str,
    kind: str,
    rules: Sequence[str],
    covers: Mapping[str, Sequence[str]],
) -> Plane:
    """A new plane; its code must be free, each rule named once and possible in a plane of this kind."""
    version = checked(kind, name, rules, covers)
    try:
        async with connection.begin_nested():
            plane_id = await repository.add(connection, org_id, code, kind, version)
    except IntegrityError as error:
        raise Conflict(
            f"There is a plane {code!r} already; choose another code.", kind="plane-exists"
        ) from error
    return Plane(plane_id, code, kind=kind, **version)


async def get(
    connection: AsyncConnection, code: str, day: dt.date | None = None, known_at: dt.datetime | None = None
) -> Plane:
    """The plane with this code as it holds on a day (the organisation's today without one)."""
    day = day or await repository.today(connection)
    found = await repository.on(connection, day, known_at, code=code)
    if found:
        return Plane(**found[0])
    codes = await repository.codes(connection)
    if code in codes:
        raise NotFound(f"The plane {code!r} was not known yet at {known_at}.", kind="unknown-plane")
    raise NotFound(
        f"There is no plane {code!r} (planes: {', '.join(codes) or 'none yet'}).", kind="unknown-plane"
    )


async def by_id(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    day: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> Plane:
    """The plane with this id as it holds on a day (the organisation's today without one)."""
    day = day or await repository.today(connection)
    found = await repository.on(connection, day, known_at, plane_id=plane_id)
    if not found:
        raise NotFound(f"There is no plane {plane_id}.", kind="unknown-plane")
    return Plane(**found[0])


async def every(
    connection: AsyncConnection, day: dt.date | None = None, known_at: dt.datetime | None = None
) -> list[Plane]:
    """All planes as they hold on a day (the organisation's today without one), by code."""
    day = day or await repository.today(connection)
    return [Plane(**row) for row in await repository.on(connection, day, known_at)]


async def page(
    connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None, after: str | None, limit: int
) -> list[Plane]:
    """At most ``limit`` planes behind this code, by code, as they hold on a day."""
    found = await repository.on(connection, day, known_at, after=after, limit=limit)
    return [Plane(**row) for row in found]


async def versions(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    since: dt.date = repository.ALWAYS,
    known_at: dt.datetime | None = None,
) -> list[Version]:
    """The versions of a plane from ``since`` on, in order, without a gap; the first begins at ``since``."""
    found = [Version(**row) for row in await repository.versions(connection, plane_id, since, known_at)]
    return [
        Version(max(one.valid_from, since), one.valid_to, one.name, one.rules, one.covers, one.recorded_at)
        for one in found
    ]


async def put(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane: Plane,
    since: dt.date,
    *,
    name: str | None = None,
    rules: Sequence[str] | None = None,
    covers: Mapping[str, Sequence[str]] | None = None,
) -> Laid:
    """Let a plane have this name, these rules and covers from a day until the next known change.

    What is None stays as it is on that day. Nothing is decided anew by it (:mod:`app.planes.change` does).
    """
    held = await by_id(connection, plane.plane_id, since)
    version = checked(
        held.kind,
        held.name if name is None else name,
        held.rules if rules is None else rules,
        held.covers if covers is None else covers,
    )
    changed, until = await repository.lay(connection, org_id, plane.plane_id, version, since)
    return Laid(changed, since, until)


def checked(
    kind: str, name: str, rules: Sequence[str], covers: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """A version's columns; raises :class:`Invalid` for rules that a plane of this kind cannot have."""
    repeated = sorted({rule for rule in rules if list(rules).count(rule) > 1})
    if repeated:
        raise Invalid(f"rules names {', '.join(repeated)} more than once.", kind="invalid-rules")
    foreign = [rule for rule in rules if rule not in RULES[kind]]
    if foreign:
        raise Invalid(
            f"A {kind} plane cannot decide by {', '.join(foreign)}: its grids have no ground. "
            f"It can by {', '.join(RULES[kind])}.",
            kind="invalid-rules",
        )
    whom = {one: sorted(set(values)) for one, values in covers.items() if values}
    return {"name": name, "rules": [str(rule) for rule in rules], "covers": whom}
