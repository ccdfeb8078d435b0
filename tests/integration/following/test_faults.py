"""Two processes and a database that fails under them: an answer is right, or it is a refusal."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio

from app.orgs import service as orgs
from app.plans import calendar, service
from app.storage import cluster, migrate
from app.storage.database import Database
from tests.integration.conftest import Api
from tests.integration.plans.conftest import RULES, TODAY, features, four, publish, square, validated

WHERE = {"lng": 116.0195, "lat": 24.01, "crs": "wgs84", "plane": "P"}
WIDER = four(G1=square(0, 0, east=-0.001), G2=square(1, 0, west=-0.001))
YESTERDAY = TODAY - dt.timedelta(days=1)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A cluster that these tests may stop and start."""
    base = Path(tempfile.mkdtemp(prefix="gridwright-faults-"))
    base.chmod(0o755)
    try:
        migrate.upgrade(cluster.ensure(base / "postgres", durable=False))
        yield base / "postgres"
    finally:
        cluster.stop(base / "postgres")
        shutil.rmtree(base)


@contextlib.contextmanager
def _serving(folder: Path, workers: int) -> Iterator[str]:
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", "0"]
    environment = {
        **os.environ,
        "GRIDWRIGHT_DATABASE_URL": cluster.url(folder),
        "GRIDWRIGHT_DATA_DIR": str(folder.parent),
        "GRIDWRIGHT_CACHE_MB": "64",
        "GRIDWRIGHT_CONFIRM_S": "1",
        "GRIDWRIGHT_WORKERS": str(workers),
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert " at http://" in said, said
        yield said.split(" at ")[1].split(" ")[0]
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def addresses(folder: Path) -> Iterator[list[str]]:
    """Two API processes on one database; a job worker runs beside the first."""
    with _serving(folder, 1) as one, _serving(folder, 0) as other:
        yield [one, other]


@dataclass
class City:
    """Two plans of one city that differ at :data:`WHERE`; the first is in force since yesterday."""

    apis: list[Api]
    database: Database
    first: str
    second: str

    async def ask(self) -> list[httpx.Response]:
        """What each process answers now."""
        return list(await asyncio.gather(*(api.get("/v1/locate", params=WHERE) for api in self.apis)))

    async def ask_until_answered(self) -> list[str]:
        """The plans that the processes answer by once both answer; until then they may only refuse."""
        async with asyncio.timeout(60):
            while True:
                answers = await self.ask()
                assert {answer.status_code for answer in answers} <= {200, 503}
                if all(answer.status_code == 200 for answer in answers):
                    return [_plan(answer) for answer in answers]
                await asyncio.sleep(0.05)

    async def publish_by_another_way(self) -> None:
        """Put the second plan in force from today without any process of the service."""
        org_id = self.apis[0].org_id
        async with self.database.transaction(org_id) as connection:
            await calendar.begin(
                connection, org_id, await service.get(connection, uuid.UUID(self.second)), TODAY
            )


def _plan(answer: httpx.Response) -> str:
    """The plan that an answer says it is by; its grid is that plan's."""
    said: dict[str, Any] = answer.json()
    plan: str = said["plan"]
    return plan


@pytest_asyncio.fixture
async def city(addresses: list[str], folder: Path) -> AsyncIterator[City]:
    database = Database(cluster.ensure(folder))
    org_id, key = await orgs.create(database, f"organisation {uuid.uuid4().hex}")
    async with contextlib.AsyncExitStack() as stack:
        apis = [
            Api(await stack.enter_async_context(httpx.AsyncClient(base_url=one, timeout=60)), org_id, key)
            for one in addresses
        ]
        made = await apis[0].post("/v1/planes", {"code": "P", "kind": "place", "rules": RULES})
        assert made.status_code == 201, made.text
        first = await validated(apis[0], features(four()))
        assert (await publish(apis[0], first, YESTERDAY, reason="a test")).status_code == 200
        second = await validated(apis[0], features(WIDER), base=first)
        made_up = City(apis, database, first, second)
        assert await made_up.ask_until_answered() == [first, first]
        yield made_up
    await database.close()


@contextlib.asynccontextmanager
async def _asked_all_the_while(city: City) -> AsyncIterator[Counter[int]]:
    """Ask both processes again and again meanwhile; counts the statuses."""
    counted: Counter[int] = Counter()

    async def ask(api: Api) -> None:
        while True:
            counted[(await api.get("/v1/locate", params=WHERE)).status_code] += 1
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(ask(api)) for api in city.apis]
    try:
        yield counted
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended


async def test_every_process_answers_by_a_plan_once_it_is_published(city: City) -> None:
    assert (await publish(city.apis[0], city.second, TODAY)).status_code == 200
    answers = await city.ask()
    assert [_plan(answer) for answer in answers] == [city.second, city.second]
    assert [answer.json()["grid"]["code"] for answer in answers] == ["G2", "G2"]


async def test_killed_connections_cost_no_wrong_answer(city: City, folder: Path) -> None:
    async with _asked_all_the_while(city) as counted:
        with psycopg.connect(cluster.url(folder), autocommit=True) as owner:
            for _ in range(10):
                owner.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name LIKE 'gridwright%' AND pid <> pg_backend_pid()"
                )
                await asyncio.sleep(0.1)
        await city.publish_by_another_way()
        assert await city.ask_until_answered() == [city.second, city.second]
    assert set(counted) <= {200, 503}
    assert counted[200]


async def test_a_stopped_database_is_a_refusal_and_a_started_one_an_answer(city: City, folder: Path) -> None:
    async with _asked_all_the_while(city) as counted:
        cluster.stop(folder)
        for answer in await city.ask():
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"]
        ready = await city.apis[0].client.get("/readyz")
        assert ready.status_code == 503
        cluster.ensure(folder, durable=False)
        await city.publish_by_another_way()
        assert await city.ask_until_answered() == [city.second, city.second]
    assert set(counted) <= {200, 503}
    assert counted[503]


async def test_a_database_that_hangs_is_a_refusal_and_not_an_old_answer(city: City, folder: Path) -> None:
    with psycopg.connect(cluster.url(folder), autocommit=True) as owner:
        found = owner.execute(
            "SELECT pid FROM pg_stat_activity "
            "WHERE application_name LIKE 'gridwright%' AND pid <> pg_backend_pid()"
        ).fetchall()
    hung = [pid for (pid,) in found]
    postmaster = int((folder / "cluster" / "postmaster.pid").read_text().splitlines()[0])
    for pid in (postmaster, *hung):
        os.kill(pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        answers = await asyncio.gather(*(api.get("/v1/locate", params=WHERE) for api in city.apis))
        assert [answer.status_code for answer in answers] == [503, 503]
        assert time.monotonic() - began < 60  # it is not for ever
    finally:
        for pid in (postmaster, *hung):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    assert await city.ask_until_answered() == [city.first, city.first]
