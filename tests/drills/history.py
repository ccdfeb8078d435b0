"""Drill: a million customers who changed five times each, and what it costs to ask about any of their days.

`./run check history [ACCOUNTS] [SIDE]` (default 1,000,000 customers in 40 by 40 grids) writes them straight
into the tables of a cluster of its own, asks the service as a client would, and prints the best and the
median time of each question and how the large tables were read for it. Exit 1 when a question about one
customer, one grid or what is quarantined read a large table whole. Nothing is left behind.
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from app.main import create_app
from app.settings import Settings
from app.storage import cluster, migrate
from app.storage.database import Database
from tests.history_data import BIG, CHANGES, History, changed_on, overheard, scans, write

ROUNDS = 7
WHOLE = ("/v1/coverage/summary", "/v1/planes/p/quarantine/summary")
"""Questions about everybody: they may read what is known of everybody."""


def questions(history: History) -> list[tuple[str, Mapping[str, str]]]:
    """What is asked: now, of an earlier day, and of a day as it was believed earlier."""
    one = f"/v1/accounts/c{history.accounts // 2 + 1}"
    grid = history.grids[len(history.grids) // 2]
    then = {"at": changed_on(1).isoformat()}
    believed = {"at": changed_on(4).isoformat(), "known_at": changed_on(2).isoformat()}
    asked: list[tuple[str, Mapping[str, str]]] = []
    for days in ({}, then, believed):
        asked += [
            (f"{one}/assignments", days),
            (f"{one}/explain", days),
            (one, days),
            ("/v1/accounts", {"plane": "p", "grid": grid, **days}),
            ("/v1/planes/p/quarantine", days),
            ("/v1/planes/p/quarantine", {"grid": "G00001", "reason": "region_crosses", **days}),
            ("/v1/planes/p/quarantine/summary", days),
            ("/v1/coverage/summary", {"plane": "p", **days}),
        ]
    return [*asked, (f"{one}/history", {})]


async def ask(database: Database, client: httpx.AsyncClient, history: History) -> int:
    """Ask each question and print what it took; how many read what they should not have."""
    bad = 0
    headers = {"Authorization": f"Bearer {history.key}"}
    print(f"{'best':>8} {'median':>8}  question", flush=True)
    for path, params in questions(history):
        seconds: list[float] = []
        await client.get(path, params=dict(params), headers=headers)
        for _ in range(ROUNDS):
            began = time.perf_counter()
            with overheard() as heard:
                answer = await client.get(path, params=dict(params), headers=headers)
            seconds.append(time.perf_counter() - began)
            if sum(seconds) > 20:
                break
        best, median = (f"{1000 * one:,.0f} ms" for one in (min(seconds), statistics.median(seconds)))
        said = "&".join(f"{name}={value}" for name, value in params.items())
        print(f"{best:>8} {median:>8}  {path}{'?' if said else ''}{said}", flush=True)
        if answer.status_code != 200:
            print(f"{'':19}answered {answer.status_code}: {answer.text[:200]}")
            bad += 1
            continue
        read = [scan for scan in await scans(database, history.org_id, heard) if scan.table in BIG]
        for scan in dict.fromkeys(read):
            print(f"{'':19}{scan.table}: {scan.how}{f' {scan.index}' if scan.index else ''}", flush=True)
        bad += path not in WHOLE and any(scan.index is None for scan in read)
    return bad


async def drill(url: str, accounts: int, side: int) -> int:
    """The number of questions that were answered by reading a large table from end to end, or not at all."""
    database = Database(url)
    began = time.perf_counter()
    history = await write(database, accounts, side)
    print(
        f"{accounts:,} customers with {CHANGES} changes each in {side * side:,} grids: written in "
        f"{time.perf_counter() - began:.0f} s",
        flush=True,
    )
    app = create_app(Settings(database_url=url))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://drill", timeout=120) as client:
            bad = await ask(database, client, history)
    await database.close()
    return bad


def main() -> None:
    """Run the drill in a folder of its own."""
    accounts = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    side = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    base = Path(tempfile.mkdtemp(prefix="gridwright-drill-"))
    base.chmod(0o755)
    folder = base / "postgres"
    try:
        url = cluster.ensure(folder)
        migrate.upgrade(url)
        bad = asyncio.run(drill(url, accounts, side))
    finally:
        cluster.stop(folder)
        shutil.rmtree(base)
    print(f"{bad} questions read too much or were not answered" if bad else "every question found its index")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
