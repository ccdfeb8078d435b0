"""Layers of responsibility and their rules."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    """A plane: its rules in the order in which they are asked, and whom it covers (empty: everyone)."""

    plane_id: uuid.UUID
    code: str
    name: str
    kind: str
    rules: list[str]
    covers: dict[str, list[str]]


async def create(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    code: str,
    name: str,
    kind: str,
    rules: Sequence[Rule],
    covers: Mapping[str, list[str]],
) -> Plane:
    """A new plane; its code must be free, each rule named once and possible in a plane of this kind."""
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
    whom = {name: values for name, values in covers.items() if values}
    try:
        async with connection.begin_nested():
            made = await repository.add(
                connection, org_id, code, name, kind, [str(rule) for rule in rules], whom
            )
    except IntegrityError as error:
        raise Conflict(
            f"There is a plane {code!r} already; choose another code.", kind="plane-exists"
        ) from error
    return Plane(**made)


async def get(connection: AsyncConnection, code: str) -> Plane:
    """The plane with this code."""
    found = await repository.by_code(connection, code)
    if found is None:
        known = ", ".join(plane.code for plane in await every(connection)) or "none yet"
        raise NotFound(f"There is no plane {code!r} (planes: {known}).", kind="unknown-plane")
    return Plane(**found)


async def by_id(connection: AsyncConnection, plane_id: uuid.UUID) -> Plane:
    """The plane with this id."""
    found = await repository.by_id(connection, plane_id)
    if found is None:
        raise NotFound(f"There is no plane {plane_id}.", kind="unknown-plane")
    return Plane(**found)


async def every(connection: AsyncConnection) -> list[Plane]:
    """All planes, by code."""
    return [Plane(**row) for row in await repository.every(connection)]
