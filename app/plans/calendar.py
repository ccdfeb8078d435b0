"""The days on which plans of a plane are in force: one plan begins, another ends or resumes.

Callers hold the plane's lock (:func:`app.storage.locks.one_writer`).
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict
from app.plans import repository
from app.plans.model import Plan
from app.storage.dated import moment


@dataclass(frozen=True)
class Change:
    """From ``valid_from`` until before ``valid_to`` the plan ``after`` is in force where ``before`` was.

    ``eve`` is the day before ``before`` first was in force.
    """

    valid_from: dt.date
    valid_to: dt.date | None
    before: uuid.UUID | None
    after: uuid.UUID | None
    eve: dt.date | None


async def begin(connection: AsyncConnection, org_id: uuid.UUID, plan: Plan, day: dt.date) -> Change:
    """Put the plan in force from that day until the next plan begins; what held then ends the day before.

    Raises :class:`Conflict` when another plan begins on that very day.
    """
    held = await repository.terms(connection, plan.plane_id, day)
    taken = next((term for term in held if term["valid_from"] == day), None)
    if taken is not None:
        raise Conflict(
            f"Another plan of this plane takes effect on {day}; choose another day or withdraw it first.",
            kind="day-taken",
            plan=str(taken["plan_id"]),
        )
    now = await moment(connection)
    eve = None
    until = next((term["valid_from"] for term in held if term["valid_from"] > day), None)
    cut = next((term for term in held if term["valid_from"] < day), None)
    if cut is not None:
        eve = _eve(await repository.terms_of(connection, cut["plan_id"]))
        await repository.supersede_term(connection, cut["term_id"], now)
        await repository.add_term(
            connection, org_id, plan.plane_id, cut["plan_id"], cut["valid_from"], day, now
        )
    await repository.add_term(connection, org_id, plan.plane_id, plan.plan_id, day, until, now)
    return Change(day, until, cut["plan_id"] if cut else None, plan.plan_id, eve)


async def withdraw(connection: AsyncConnection, org_id: uuid.UUID, plan: Plan, day: dt.date) -> list[Change]:
    """Take the plan out of force from that day on; the plan that held before it began holds again.

    Where none did, nothing is in force. Raises :class:`Conflict` when the plan holds on no day from then on.
    """
    own = await repository.terms_of(connection, plan.plan_id)
    open_ones = [term for term in own if term["valid_to"] is None or term["valid_to"] > day]
    if not open_ones:
        raise Conflict(
            f"The plan {plan.name!r} is not in force on {day} or later; there is nothing to withdraw.",
            kind="plan-not-in-force",
        )
    eve = _eve(own)
    before = await repository.in_force(connection, plan.plane_id, eve, None)
    now = await moment(connection)
    changes = []
    for term in open_ones:
        start = max(term["valid_from"], day)
        await repository.supersede_term(connection, term["term_id"], now)
        if term["valid_from"] < start:
            await repository.add_term(
                connection, org_id, plan.plane_id, plan.plan_id, term["valid_from"], start, now
            )
        if before is not None:
            await _resume(connection, org_id, before, start, term["valid_to"], now)
        after = before["plan_id"] if before is not None else None
        changes.append(Change(start, term["valid_to"], plan.plan_id, after, eve))
    return changes


def _eve(terms: list[dict[str, Any]]) -> dt.date:
    first: dt.date = terms[0]["valid_from"]
    return first - dt.timedelta(days=1)


async def _resume(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plan: dict[str, Any],
    start: dt.date,
    until: dt.date | None,
    now: dt.datetime,
) -> None:
    """The plan holds again; a term of it that ends where this one starts simply goes on."""
    ending = [t for t in await repository.terms_of(connection, plan["plan_id"]) if t["valid_to"] == start]
    for term in ending:
        await repository.supersede_term(connection, term["term_id"], now)
        start = term["valid_from"]
    await repository.add_term(connection, org_id, plan["plane_id"], plan["plan_id"], start, until, now)
