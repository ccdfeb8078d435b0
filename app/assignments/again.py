"""Deciding everything in a plane again from a day on: a job, and the proof that nothing had drifted."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.assignments import service
from app.audit import service as audit
from app.audit.service import By
from app.jobs.runner import Handler, Work
from app.planes import service as planes

JOB = "reassign"


async def run(work: Work) -> dict[str, Any]:
    """Job handler: decide all accounts and buildings of a plane again; what was right already is not written.

    Parameters: ``plane`` (code), ``from`` (day), ``request_id``. The result's ``inserted`` and ``superseded``
    are 0 where every stored answer was still the one that the facts give.
    """
    said = work.params
    plane = await planes.get(work.connection, said["plane"])
    since = dt.date.fromisoformat(said["from"])
    done = asdict(await service.reassign(work.connection, work.org_id, plane, since, tell=work.step))
    by = By(work.org_id, work.actor, said["request_id"])
    counts = {name: done[name] for name in ("accounts", "buildings", "inserted", "superseded")}
    after = {"from": said["from"], **counts}
    await audit.record(work.connection, by, "plane.reassign", "plane", plane.code, after=after)
    return {"from": said["from"], **done}


HANDLERS: Mapping[str, Handler] = {JOB: run}
