"""Drill: plans come into force and out of it while connections, processes and the database fail under load.

`./run check publication_faults [ROUNDS]` (default 3) serves with two API processes on a cluster of its own
and asks them over loopback all the while. In each round a plan is published and withdrawn again under each
kind of fault. An answer is wrong when its grids are not those of the plan it names, or when that plan held at
no moment between question and answer. Prints the answers by plan, refusals, wrong answers, and how long after
a change an old answer still arrived. Exit 1 when an answer was wrong, or when anything but an answer or a
refusal came back.
"""

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
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psycopg

from app.orgs import service as orgs
from app.plans import calendar, service
from app.storage import cluster, migrate
from app.storage.database import Database
from tests.integration.conftest import Api, family
from tests.integration.plans.conftest import RULES, TODAY, features, four, publish, square, validated

ASKERS = 12
PLACES = 200
EAST_OF_ALL = 116.02
HUNG_S = 4.0
REPLACED_S = 20.0
"""Until a killed process has a successor that answers, on a busy machine too."""

OURS = "application_name LIKE 'gridwright%' AND pid <> pg_backend_pid()"


@dataclass
class Held:
    """A plan in force: from ``since`` on it may have been, after ``until`` it was no more."""

    plan: str
    since: float
    until: float = float("inf")


@dataclass
class Ledger:
    """What was true when, and what was answered."""

    border: dict[str, float] = field(default_factory=dict)
    """Where each plan has the border between G1 and G2, degrees east."""
    held: list[Held] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    lost: int = 0
    wrong: list[str] = field(default_factory=list)
    oldest_s: float = 0.0

    def hear(self, asked: float, plan: str, lng: list[float], codes: list[str | None]) -> None:
        """Judge an answer to a question that was sent at ``asked`` and that has just come."""
        now = time.monotonic()
        self.answers[plan] += 1
        if codes != ["G1" if x < self.border[plan] else "G2" for x in lng]:
            self.wrong.append(f"grids that are not those of plan {plan}")
        spans = [one for one in self.held if one.plan == plan]
        if not any(one.since <= now and asked <= one.until for one in spans):
            late = asked - max(one.until for one in spans)
            self.wrong.append(f"plan {plan}, asked {late:.3f} s after it had ended")
        elif not any(now <= one.until for one in spans):
            self.oldest_s = max(self.oldest_s, now - max(one.until for one in spans))


@dataclass
class World:
    """The service under test, and the way past it into its database."""

    folder: Path
    server: subprocess.Popen[str]
    api: Api
    database: Database
    ledger: Ledger
    base: str
    spare: list[str]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`gridwright serve` with two API processes and a worker."""
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", "0"]
    environment = {
        **os.environ,
        "GRIDWRIGHT_DATABASE_URL": cluster.url(folder),
        "GRIDWRIGHT_DATA_DIR": str(folder.parent),
        "GRIDWRIGHT_CACHE_MB": "64",
    }
    with (
        (folder.parent / "log").open("w") as log,
        subprocess.Popen(
            [*command, "--processes", "2"], stdout=subprocess.PIPE, stderr=log, env=environment, text=True
        ) as process,
    ):
        assert process.stdout is not None
        said = process.stdout.readline()
        assert " at http://" in said, said
        try:
            yield process, said.split(" at ")[1].split(" ")[0]
        finally:
            process.terminate()
            process.wait(60)


@contextlib.asynccontextmanager
async def furnished(folder: Path, plans: int) -> AsyncIterator[World]:
    """A plane with a plan in force since yesterday, and so many validated ones with other borders."""
    database = Database(cluster.url(folder))
    limits = httpx.Limits(max_connections=ASKERS + 2)
    with serving(folder) as (process, address):
        async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
            api = Api(client, *await orgs.create(database, "drill"))
            await api.post("/v1/planes", {"code": "P", "kind": "place", "rules": RULES})
            ledger = Ledger()
            made = []
            for number in range(plans + 1):
                shift = -0.0001 * number
                grids = four(G1=square(0, 0, east=shift), G2=square(1, 0, west=shift))
                made.append(await validated(api, features(grids), **({"base": made[0]} if made else {})))
                ledger.border[made[-1]] = EAST_OF_ALL + shift
            answer = await publish(api, made[0], TODAY - dt.timedelta(days=1), reason="a drill")
            assert answer.status_code == 200, answer.text
            ledger.held.append(Held(made[0], 0.0))
            yield World(folder, process, api, database, ledger, made[0], made[1:])
    await database.close()


async def ask(world: World, number: int) -> None:
    """Ask for ever, one place or many, places that several plans differ about."""
    chance = np.random.default_rng(number)
    ledger, api = world.ledger, world.api
    while True:
        many = chance.random() < 0.5
        lng = (EAST_OF_ALL - 0.004 * chance.random(PLACES if many else 1)).round(9).tolist()
        lat = [24.01] * len(lng)
        asked = time.monotonic()
        try:
            if many:
                question = {"crs": "wgs84", "plane": "P", "id": list(range(PLACES)), "lng": lng, "lat": lat}
                answer = await api.post("/v1/assign", question)
            else:
                where = {"crs": "wgs84", "plane": "P", "lng": lng[0], "lat": lat[0]}
                answer = await api.get("/v1/locate", params=where)
        except httpx.TransportError:
            ledger.lost += 1
            continue
        if answer.status_code == 200:
            told = answer.json()
            codes = told["grid"] if many else [told["grid"] and told["grid"]["code"]]
            ledger.hear(asked, told["plan"], lng, codes)
        elif answer.status_code == 503:
            ledger.refused += 1
        else:
            ledger.wrong.append(f"status {answer.status_code}: {answer.text[:200]}")
        await asyncio.sleep(0.005)


async def change(world: World, plan: str | None) -> None:
    """Put the plan in force today past the service (None: take the present one out of force)."""
    ledger, org_id = world.ledger, world.api.org_id
    before = ledger.held[-1]
    ledger.held.append(Held(plan or world.base, time.monotonic()))
    async with world.database.transaction(org_id) as connection:
        if plan is not None:
            await calendar.begin(connection, org_id, await service.get(connection, uuid.UUID(plan)), TODAY)
        else:
            old = await service.get(connection, uuid.UUID(before.plan))
            await calendar.withdraw(connection, org_id, old, TODAY)
    before.until = time.monotonic()


async def calm(world: World, plan: str) -> None:
    """Publish and withdraw as a planner does."""
    for wanted in (plan, None):
        before = world.ledger.held[-1]
        world.ledger.held.append(Held(wanted or world.base, time.monotonic()))
        path = f"/v1/plans/{plan}/" + ("publish" if wanted else "withdraw")
        day = {"effective_from" if wanted else "from": TODAY.isoformat()}
        answer = await world.api.post(path, day)
        assert answer.status_code == 200, answer.text
        before.until = time.monotonic()
        await asyncio.sleep(1)


async def killed_connections(world: World, plan: str) -> None:
    """Every connection of the service is killed before and after each change."""
    for wanted in (plan, None):
        for _ in range(5):
            with psycopg.connect(cluster.url(world.folder), autocommit=True) as owner:
                owner.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}".encode())
            await asyncio.sleep(0.2)
        await change(world, wanted)
        await asyncio.sleep(0.5)


async def killed_process(world: World, plan: str) -> None:
    """One API process is killed; the other answers, and a new one takes its place."""
    for wanted in (plan, None):
        for pid in family(world.server.pid)[1:]:
            if b"\0api\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
                break
        await change(world, wanted)
        await asyncio.sleep(REPLACED_S)


async def restarted_database(world: World, plan: str) -> None:
    """PostgreSQL is stopped for a second; the change comes before the service is connected again."""
    for wanted in (plan, None):
        await asyncio.to_thread(cluster.stop, world.folder)
        await asyncio.sleep(1)
        await asyncio.to_thread(cluster.ensure, world.folder)
        await change(world, wanted)
        await asyncio.sleep(1.5)


async def hung_connections(world: World, plan: str) -> None:
    """What the service is connected to hangs, and the change comes meanwhile over another connection."""
    for wanted in (plan, None):
        with psycopg.connect(cluster.url(world.folder), autocommit=True) as owner:
            query = f"SELECT pid FROM pg_stat_activity WHERE {OURS} AND application_name LIKE '%revisions'"
            hung = [pid for (pid,) in owner.execute(query.encode()).fetchall()]
        for pid in hung:
            os.kill(pid, signal.SIGSTOP)
        await change(world, wanted)
        await asyncio.sleep(HUNG_S)
        for pid in hung:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(1)


FAULTS = (calm, killed_connections, killed_process, restarted_database, hung_connections)


async def drill(folder: Path, rounds: int) -> bool:
    """Whether every answer was right or a refusal."""
    async with furnished(folder, rounds * len(FAULTS)) as world:
        ledger = world.ledger
        askers = [asyncio.create_task(ask(world, number)) for number in range(ASKERS)]
        print(
            f"{'round':>5}  {'fault':<20} {'answers':>8} {'refused':>8} {'lost':>5} {'wrong':>6}", flush=True
        )
        for number in range(1, rounds + 1):
            for fault in FAULTS:
                was = (ledger.answers.total(), ledger.refused, ledger.lost, len(ledger.wrong))
                await fault(world, world.spare.pop(0))
                now = (ledger.answers.total(), ledger.refused, ledger.lost, len(ledger.wrong))
                told = [after - before for before, after in zip(was, now, strict=True)]
                name = fault.__name__.replace("_", " ")
                print(
                    f"{number:>5}  {name:<20} {told[0]:>8,} {told[1]:>8,} {told[2]:>5,} {told[3]:>6,}",
                    flush=True,
                )
                for asker in askers:
                    if asker.done():
                        asker.result()
        for asker in askers:
            asker.cancel()
        await asyncio.gather(*askers, return_exceptions=True)
    print("\nanswers by plan, in the order in which the plans were in force:")
    for number, plan in enumerate(ledger.border):
        print(f"  plan {number:<3} {ledger.answers[plan]:>8,}")
    print(
        f"{ledger.answers.total():,} answers, {ledger.refused:,} refusals (503), {ledger.lost:,} questions "
        f"whose process was killed, {len(ledger.wrong)} wrong\n"
        f"longest from a change to the last answer by the plan before: {1000 * ledger.oldest_s:,.0f} ms "
        "(asked before the change)"
    )
    for one in ledger.wrong[:20]:
        print(f"  wrong: {one}")
    return not ledger.wrong


def main() -> int:
    """Run the drill in a folder of its own."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    base = Path(tempfile.mkdtemp(prefix="gridwright-drill-"))
    base.chmod(0o755)
    try:
        migrate.upgrade(cluster.ensure(base / "postgres"))
        right = asyncio.run(drill(base / "postgres", rounds))
        if not right:
            print((base / "log").read_text()[-4000:], file=sys.stderr)
        return 0 if right else 1
    finally:
        cluster.stop(base / "postgres")
        shutil.rmtree(base)


if __name__ == "__main__":
    sys.exit(main())
