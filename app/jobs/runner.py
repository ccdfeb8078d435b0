"""Running one job: its effect and its `succeeded` are one transaction, fenced by the attempt's number."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from app import problems
from app.errors import Cancelled
from app.jobs import repository
from app.storage.database import Database, driver

BEAT_S = 0.5

log = structlog.get_logger(__name__)


@dataclass
class Work:
    """What a handler works with; what it writes on ``connection`` is kept only if the job succeeds."""

    database: Database
    connection: AsyncConnection
    org_id: uuid.UUID
    job_id: uuid.UUID
    actor: str
    params: dict[str, Any]
    progress: float = 0.0
    note: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    early: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when somebody asked for the best result so far, if the work is of a kind that can give one."""

    def tell(self, progress: float, note: str | None = None, **detail: Any) -> None:
        """Say how far the work is, 0 to 1, and what else is known of it (JSON); it is written to the job over
        another connection.
        """
        self.progress, self.note, self.detail = progress, note, detail

    def check(self) -> None:
        """Raise :class:`Cancelled` if somebody asked for the job to stop; call it between pieces of work."""
        if self.stop.is_set():
            raise Cancelled("The job was cancelled; nothing of it was kept.")

    def step(self, progress: float, note: str | None = None) -> None:
        """Say how far the work is, and stop here if somebody asked for it."""
        self.tell(progress, note)
        self.check()


Handler = Callable[[Work], Awaitable[dict[str, Any]]]


class _LostFence(Exception):
    """Another attempt has taken the job over, or a cancel came first."""


async def run(
    database: Database, handlers: Mapping[str, Handler], org_id: uuid.UUID, job_id: uuid.UUID
) -> None:
    """Run the job once. Safe to call again for a job that has ended or that a dead worker left behind."""
    async with database.transaction(org_id) as connection:
        job = await repository.start(connection, job_id)
    if job is None:
        return
    attempt = job["attempt"]
    structlog.contextvars.bind_contextvars(job=str(job_id), kind=job["kind"])
    status, problem = "failed", None
    stop = asyncio.Event()
    try:
        async with database.transaction(org_id, timeout_s=0) as connection:
            by = job["created_by"] or "unknown"
            work = Work(database, connection, org_id, job_id, by, job["params"], stop=stop)
            watcher = asyncio.create_task(_watch(work, attempt))
            try:
                result = await handlers[job["kind"]](work)
                work.check()
            finally:
                watcher.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watcher
            if not await repository.finish(connection, job_id, attempt, "succeeded", result=result):
                raise _LostFence
        return
    except (Cancelled, _LostFence):
        status, problem = "cancelled", None
    except Exception as error:
        if stop.is_set():  # the statement that ran was cancelled too
            status = "cancelled"
        else:
            problem = problems.of(error)
            if problem["status"] >= 500:
                log.exception("job failed")
    async with database.transaction(org_id) as connection:
        await repository.finish(connection, job_id, attempt, status, problem=problem)


async def _watch(work: Work, attempt: int) -> None:
    """Write progress and read the wish to cancel, twice a second, over a connection of its own.

    Whoever is to stop need not wait for a long statement: the server is told to end it.
    """
    inside = await driver(work.connection)
    while True:
        await asyncio.sleep(BEAT_S)
        async with work.database.transaction(work.org_id) as connection:
            wish = await repository.beat(
                connection, work.job_id, attempt, work.progress, work.note, work.detail
            )
        if wish == "finish":
            work.early.set()
        if wish in ("cancel", "gone"):
            work.stop.set()
            ending = asyncio.ensure_future(inside.cancel_safe(timeout=BEAT_S * 4))
            try:
                await asyncio.shield(ending)
            except psycopg.Error as error:
                log.warning("a running statement could not be cancelled", error=str(error))
            except asyncio.CancelledError:
                # Sent by halves it would meet whatever the connection does next.
                with contextlib.suppress(psycopg.Error):
                    await ending
                raise
