"""Putting a policy in force: held against the customers there are, and followed by what depends on it."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import workload as accounts
from app.assignments import service as assignments
from app.audit.service import By
from app.errors import Invalid
from app.geocodes import service as geocodes
from app.jobs.runner import Handler, Work
from app.planes import service as planes
from app.plans import service as plans
from app.policies import service
from app.policies.kinds import CODES, GEOCODES, WORKLOAD
from app.policies.service import Laid

JOB = "policy"


async def change(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    kind: str,
    document: Mapping[str, Any],
    since: dt.date,
    by: By,
    reason: str | None = None,
) -> Laid:
    """As :func:`app.policies.service.put`, but refused where customers or another policy contradict it."""
    laid = await service.put(connection, org_id, kind, document, since, by, reason)
    if kind == WORKLOAD.name:
        await _tiers_listed(connection, laid)
        visits = WORKLOAD.parse(document).visits
        await _in_use(connection, laid, "tier", visits, "visits", "add it with its visits a month")
    elif kind == CODES.name:
        codes = CODES.parse(document)
        await _tiers_listed(connection, laid)
        if codes.tiers is not None:
            await _in_use(connection, laid, "tier", codes.tiers, "tiers", "list it, or correct them")
        if codes.segments is not None:
            await _in_use(connection, laid, "segment", codes.segments, "segments", "list it, or correct them")
    return laid


def document(kind: str, laid: Laid) -> dict[str, Any]:
    """What was done, for the caller."""
    return {
        "kind": kind,
        "changed": laid.changed,
        "from": laid.valid_from.isoformat(),
        "to": laid.valid_to.isoformat() if laid.valid_to else None,
    }


async def run(work: Work) -> dict[str, Any]:
    """Job handler: put a policy that assignments depend on in force, and decide all of them again."""
    said = work.params
    since = dt.date.fromisoformat(said["from"])
    by = By(work.org_id, work.actor, said["request_id"])
    connection = work.connection
    laid = await change(connection, work.org_id, said["kind"], said["document"], since, by, said["reason"])
    done: list[dict[str, Any]] = []
    if laid.changed and said["kind"] == GEOCODES.name:
        await geocodes.recognise(connection, work.org_id, since, None)
    for plane in sorted(await planes.every(connection), key=lambda plane: plane.plane_id):
        if laid.changed and await plans.terms(connection, plane.plane_id, since):
            work.check()
            done.append(
                asdict(await assignments.reassign(connection, work.org_id, plane, since, tell=work.step))
            )
    return {"policy": document(said["kind"], laid), "reassigned": done}


HANDLERS: Mapping[str, Handler] = {JOB: run}


async def _tiers_listed(connection: AsyncConnection, laid: Laid) -> None:
    """Raise where a workload policy names a tier that the codes of those days do not list."""
    for codes in await service.spans(connection, CODES.name, laid.valid_from):
        listed = CODES.parse(codes.document).tiers if codes.document is not None else None
        if listed is None or not _meet(codes, laid):
            continue
        for work in await service.spans(connection, WORKLOAD.name, laid.valid_from):
            named = (work.document or {}).get("visits", {})
            unlisted = sorted(set(named) - set(listed) - {""})
            if unlisted and _meet(codes, work):
                day = max(codes.valid_from, work.valid_from)
                raise Invalid(
                    f"visits.{unlisted[0]}: tier {unlisted[0]!r} is not among the tiers that the policy "
                    f"codes lists on {day} ({', '.join(listed)}); list it there or take it out here.",
                    kind="unknown-tier",
                    column=f"visits.{unlisted[0]}",
                    tier=unlisted[0],
                )


def _meet(one: Laid | service.Span, other: Laid | service.Span) -> bool:
    first, last = max(one.valid_from, other.valid_from), dt.date.max
    return first < min(one.valid_to or last, other.valid_to or last)


async def _in_use(
    connection: AsyncConnection,
    laid: Laid,
    what: Literal["tier", "segment"],
    known: Any,
    path: str,
    remedy: str,
) -> None:
    """Raise where customers have a tier or segment on these days that the policy does not know."""
    used = await accounts.in_use(connection, what, laid.valid_from, laid.valid_to)
    missing = sorted(value for value in used if value and value not in known)
    if missing:
        others = f" (so are {', '.join(map(repr, missing[1:4]))})" if len(missing) > 1 else ""
        raise Invalid(
            f"{path}: {what} {missing[0]!r} is missing, which {used[missing[0]]:,} customers have from "
            f"{laid.valid_from} on{others}; {remedy}.",
            kind=f"unknown-{what}",
            column=path,
            **{what: missing[0]},
            customers=used[missing[0]],
        )
