"""A worker killed in the middle of a redraw leaves nothing of it; the next one does it, once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import uuid
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from app import worker
from app.jobs import service as jobs
from app.orgs import service as orgs
from app.storage.database import Database
from tests.integration.conftest import Api, Server
from tests.integration.rebalances.conftest import make_town
from tests.integration.rebalances.test_jobs import ENDLESS, begun, descendants, redrawing, seeking


async def test_a_killed_worker_s_redraw_is_done_once_by_the_next(
    server: Server, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    org_id, key = await orgs.create(database, f"killed in a redraw {uuid.uuid4()}")
    async with httpx.AsyncClient(base_url=server.address, timeout=120) as client:
        town = await make_town(Api(client, org_id, key))
        job = await begun(town.api, town.plan, ENDLESS | {"time_limit": 8, "seed": 5})
        await seeking(town.api, job)
        processes = descendants(server.pid)
        [child] = redrawing(server.pid)
        for pid in processes:
            if pid != child:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            # The child has lost whom it works for, and ends by itself.
            while _alive(child):
                await asyncio.sleep(0.1)
    monkeypatch.setattr(worker, "STALLED_S", 3.0)
    next_one = asyncio.create_task(worker.work(database))
    ended = await jobs.wait(database, org_id, uuid.UUID(job), 240)
    assert ended["status"] == "succeeded", ended["problem"]
    assert ended["attempt"] >= 2
    async with database.transaction(org_id) as connection:
        count = text("SELECT count(*) FROM plans")
        assert (await connection.execute(count)).scalar_one() == 2
    next_one.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await next_one


def _alive(pid: int) -> bool:
    """Whether the process runs: one that ended and that nobody asked for is no longer."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
