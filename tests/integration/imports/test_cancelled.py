"""A cancelled import stops where it is, in the middle of a long statement too, and leaves nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app.planes import service as planes
from app.storage.database import Database
from app.storage.locks import one_writer

ROWS = "id,lng,lat,tier\n" + "".join(f"A{i},{116.001 + i / 1e5},24.005,A\n" for i in range(50))
EMPTY = ("accounts", "account_profiles", "account_places", "assignments", "job_rows")
WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

Holding = Callable[[Any, Database, str], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def profiles_locked(api: Any, database: Database, url: str) -> AsyncIterator[None]:
    """No profile can be written: an import waits in the middle of its merge."""
    async with await psycopg.AsyncConnection.connect(url) as holding:
        await holding.execute("LOCK TABLE account_profiles IN EXCLUSIVE MODE")
        yield
        await holding.rollback()


@asynccontextmanager
async def plane_locked(api: Any, database: Database, url: str) -> AsyncIterator[None]:
    """Somebody else writes the plane: an import waits in the middle of its assignment."""
    async with database.transaction(api.org_id) as holding:
        await one_writer(holding, (await planes.get(holding, "p")).plane_id)
        yield


@pytest.mark.parametrize("held", [profiles_locked, plane_locked])
async def test_an_import_is_cancelled_in_the_middle_of_a_statement(
    held: Holding, send: Any, load: Any, api: Any, database: Database, database_url: str, in_force: Any
) -> None:
    await in_force()
    async with (
        held(api, database, database_url),
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watching,
    ):
        job_id = (await send("accounts", "a.csv", ROWS, crs="wgs84", wait=False)).json()["id"]
        async with asyncio.timeout(60):
            while (await (await watching.execute(WAITS)).fetchone()) == (0,):
                await asyncio.sleep(0.05)
        assert (await api.delete(f"/v1/jobs/{job_id}")).status_code == 200
        # Who holds the lock does not let go of it: the statement itself has to be ended.
        async with asyncio.timeout(30):
            job = await api.ended(job_id)
    assert (job["status"], job["result"], job["problem"]) == ("cancelled", None, None)
    async with database.transaction(api.org_id) as connection:
        for table in EMPTY:
            assert (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0
    # The worker is whole: the same file loads.
    done = await load("accounts", ROWS, crs="wgs84")
    assert (done["accepted"], done["assignments"][0]["by_status"]) == (50, {"assigned": 50})
