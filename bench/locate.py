"""How quickly points find their grid, beside peers, on one core: a table, and bench/results/locate.json.

    ./run bench locate [--grids 200,2000,20000] [--points 1000000] [--peer-points 100000] [--json FILE]

Grids are wiggly: 100 vertices a side, shared with the neighbour. Each figure is the best of three after a
warm-up; peers answer fewer points, since they are slower, and their rate is what counts.
"""

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench._ground import grids, points
from bench._peers import PEERS
from geo.locator import Locator

PACKAGES = ("numpy", "numba", "shapely", "geopandas", "apache-sedona", "sedonadb", "duckdb")


def best(ask: Callable[[], Any], times: int = 3) -> float:
    """The least seconds of some tries, after one that does not count."""
    ask()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure(count: int, many: int, fewer: int, peers: list[str]) -> dict[str, Any]:
    """Points a second of Gridwright and of each peer at about ``count`` grids, with what building costs."""
    ground = grids(count)
    codes = [f"{i:06}" for i in range(len(ground))]
    lng, lat = points(many)
    start = time.perf_counter()
    locator = Locator.build(ground, codes)
    built = time.perf_counter() - start
    rates = {"gridwright": many / best(lambda: locator.locate(lng, lat))}
    start = time.perf_counter()
    Locator.build(ground, codes, points=many).locate(lng, lat)
    once = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told: dict[str, Any] = {"grids": len(ground), "build_s": built, "once_s": once, "peak_mb": peak}
    for name in peers:
        with PEERS[name](ground) as put:
            rates[name] = fewer / best(put(lng[:fewer], lat[:fewer]), 2)
        print(f"  {len(ground)} grids, {name}: {rates[name]:,.0f} points/s", flush=True)
    if "geopandas sjoin" in rates:
        told["once_times_sjoin"] = many / rates["geopandas sjoin"] / once
    return told | {"points_per_second": rates}


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as text: thousand points a second, and how many times a peer's rate Gridwright's is."""
    lines = []
    for row in rows:
        rates = row["points_per_second"]
        lines.append(
            f"{row['grids']} grids: built in {row['build_s']:.2f} s, {row['peak_mb']:.0f} MB at most; "
            f"built and asked once {row['once_s']:.2f} s"
        )
        if "once_times_sjoin" in row:
            lines[-1] += f" ({row['once_times_sjoin']:.1f} x sjoin)"
        for name, rate in rates.items():
            lines.append(f"  {name:<18}{rate / 1e3:>10,.0f} k/s{rates['gridwright'] / rate:>10.1f} x")
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
    parser.add_argument("--peer-points", type=int, default=100_000)
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "locate.json")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    peers = [name for name in asked.peers.split(",") if name]
    rows = [measure(int(n), asked.points, asked.peer_points, peers) for n in asked.grids.split(",")]
    print("\n" + table(rows))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps({"bench": "locate", "versions": versions(), "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
