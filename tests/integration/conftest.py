"""The service in this process, on a real PostGIS: a database per test module, an organisation per test."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from sqlalchemy.engine import make_url

from app.main import create_app
from app.orgs import service as orgs
from app.settings import Settings
from app.storage import migrate
from app.storage.database import Database
from app.worker import work

TEMPLATE = "gridwright_template"
ENDED = ("succeeded", "failed", "cancelled")

_numbers = itertools.count(1)


def _on(url: str, name: str) -> str:
    """The same server's database of that name."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _on_server(url: str, statement: str, name: str) -> None:
    with psycopg.connect(_on(url, "postgres"), autocommit=True) as server:
        server.execute(
            sql.SQL(statement).format(name=sql.Identifier(name), template=sql.Identifier(TEMPLATE))
        )


@pytest.fixture(scope="session")
def template_url(cluster_url: str) -> str:
    """A migrated database that the others are copied from; nobody stays connected to it."""
    _on_server(cluster_url, "CREATE DATABASE {name}", TEMPLATE)
    url = _on(cluster_url, TEMPLATE)
    migrate.upgrade(url)
    return url


@contextlib.contextmanager
def _copied(template_url: str) -> Any:
    name = f"gridwright_{next(_numbers)}"
    _on_server(template_url, "CREATE DATABASE {name} TEMPLATE {template}", name)
    yield _on(template_url, name)
    _on_server(template_url, "DROP DATABASE {name} WITH (FORCE)", name)


@pytest.fixture(scope="module")
def database_url(template_url: str) -> Any:
    """A migrated, empty database of this module's own."""
    with _copied(template_url) as url:
        yield url


@pytest_asyncio.fixture(scope="module")
async def database(database_url: str) -> AsyncIterator[Database]:
    """The module's database, as the application uses it."""
    made = Database(database_url)
    yield made
    await made.close()


@pytest_asyncio.fixture(scope="module")
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The application, asked without a socket; jobs run in this process too."""
    app = create_app(Settings(database_url=database_url))
    async with app.router.lifespan_context(app):
        worker = asyncio.create_task(work(app.state.database))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://gridwright", timeout=120) as made:
            yield made
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


@dataclass(frozen=True)
class Api:
    """The service as one organisation's key sees it."""

    client: httpx.AsyncClient
    org_id: uuid.UUID
    key: str

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx.Response:
        return await self.ask("POST", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.ask("DELETE", path, **options)

    async def told(self, path: str, **params: Any) -> Any:
        """The body of an answer that has to be 200."""
        answer = await self.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def load(self, kind: str, text: bytes | str, /, **fields: str) -> dict[str, Any]:
        """Load a CSV that has to succeed: the result, with the refused rows as ``why`` (row → reason)."""
        content = text.encode() if isinstance(text, str) else text
        answer = await self.ask(
            "POST",
            f"/v1/imports/{kind}",
            params={"wait": "true"},
            data=fields,
            files={"file": (f"{kind}.csv", content)},
        )
        assert answer.status_code == 201, answer.text
        job = answer.json()
        rows = (await self.told(f"/v1/jobs/{job['id']}/rows"))["rows"]
        return {**job["result"], "why": {row["row"]: row["reason"] for row in rows}}

    async def put_in_force(self, plan: str, since: str) -> None:
        """Validate a draft, warnings acknowledged, and publish it from a day."""
        for step, body in (
            ("validate", {"acknowledge": True}),
            ("publish", {"effective_from": since, "reason": "as it was decided"}),
        ):
            answer = await self.post(f"/v1/plans/{plan}/{step}", body)
            assert answer.status_code == 200, answer.text

    async def ended(self, job_id: str) -> dict[str, Any]:
        """The job once it has ended, however it ended."""
        async with asyncio.timeout(300):
            while True:
                answer = await self.get(f"/v1/jobs/{job_id}")
                job: dict[str, Any] = answer.json()
                assert answer.status_code == 200, job
                if job["status"] in ENDED:
                    return job
                await asyncio.sleep(0.02)

    async def done(self, answer: httpx.Response) -> dict[str, Any]:
        """The result of the job that a 202 names; fails with the job's problem when it did not succeed."""
        assert answer.status_code == 202, answer.text
        job = await self.ended(answer.json()["id"])
        assert job["status"] == "succeeded", job["problem"] or job
        result: dict[str, Any] = job["result"]
        return result


NewOrg = Callable[[], Awaitable[Api]]


@pytest_asyncio.fixture
async def new_org(client: httpx.AsyncClient, database: Database) -> NewOrg:
    """Makes a fresh organisation: nothing in it, an administrator's key."""

    async def make() -> Api:
        org_id, key = await orgs.create(database, f"organisation {uuid.uuid4().hex}")
        return Api(client, org_id, key)

    return make


@pytest_asyncio.fixture
async def api(new_org: NewOrg) -> Api:
    """The service as this test's own organisation sees it."""
    return await new_org()


@dataclass(frozen=True)
class Org:
    """A fresh organisation and the secret of its administrator's key."""

    org_id: uuid.UUID
    key: str


@pytest_asyncio.fixture
async def org(api: Api) -> Org:
    """The organisation that ``api`` acts for."""
    return Org(api.org_id, api.key)


@dataclass(frozen=True)
class Server:
    """`gridwright serve` as a process of its own."""

    process: subprocess.Popen[str]
    address: str

    @property
    def pid(self) -> int:
        return self.process.pid


@pytest.fixture
def server(database_url: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    """The service as an operator starts it, with one worker, on the module's database.

    Further arguments of `serve` are the fixture's parameter.
    """
    more: list[str] = getattr(request, "param", [])
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", "0", *more]
    environment = {**os.environ, "GRIDWRIGHT_DATABASE_URL": database_url}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert " at http://" in said, said
        yield Server(process, said.split(" at ")[1].split(" ")[0])
        process.kill()


def family(pid: int) -> list[int]:
    """A process and its children, whichever thread began them."""
    lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [pid, *(int(child) for children in lists for child in children.split())]
