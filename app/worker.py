"""The worker: takes jobs from the queue and runs their handlers."""

import asyncio
import uuid
from collections.abc import Mapping

import procrastinate
import structlog

from app.assignments import again
from app.imports import handler as imports
from app.jobs import queue, runner
from app.jobs.runner import Handler
from app.planes import change as planes
from app.plans import publication
from app.policies import change as policies
from app.rebalances import service as rebalances
from app.storage.database import Database

HANDLERS: Mapping[str, Handler] = {
    **imports.HANDLERS,
    **publication.HANDLERS,
    **again.HANDLERS,
    **rebalances.HANDLERS,
    **policies.HANDLERS,
    **planes.HANDLERS,
}

STALLED_S = 30.0

log = structlog.get_logger(__name__)


def application(database: Database) -> procrastinate.App:
    """The queue's application: one task, which runs a job by its id."""
    app = procrastinate.App(connector=queue.connector(database.url))

    @app.task(name=queue.TASK, queue=queue.QUEUE)
    async def job(org_id: str, job_id: str) -> None:
        await runner.run(database, HANDLERS, uuid.UUID(org_id), uuid.UUID(job_id))

    return app


async def _recover(app: procrastinate.App) -> None:
    """Put back the jobs of workers that died: the queue delivers at least once."""
    while True:
        for stalled in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_S):
            log.warning("taking over a job of a worker that died", job=stalled.task_kwargs)
            await app.job_manager.retry_job(stalled)
        await asyncio.sleep(STALLED_S / 3)


async def work(database: Database, concurrency: int = 1) -> None:
    """Run jobs until told to stop (SIGINT or SIGTERM)."""
    app = application(database)
    async with app.open_async():
        recovery = asyncio.create_task(_recover(app))
        try:
            await app.run_worker_async(
                queues=[queue.QUEUE],
                concurrency=concurrency,
                fetch_job_polling_interval=1.0,
                shutdown_graceful_timeout=10.0,
            )
        finally:
            recovery.cancel()
