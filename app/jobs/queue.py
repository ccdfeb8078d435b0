"""The queue in PostgreSQL (procrastinate). It says that there is something to do; the job's row says what."""

import uuid
from typing import Any

import procrastinate
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.database import driver

TASK = "job"
QUEUE = "gridwright"

# Tasks are deferred on the caller's own connection, so this application needs no connector of its own.
_deferring = procrastinate.App(connector=procrastinate.PsycopgConnector())


async def put(connection: AsyncConnection, org_id: uuid.UUID, job_id: uuid.UUID) -> None:
    """Queue the job in the caller's transaction: with its row or not at all."""
    task = _deferring.configure_task(
        TASK, queue=QUEUE, allow_unknown=True, connection=await driver(connection)
    )
    await task.defer_async(org_id=str(org_id), job_id=str(job_id))


def connector(url: str, **options: Any) -> procrastinate.PsycopgConnector:
    """A connector for a worker."""
    return procrastinate.PsycopgConnector(conninfo=url, **options)
