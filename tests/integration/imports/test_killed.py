"""A server killed in the middle of an import leaves nothing of it; the next one loads it exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import text

from app import worker
from app.jobs import service as jobs
from app.orgs import service as orgs
from app.storage.database import Database
from tests.integration.conftest import Server, family

AT_THE_END = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'audit_events'"
ROWS = "".join(f"A{i},{116 + i / 1000},24.005\n" for i in range(500))


async def test_all_of_an_import_or_nothing(
    server: Server, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    org_id, key = await orgs.create(database, "killed in an import")

    async def count(table: str) -> int:
        async with database.transaction(org_id) as connection:
            found: int = (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            return found

    async def waits(watching: psycopg.AsyncConnection[Any]) -> bool:
        row = await (await watching.execute(AT_THE_END.encode())).fetchone()
        return bool(row and row[0])

    async with (
        httpx.AsyncClient(base_url=server.address, timeout=120) as client,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watching,
    ):
        async with await psycopg.AsyncConnection.connect(database_url) as holding:
            # The audit is the last thing that an import writes: all its rows are written by then.
            await holding.execute("LOCK TABLE audit_events IN EXCLUSIVE MODE")
            answer = await client.post(
                "/v1/imports/accounts",
                data={"crs": "wgs84"},
                files={"file": ("a.csv", ("id,lng,lat\n" + ROWS).encode())},
                headers={"Authorization": f"Bearer {key}"},
            )
            job_id = answer.json()["id"]
            while not await waits(watching):
                await asyncio.sleep(0.05)
            for process in family(server.pid):
                os.kill(process, signal.SIGKILL)
            await holding.rollback()
        while await waits(watching):
            await asyncio.sleep(0.05)
    assert await count("accounts") == 0
    events = await count("audit_events")

    monkeypatch.setattr(worker, "STALLED_S", 3.0)
    next_one = asyncio.create_task(worker.work(database))
    job = await jobs.wait(database, org_id, job_id, 120)
    assert job["status"] == "succeeded", job["problem"]
    assert job["result"]["changed"] == 500
    assert job["attempt"] >= 2
    assert [await count(table) for table in ("accounts", "account_places")] == [500, 500]
    assert await count("audit_events") == events + 1
    next_one.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await next_one
