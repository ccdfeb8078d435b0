"""Jobs in the database."""

import uuid
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import func, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.jobs.models import Job, JobRow
from app.storage.rows import records

COLUMNS = (
    Job.job_id,
    Job.kind,
    Job.status,
    Job.progress,
    Job.note,
    Job.detail,
    Job.result,
    Job.problem,
    Job.cancel_requested,
    Job.attempt,
    Job.params,
    Job.created_by,
)
ENDED = ("succeeded", "failed", "cancelled")


async def add(
    connection: AsyncConnection, org_id: uuid.UUID, kind: str, params: dict[str, Any], actor: str
) -> uuid.UUID:
    """Store a queued job."""
    made = insert(Job).values(org_id=org_id, kind=kind, params=params, created_by=actor).returning(Job.job_id)
    job_id: uuid.UUID = (await connection.execute(made)).scalar_one()
    return job_id


async def get(connection: AsyncConnection, job_id: uuid.UUID) -> dict[str, Any] | None:
    """The job, if this organisation has it."""
    found = records(await connection.execute(select(*COLUMNS).where(Job.job_id == job_id)))
    return found[0] if found else None


async def start(connection: AsyncConnection, job_id: uuid.UUID) -> dict[str, Any] | None:
    """Begin a new attempt, unless the job has ended; an attempt that is still running loses its fence."""
    started = (
        update(Job)
        .where(Job.job_id == job_id, Job.status.not_in(ENDED))
        .values(
            status="running",
            attempt=Job.attempt + 1,
            started_at=func.now(),
            beat_at=func.now(),
            progress=0,
            note=None,
            detail=None,
        )
        .returning(*COLUMNS)
    )
    found = records(await connection.execute(started))
    return found[0] if found else None


Wish = Literal["go on", "finish", "cancel", "gone"]


async def beat(
    connection: AsyncConnection,
    job_id: uuid.UUID,
    attempt: int,
    progress: float,
    note: str | None,
    detail: dict[str, Any],
) -> Wish:
    """Say that the attempt is alive and how far it is; what is wanted of it. ``gone``: it lost its fence."""
    told = (
        update(Job)
        .where(Job.job_id == job_id, Job.attempt == attempt, Job.status == "running")
        .values(beat_at=func.now(), progress=progress, note=note, detail=detail or null())
        .returning(Job.cancel_requested, Job.finish_requested)
    )
    row = (await connection.execute(told)).one_or_none()
    if row is None:
        return "gone"
    if row.cancel_requested:
        return "cancel"
    return "finish" if row.finish_requested else "go on"


async def finish(
    connection: AsyncConnection,
    job_id: uuid.UUID,
    attempt: int,
    status: str,
    *,
    result: dict[str, Any] | None = None,
    problem: dict[str, Any] | None = None,
) -> bool:
    """End the job if this attempt still holds it; false if another attempt or a cancel was faster."""
    guard = [Job.job_id == job_id, Job.attempt == attempt, Job.status == "running"]
    if status == "succeeded":
        guard.append(Job.cancel_requested.is_(False))
    ended = (
        update(Job)
        .where(*guard)
        .values(
            status=status,
            result=result,
            problem=problem,
            finished_at=func.now(),
            progress=1.0 if status == "succeeded" else Job.progress,
        )
    )
    return bool((await connection.execute(ended)).rowcount)


async def ask_to_cancel(connection: AsyncConnection, job_id: uuid.UUID) -> None:
    """Cancel a queued job at once, ask a running one to stop."""
    await connection.execute(
        update(Job)
        .where(Job.job_id == job_id, Job.status == "queued")
        .values(status="cancelled", finished_at=func.now(), cancel_requested=True)
    )
    await connection.execute(
        update(Job).where(Job.job_id == job_id, Job.status == "running").values(cancel_requested=True)
    )


async def ask_to_finish(connection: AsyncConnection, job_id: uuid.UUID) -> None:
    """Ask for the best result so far, of a job that waits too: it will not seek long."""
    await connection.execute(
        update(Job).where(Job.job_id == job_id, Job.status.not_in(ENDED)).values(finish_requested=True)
    )


async def refuse_rows(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    job_id: uuid.UUID,
    rows: Sequence[tuple[int, str | None, str]],
) -> None:
    """Keep the rows (number from 1, id, reason) that a job refused."""
    if rows:
        values = [
            {"org_id": org_id, "job_id": job_id, "row": row, "row_id": row_id, "reason": reason}
            for row, row_id, reason in rows
        ]
        await connection.execute(insert(JobRow), values)


async def rows(
    connection: AsyncConnection, job_id: uuid.UUID, after: int, limit: int
) -> list[dict[str, Any]]:
    """Refused rows behind row number ``after``, in order."""
    query = (
        select(JobRow.row, JobRow.row_id.label("id"), JobRow.reason)
        .where(JobRow.job_id == job_id, JobRow.row > after)
        .order_by(JobRow.row)
        .limit(limit)
    )
    return records(await connection.execute(query))
