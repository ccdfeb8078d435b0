"""/v1/jobs"""

import asyncio
import math
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse

from app import tokens
from app.audit import service as audit
from app.idempotency.service import Answer
from app.jobs import service
from app.jobs.schemas import JobOut, RefusedRows
from app.requests import Holder, Limit, Reading, Writing, database_of

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

LOOK_S, QUIET_S = 0.3, 0.6
"""Seconds between looks at a job that somebody follows, and after which it is told again unchanged."""


@router.get("/{job_id}", response_model=JobOut)
async def get_job(job_id: uuid.UUID, scope: Reading) -> dict[str, Any]:
    """How a job stands."""
    return service.document(await service.get(scope.connection, job_id))


@router.get("/{job_id}/rows", response_model=RefusedRows)
async def refused_rows(
    job_id: uuid.UUID,
    scope: Reading,
    limit: Limit = 1_000,
    token: str | None = None,
) -> dict[str, Any]:
    """The rows that an import refused, with their reasons."""
    after = tokens.part(token, tokens.number, 0)
    rows = await service.refused_rows(scope.connection, job_id, after, limit + 1)
    page, following = tokens.cut(rows, limit, lambda row: row["row"])
    return {"rows": page, "next": following}


@router.get("/{job_id}/events", response_class=EventSourceResponse)
async def job_events(job_id: uuid.UUID, request: Request, holder: Holder) -> EventSourceResponse:
    """The job as server-sent events, one at each change and at least one a second, until it has ended."""
    database = database_of(request)
    async with database.transaction(holder.org_id) as connection:
        await service.get(connection, job_id)

    async def follow() -> AsyncIterator[dict[str, str]]:
        seen, said = None, -math.inf
        while True:
            async with database.transaction(holder.org_id) as connection:
                job = service.document(await service.get(connection, job_id))
            if job != seen or time.monotonic() - said > QUIET_S:
                seen, said = job, time.monotonic()
                yield {"event": job["status"], "data": orjson.dumps(job).decode()}
            if job["status"] not in ("queued", "running"):
                return
            await asyncio.sleep(LOOK_S)

    return EventSourceResponse(follow())


@router.delete("/{job_id}", response_model=JobOut)
async def cancel_job(job_id: uuid.UUID, scope: Writing) -> Response:
    """Cancel a job. A running one stops within about a second and leaves nothing behind."""

    async def cancel() -> Answer:
        job = service.document(await service.cancel(scope.connection, job_id))
        await audit.record(
            scope.connection, scope.by, "job.cancel", "job", str(job_id), after={"kind": job["kind"]}
        )
        return Answer(job)

    return await scope.once(cancel)
