"""An organisation with a plan in force on a private server, files of accounts for it, and a COPY of rows."""

import asyncio
import contextlib
import importlib
import multiprocessing
import resource
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from psycopg import sql

from bench import _import_earlier
from bench._ground import grids, points

TABLES = ("accounts", "account_profiles", "account_places", "assignments")
"""In the order of their keys: what an account has after a load."""

PARTS = {
    "app.imports.handler:_written": "the upload becomes a file",
    "app.accounts.loading:stage": "read, validate, COPY into staging",
    "app.staging.checks:refuse_repeated": "check: repeated ids",
    "app.accounts.arrivals_repository:arrive": "merge accounts",
    "app.accounts.arrivals_repository:merge_profiles": "merge profiles",
    "app.accounts.arrivals_repository:merge_places": "merge places",
    "app.geocodes.service:recognise": "look for piles",
    "app.staging.touched:reassign": "assign and write assignments",
    "app.accounts.loading:finish": "report",
}
"""Functions whose seconds are told apart."""


def _accounts(count: int) -> pa.Table:
    """A file of accounts, as a planner has it."""
    rng = np.random.default_rng(7)
    lng, lat = points(count, seed=8)
    number = np.arange(count)

    def of(words: list[str], weights: list[float]) -> Any:
        return np.array(words, dtype=object)[rng.choice(len(words), count, p=weights)]

    return pa.table(
        {
            "id": [f"C{i:09}" for i in number],
            "name": [f"客户{i}号" for i in number],
            "lng": np.round(lng, 7),
            "lat": np.round(lat, 7),
            "segment": of(["政企", "商客", "家庭"], [0.1, 0.3, 0.6]),
            "tier": of(["A", "B", "C"], [0.1, 0.3, 0.6]),
            "net_status": of(["on_net", "off_net", "prospect"], [0.6, 0.3, 0.1]),
            "geocode_level": of(["point", "building", "street", "district"], [0.9, 0.07, 0.02, 0.01]),
            "address": [f"某某路{i % 4000}号{i % 30}栋" for i in number],
            "visits": rng.integers(0, 5, count).astype(float),
            "contract": [f"HT-{i}" for i in number],
        }
    )


@dataclass
class Ground:
    """The organisation's database, its tables' rows and their way in and out."""

    url: str
    org_id: uuid.UUID

    def file(self, folder: Path, rows: int, kind: str) -> Path:
        """A file of so many accounts."""
        path = folder / f"accounts.{kind}"
        (pyarrow.csv.write_csv if kind == "csv" else pyarrow.parquet.write_table)(_accounts(rows), path)
        return path

    def load(self, file: Path) -> dict[str, Any]:
        """Load the file in a process of its own: seconds from the job's beginning to its commit."""
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            told: dict[str, Any] = pool.apply(_load, (self.url, str(self.org_id), str(file)))
        return told

    def counts(self) -> dict[str, int]:
        """Rows of each table."""
        counted = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {}, count(*) FROM {}").format(sql.Literal(name), sql.Identifier(name))
            for name in TABLES
        )
        with psycopg.connect(self.url) as connection:
            return dict(connection.execute(counted).fetchall())

    def settle(self) -> None:
        """Nothing of what came before is still to be written."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")

    def empty(self, rows: int) -> None:
        """Only ``rows`` accounts of an earlier load."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            if rows and connection.execute("SELECT to_regclass('bench_earlier')").fetchone() != (None,):
                _import_earlier.take_away(connection)
                return
            connection.execute("TRUNCATE accounts CASCADE")
            if rows:
                _import_earlier.put(connection, self.org_id, rows)

    def finished(self, folder: Path, before: dict[str, int]) -> list[Path]:
        """The rows of the last load as binary COPY files, in the order of the tables."""
        paths = []
        with psycopg.connect(self.url) as connection:
            for name in TABLES:
                path = folder / f"{name}.copy"
                later = "WHERE account_pk > (SELECT last FROM bench_earlier)" if sum(before.values()) else ""
                query = sql.SQL("COPY (SELECT * FROM {} {}) TO STDOUT (FORMAT BINARY)").format(
                    sql.Identifier(name), sql.SQL(later)
                )
                with path.open("wb") as file, connection.cursor().copy(query) as copy:
                    for stretch in copy:
                        file.write(stretch)
                paths.append(path)
        return paths

    def copy(self, files: list[Path]) -> dict[str, Any]:
        """Copy the files in, all in one transaction: seconds from its beginning to its commit."""
        parts: dict[str, float] = {}
        start = time.perf_counter()
        with psycopg.connect(self.url) as connection:
            for name, path in zip(TABLES, files, strict=True):
                begun = time.perf_counter()
                command = sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(sql.Identifier(name))
                with path.open("rb") as file, connection.cursor().copy(command) as copy:
                    while stretch := file.read(1 << 20):
                        copy.write(stretch)
                # As PostgreSQL's manual has it behind every large load; else the foreign keys of the next
                # table are looked up by whichever index an empty one would be.
                connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(name)))
                parts[f"COPY {name}"] = time.perf_counter() - begun
        return {"seconds": time.perf_counter() - start, "parts": parts}


@contextlib.contextmanager
def ground_of(count: int) -> Iterator[Ground]:
    """A private server, durable as the service's own, with an organisation of about ``count`` grids."""
    from app.storage import migrate
    from app.storage.cluster import ensure, stop

    folder = Path(tempfile.mkdtemp(prefix="gridwright-bench-"))
    folder.chmod(0o755)
    try:
        url = ensure(folder / "postgres")
        migrate.upgrade(url)
        yield Ground(url, asyncio.run(_organisation(url, count)))
    finally:
        stop(folder / "postgres")
        shutil.rmtree(folder)


async def _organisation(url: str, count: int) -> uuid.UUID:
    """An organisation with one plane and a plan in force today."""
    from app.jobs import runner
    from app.jobs import service as jobs
    from app.orgs import service as orgs
    from app.planes import service as planes
    from app.plans import publication, service, validation
    from app.plans.model import GridRow
    from app.plans.release import Release
    from app.storage.database import Database

    database = Database(url)
    try:
        org_id, _ = await orgs.create(database, "bench")
        async with database.transaction(org_id, timeout_s=0) as connection:
            rules = ["lock", "named_list", "cluster", "building", "point", "region"]
            plane = await planes.create(connection, org_id, "p", "p", "place", rules, {})
            plan = await service.create_draft(connection, org_id, plane, None, "first", "bench")
            rows = [
                GridRow(None, f"{i:05}", f"grid {i}", None, polygon, None, None, False, {})
                for i, polygon in enumerate(grids(count))
            ]
            await service.write_grids(connection, org_id, plan, rows)
            today = await orgs.today(connection, org_id)
            plan = await service.get(connection, plan.plan_id)
            plan = await validation.validate(
                connection, plane, plan, acknowledge=True, actor="bench", day=today, if_match=None
            )
            release = Release(plan.plan_id, today)
            job = await jobs.submit(connection, org_id, "publish", release.to_json(), "bench", queued=False)
        await runner.run(database, publication.HANDLERS, org_id, job)
        async with database.transaction(org_id) as connection:
            ended = await jobs.get(connection, job)
            if ended["status"] != "succeeded":
                raise RuntimeError(f"the plan was not published: {ended['problem']}")
        return org_id
    finally:
        await database.close()


def _load(url: str, org: str, file: str) -> dict[str, Any]:
    return asyncio.run(_loaded(url, uuid.UUID(org), Path(file)))


async def _loaded(url: str, org_id: uuid.UUID, file: Path) -> dict[str, Any]:
    from app.imports import handler, service
    from app.jobs import runner
    from app.jobs import service as jobs
    from app.storage.database import Database

    parts: dict[str, float] = {}
    for place, label in PARTS.items():
        module, name = place.split(":")
        _timed(importlib.import_module(module), name, label, parts)
    database = Database(url)
    try:
        with file.open("rb") as content:
            incoming = await service.incoming(file.name, content)
            async with database.transaction(org_id, timeout_s=0) as connection:
                params = await service.parameters(
                    connection, org_id, "accounts", {"crs": "wgs84", "plane": "p"}, file.name
                )
                job_id = await service.submit(connection, org_id, params, incoming, "bench", queued=False)
        start = time.perf_counter()
        await runner.run(database, handler.HANDLERS, org_id, job_id)
        seconds = time.perf_counter() - start
        async with database.transaction(org_id) as connection:
            job = await jobs.get(connection, job_id)
        if job["status"] != "succeeded":
            raise RuntimeError(f"the load failed: {job['problem']}")
    finally:
        await database.close()
    parts["the rest, and commit"] = seconds - sum(parts.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "parts": parts, "peak_mb": peak, "result": job["result"]}


def _timed(module: Any, name: str, label: str, parts: dict[str, float]) -> None:
    """Let the module's coroutine function add its seconds to a part."""
    function: Callable[..., Any] = getattr(module, name)
    parts[label] = 0.0

    @wraps(function)
    async def timed(*given: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return await function(*given, **named)
        finally:
            parts[label] += time.perf_counter() - start

    setattr(module, name, timed)
