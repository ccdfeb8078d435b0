"""A server killed in the middle of a publication leaves nothing of it; the next one does all of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Any

import httpx
import psycopg
import pytest

from app import worker
from app.orgs import service as orgs
from app.plans import service
from tests.integration.conftest import Api, Server, family
from tests.integration.plans.conftest import (
    FIRST,
    RULES,
    TODAY,
    features,
    four,
    publish,
    published,
    validated,
)
from tests.integration.plans.test_publication import WIDER, load_accounts

AT_THE_END = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'audit_events'"
MOVED = """
    SELECT count(*) FROM assignments
    WHERE org_id = %s AND superseded_at IS NULL AND valid_from = %s
"""


async def _count(connection: psycopg.AsyncConnection, query: str, *values: Any) -> int:
    row = await (await connection.execute(query.encode(), values)).fetchone()
    assert row is not None
    return int(row[0])


async def test_all_of_a_publication_or_nothing(
    server: Server, database: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    org_id, key = await orgs.create(database, "killed")
    async with (
        httpx.AsyncClient(base_url=server.address, timeout=120) as client,
        await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watching,
    ):
        api = Api(client, org_id, key)
        await api.post("/v1/planes", {"code": "P", "kind": "place", "rules": RULES})
        await load_accounts(api)
        first = await published(api, features(four()), TODAY)
        second = await validated(api, features(WIDER), base=first)

        async with await psycopg.AsyncConnection.connect(database_url) as holding:
            # The audit is the last thing that a publication writes: everything else is written by then.
            await holding.execute("LOCK TABLE audit_events IN EXCLUSIVE MODE")
            asked = asyncio.create_task(publish(api, second, FIRST))
            while not await _count(watching, AT_THE_END):
                await asyncio.sleep(0.05)
            for process in family(server.pid):
                os.kill(process, signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                await asked
            await holding.rollback()
        while await _count(watching, AT_THE_END):
            await asyncio.sleep(0.05)

    async with database.transaction(org_id) as connection:
        plan = await service.get(connection, second)
        assert plan.status == "validated"
        assert len(await service.terms(connection, plan.plane_id, TODAY)) == 1
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as looking:
        assert await _count(looking, MOVED, org_id, FIRST) == 0

        monkeypatch.setattr(worker, "STALLED_S", 3.0)
        next_one = asyncio.create_task(worker.work(database))
        while True:
            async with database.transaction(org_id) as connection:
                plan = await service.get(connection, second)
            if plan.status == "published":
                break
            await asyncio.sleep(0.1)
        async with database.transaction(org_id) as connection:
            spans = await service.terms(connection, plan.plane_id, TODAY)
        assert [(str(one.plan_id), one.valid_from) for one in spans] == [(first, TODAY), (second, FIRST)]
        assert await _count(looking, MOVED, org_id, FIRST) == 10
        next_one.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await next_one
