"""Drill: the private cluster under kill -9, again and again, while rows are written. No commit may be lost.

`./run check cluster_crash [ROUNDS]` (default 20) prints a line a round; exit 1 when a committed row is gone.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

from app.storage import cluster


def commit_rows(url: str, committed: list[int]) -> None:
    """Insert numbers one transaction at a time, noting each that the server confirmed, until it dies."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            while True:
                row = connection.execute("INSERT INTO drill DEFAULT VALUES RETURNING n").fetchone()
                assert row is not None
                committed.append(row[0])
    except psycopg.OperationalError:
        return


def drill(folder: Path, rounds: int) -> int:
    """The number of confirmed rows that were missing afterwards."""
    chance = random.Random(0)
    committed: list[int] = []
    missing = 0
    with psycopg.connect(cluster.ensure(folder), autocommit=True) as connection:
        connection.execute("CREATE TABLE drill (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)")
    for number in range(1, rounds + 1):
        url = cluster.ensure(folder)
        writers = [threading.Thread(target=commit_rows, args=(url, committed)) for _ in range(4)]
        for writer in writers:
            writer.start()
        time.sleep(chance.uniform(0.05, 0.5))
        pid = int((folder / "cluster" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        with psycopg.connect(cluster.ensure(folder), autocommit=True) as connection:
            seconds = time.monotonic() - began
            there = {n for (n,) in connection.execute("SELECT n FROM drill")}
        for writer in writers:
            writer.join()
        lost = sorted(set(committed) - there)
        missing += len(lost)
        print(f"round {number}: {len(committed)} rows committed, {len(lost)} lost, back in {seconds:.1f} s")
    return missing


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    base = Path(tempfile.mkdtemp(prefix="gridwright-drill-"))
    base.chmod(0o755)
    try:
        return 1 if drill(base / "postgres", rounds) else 0
    finally:
        cluster.stop(base / "postgres")
        shutil.rmtree(base)


if __name__ == "__main__":
    sys.exit(main())
