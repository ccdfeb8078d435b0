"""How quickly points find their grid, beside peers: a table, and bench/results/locate.json.

    ./run bench locate [--grids 200,2000,20000] [--points 1000000] [--once 100,1000,10000,100000,1000000]
                       [--peers "NAME;..."] [--json FILE]

Grids are wiggly: 100 vertices a side, shared with the neighbour. Each size runs in a process of its own, on
one core but for the figure of two threads. Rates are warm: the best of some tries after one that does not
count, all of the same points. ``once`` is one question with nothing built beforehand, beside a cold sjoin.
Every peer's answer is compared with ours, point by point: the lowest code of the grids it found.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from bench import _memory, _once
from bench._ground import grids, points
from bench._peers import PEERS, Floats, Question
from geo import locator as engine
from geo.locator import Located, Locator

PACKAGES = ("numpy", "numba", "shapely", "geopandas", "apache-sedona", "sedonadb", "duckdb")
ONE_CORE = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_getaffinity") else set()


def best(ask: Callable[[], Any], times: int = 3) -> float:
    """The least seconds of some tries, after one that does not count."""
    ask()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure(count: int, many: int, once: list[int], peers: list[str]) -> dict[str, Any]:
    """All figures at about ``count`` grids, one core."""
    every = os.sched_getaffinity(0)
    os.sched_setaffinity(0, ONE_CORE)
    engine.warm()
    ground = grids(count)
    codes = [f"{i:06}" for i in range(len(ground))]
    lng, lat = points(many)
    (index, built), peak, kept = _memory.beyond(lambda: _timed(lambda: Locator.build(ground, codes)))
    rates = {"Gridwright": many / best(lambda: index.locate(lng, lat), 5)}
    told: dict[str, Any] = {
        "grids": len(ground),
        "points": many,
        "build_s": built,
        "build_mb": peak,
        "mb": kept,
    }
    told |= _kept(index, lng, lat)
    os.sched_setaffinity(0, every)
    told["two_threads"] = many / best(lambda: index.locate(lng, lat, threads=2), 5) / rates["Gridwright"]
    os.sched_setaffinity(0, ONE_CORE)
    told["once"] = [_once.compare(ground, codes, lng[:n], lat[:n]) for n in once]
    ours, differing = index.locate(lng, lat), {}
    for name in peers:
        with PEERS[name](ground) as put:
            question = put(lng, lat)
            rates[name] = many / best(question.ask, 2)
            differing[name] = _differing(question, ours)
        print(f"  {len(ground)} grids, {name}: {rates[name]:,.0f} points/s", file=sys.stderr, flush=True)
    return told | {"points_per_second": rates, "differing": differing}


def _timed(step: Callable[[], Locator]) -> tuple[Locator, float]:
    start = time.perf_counter()
    return step(), time.perf_counter() - start


def _kept(index: Locator, lng: Floats, lat: Floats) -> dict[str, float]:
    """What a saved index is like: its size, milliseconds to open it, and its rate once it is warm."""
    with tempfile.TemporaryDirectory(prefix="gridwright-bench-") as folder:
        path = Path(folder) / "grids.loc"
        index.save(path)
        seconds = best(lambda: Locator.load(path))
        opened = Locator.load(path)
        rate = len(lng) / best(lambda: opened.locate(lng, lat))
        return {"file_mb": path.stat().st_size / 2**20, "load_ms": seconds * 1e3, "loaded_rate": rate}


def _differing(question: Question, ours: Located) -> int:
    """Points whose lowest grid (codes are in the order of rows) is not ours; none is -1."""
    point, grid = question.pairs()
    lowest = np.full(len(ours.index), np.iinfo(np.int64).max)
    np.minimum.at(lowest, point, grid)
    lowest[lowest == np.iinfo(np.int64).max] = -1
    return int((lowest != ours.index).sum())


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as text: thousand points a second, and how many times a peer's rate Gridwright's is."""
    lines = []
    for row in rows:
        rates = row["points_per_second"]
        lines += [
            f"{row['grids']} grids, {row['points']:,} points",
            f"  built in {row['build_s']:.2f} s, {row['build_mb']:.0f} MB at most, holds {row['mb']:.0f} MB; "
            f"file {row['file_mb']:.0f} MB, opened in {row['load_ms']:.1f} ms "
            f"(then {row['loaded_rate'] / 1e3:,.0f} k/s); two threads {row['two_threads']:.2f} x one",
        ]
        for name, rate in rates.items():
            beside = "" if name == "Gridwright" else f"{rates['Gridwright'] / rate:>9.1f} x"
            differ = row["differing"].get(name)
            beside += "" if differ is None else f"   {differ} points differ"
            lines.append(f"  {name:<20}{rate / 1e3:>10,.0f} k/s{beside}")
        for it in row["once"]:
            lines.append(
                f"  once, {it['points']:>9,} points: {it['gridwright_s'] * 1e3:>10,.1f} ms, "
                f"sjoin {it['sjoin_s'] * 1e3:>10,.1f} ms {it['times']:>7.1f} x"
            )
    return "\n".join(lines)


def versions() -> dict[str, str]:
    """What was measured on what."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "cores": str(os.cpu_count())}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Run what was asked and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--grids", default="200,2000,20000")
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--once", default="100,1000,10000,100000,1000000")
    parser.add_argument("--peers", default=";".join(PEERS), help="names divided by semicolons")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "locate.json")
    parser.add_argument("--alone", action="store_true", help="one size in this process, its row as JSON")
    asked = parser.parse_args()
    if asked.alone:
        once = [int(n) for n in asked.once.split(",") if n]
        peers = [name for name in asked.peers.split(";") if name]
        print(json.dumps(measure(int(asked.grids), asked.points, once, peers)))
        return
    rows = []
    for size in asked.grids.split(","):
        command = [sys.executable, "-m", "bench.locate", "--alone", "--grids", size]
        command += ["--points", str(asked.points), "--once", asked.once, "--peers", asked.peers]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    print("\n" + table(rows))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps({"bench": "locate", "versions": versions(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
