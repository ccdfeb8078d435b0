"""Submitting, watching and cancelling jobs."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict, NotFound
from app.jobs import queue, repository
from app.storage.database import Database

Refused = tuple[int, str | None, str]


def document(job: dict[str, Any]) -> dict[str, Any]:
    """The job as callers see it."""
    return {
        "id": str(job["job_id"]),
        "kind": job["kind"],
        "status": job["status"],
        "progress": job["progress"],
        "note": job["note"],
        "detail": job["detail"],
        "result": job["result"],
        "problem": job["problem"],
    }


async def submit(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    kind: str,
    params: dict[str, Any],
    actor: str,
    *,
    queued: bool = True,
) -> uuid.UUID:
    """A new job, queued with the caller's transaction. ``params`` must be JSON.

    Not ``queued``: the caller runs it itself (:func:`app.jobs.runner.run`).
    """
    job_id = await repository.add(connection, org_id, kind, params, actor)
    if queued:
        await queue.put(connection, org_id, job_id)
    return job_id


async def get(connection: AsyncConnection, job_id: uuid.UUID) -> dict[str, Any]:
    """The job's row."""
    found = await repository.get(connection, job_id)
    if found is None:
        raise NotFound(f"There is no job {job_id}.", kind="unknown-job")
    return found


async def wait(database: Database, org_id: uuid.UUID, job_id: uuid.UUID, seconds: float) -> dict[str, Any]:
    """The job as soon as it has ended, or as it is after that many seconds."""
    end, pause = time.monotonic() + seconds, 0.02
    while True:
        async with database.transaction(org_id) as connection:
            job = await get(connection, job_id)
        if job["status"] in repository.ENDED or time.monotonic() > end:
            return job
        await asyncio.sleep(pause)
        pause = min(0.5, pause * 1.5)


async def cancel(connection: AsyncConnection, job_id: uuid.UUID) -> dict[str, Any]:
    """Cancel a job: at once while it waits, within about a second while it runs."""
    job = await get(connection, job_id)
    if job["status"] in repository.ENDED and job["status"] != "cancelled":
        raise Conflict(f"The job has {job['status']} already.", kind="job-ended")
    await repository.ask_to_cancel(connection, job_id)
    return await get(connection, job_id)


async def finish(connection: AsyncConnection, job_id: uuid.UUID, kind: str) -> dict[str, Any]:
    """Ask a job of this kind for the best result it has so far. Raises :class:`Conflict` for another kind and
    for a job that has ended.
    """
    job = await get(connection, job_id)
    if job["kind"] != kind:
        raise Conflict(f"A job of kind {job['kind']!r} is done or not done.", kind="cannot-finish-early")
    if job["status"] in repository.ENDED:
        raise Conflict(f"The job has {job['status']} already.", kind="job-ended")
    await repository.ask_to_finish(connection, job_id)
    return await get(connection, job_id)


async def refused_rows(
    connection: AsyncConnection, job_id: uuid.UUID, after: int, limit: int
) -> list[dict[str, Any]]:
    """Rows that an import refused, from behind row number ``after``."""
    await get(connection, job_id)
    return await repository.rows(connection, job_id, after, limit)


async def refuse_rows(
    connection: AsyncConnection, org_id: uuid.UUID, job_id: uuid.UUID, rows: Sequence[Refused]
) -> None:
    """Keep what an import refused: row number from 1, the row's id, the reason."""
    await repository.refuse_rows(connection, org_id, job_id, rows)
