"""Validating a draft: errors block it, warnings need somebody who takes them on themselves."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict, Invalid
from app.planes.service import Plane
from app.plans import checking, repository, service
from app.plans.model import Plan
from app.plans.release import match
from geo.coverage import Finding, finding_to_json

MOST_NAMED = 1_000


async def validate(
    connection: AsyncConnection,
    plane: Plane,
    plan: Plan,
    *,
    acknowledge: bool,
    actor: str,
    day: dt.date,
    if_match: str | None,
) -> Plan:
    """Validate the draft; validating a validated one again checks it again.

    Raises :class:`Invalid` with the findings when there are errors, or warnings that are not acknowledged.
    """
    plan = await service.get(connection, plan.plan_id, lock=True)
    if plan.status not in ("draft", "validated"):
        raise Conflict(f"The plan {plan.name!r} is {plan.status} already.", kind="plan-published")
    match(plan, if_match)
    found = await checking.findings(connection, plane, plan, day)
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        raise Invalid(
            f"The plan {plan.name!r} has errors ({counted(errors)}) and cannot be validated: "
            "mend them, then validate it again.",
            kind="invalid-plan",
            findings=named(found),
        )
    if found and not acknowledge:
        raise Invalid(
            f"The plan {plan.name!r} has warnings ({counted(found)}): read them, then validate it with "
            "acknowledge true.",
            kind="unacknowledged-warnings",
            findings=named(found),
        )
    note = None
    if found:
        by_kind = dict(Counter(finding.kind for finding in found))
        at = dt.datetime.now(dt.UTC).isoformat()
        note = orjson.dumps({"by": actor, "at": at, "warnings": by_kind}).decode()
    await repository.validate(connection, plan.plan_id, note)
    return await service.get(connection, plan.plan_id)


def counted(found: Sequence[Finding]) -> str:
    """How many of each kind, in words."""
    return ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in found).items())


def named(found: Sequence[Finding]) -> list[dict[str, object]]:
    """The findings as a problem names them; the plan's check names all of very many."""
    return [finding_to_json(finding) for finding in found[:MOST_NAMED]]
