"""Changing a plane from a day on: its new version is laid, and whatever depends on it is decided again."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.assignments import service as assignments
from app.audit import service as audit
from app.audit.service import By
from app.jobs.runner import Handler, Work
from app.planes import service
from app.plans import service as plans

JOB = "plane"


async def run(work: Work) -> dict[str, Any]:
    """Job handler: lay the plane's version, and decide everything in it again from its day on."""
    said, connection = work.params, work.connection
    since = dt.date.fromisoformat(said["from"])
    before = await service.get(connection, said["plane"], since)
    laid = await service.put(
        connection,
        work.org_id,
        before,
        since,
        name=said["name"],
        rules=said["rules"],
        covers=said["covers"],
    )
    plane = await service.get(connection, said["plane"], since)
    done: dict[str, Any] | None = None
    if laid.changed:
        by = By(work.org_id, work.actor, said["request_id"])
        after = {"from": said["from"], **document(plane)}
        await audit.record(
            connection,
            by,
            "plane.change",
            "plane",
            plane.code,
            reason=said["reason"],
            before=document(before),
            after=after,
        )
        same = (before.rules, before.covers) == (plane.rules, plane.covers)
        if not same and await plans.terms(connection, plane.plane_id, since):
            done = asdict(await assignments.reassign(connection, work.org_id, plane, since, tell=work.step))
    return {
        "plane": document(plane),
        "changed": laid.changed,
        "from": said["from"],
        "to": laid.valid_to.isoformat() if laid.valid_to else None,
        "reassigned": done,
    }


def document(plane: service.Plane) -> dict[str, Any]:
    """A plane as callers see it."""
    return {
        "code": plane.code,
        "name": plane.name,
        "kind": plane.kind,
        "rules": plane.rules,
        "covers": plane.covers,
    }


HANDLERS: Mapping[str, Handler] = {JOB: run}
