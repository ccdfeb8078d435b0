"""A file of points assigned by Spark, beside the local engine and a join written by hand: a table, and JSON.

    ./run bench spark [--rows 500000] [--grids 2000] [--cores 2] [--json FILE]

Each way runs in processes of its own that share so many cores, Java and Python together, so that rows a
second and core are what a core of a cluster does. Starting Spark is told apart: a job pays it once. The peer
(pandas batches against a shapely tree, as users write it) writes the code of each point's grid and no more;
Gridwright also the nearest grid, the distance, the H3 cell and the row, in files sorted by cell.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.assign import write_ground, write_points
from bench.locate import versions


def run(command: list[str], cores: int) -> dict[str, Any]:
    """Seconds of a command that prints JSON with its own, on so many cores: until Spark is there, and from
    then on."""
    ours = sorted(os.sched_getaffinity(0))[:cores]
    start = time.perf_counter()
    done = subprocess.run(
        ["taskset", "-c", ",".join(map(str, ours)), *command],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr[-2000:]}")
    said = json.loads(done.stdout)
    parts = said.get("seconds", said)
    work = parts["total"] - parts.get("spark", 0.0) - parts.get("grids", 0.0)
    return {"seconds": seconds, "start_s": parts.get("spark", 0.0), "work_s": work, "parts": parts}


def measure(folder: Path, rows: int, cores: list[int]) -> list[dict[str, Any]]:
    """All ways on each number of cores."""
    write_points(folder, rows)
    gridwright = [str(Path(sys.executable).with_name("gridwright")), "assign", str(folder / "points.parquet")]
    gridwright += ["--grids", str(folder / "grids.parquet"), "--crs", "wgs84", "--json", "--out"]
    told = []
    for count in cores:
        master = f"local[{count}]"
        ways = {
            "local engine": [*gridwright, str(folder / "out.parquet")],
            "spark engine": [*gridwright, str(folder / "out"), "--engine", "spark", "--spark-master", master],
            "spark, by hand": [sys.executable, "-m", "bench._spark_peer", str(folder), master],
        }
        for name, command in ways.items():
            one = run(command, count)
            one |= {"way": name, "cores": count, "rows": rows}
            one["rows_per_core_second"] = rows / one["work_s"] / count
            print(f"  {name}, {count} cores: {one['seconds']:.1f} s", flush=True)
            told.append(one)
    return told


def table(told: list[dict[str, Any]]) -> str:
    """The results as text: seconds in all, of starting Spark, of the work, and rows a second and core."""
    lines = [f"{'':<16}{'cores':>6}{'all s':>8}{'start s':>9}{'work s':>8}{'k rows/s a core':>17}"]
    for one in told:
        lines.append(
            f"{one['way']:<16}{one['cores']:>6}{one['seconds']:>8.1f}{one['start_s']:>9.1f}"
            f"{one['work_s']:>8.1f}{one['rows_per_core_second'] / 1e3:>17,.0f}"
        )
        phases = [(k, v) for k, v in one["parts"].items() if k not in ("total", "spark")]
        if phases:
            lines.append("    " + ", ".join(f"{phase} {spent:.1f}" for phase, spent in phases))
    return "\n".join(lines)


def main() -> None:
    """Run what was asked and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--grids", type=int, default=2000)
    parser.add_argument("--cores", default="2")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "spark.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gridwright-bench-") as name:
        count = write_ground(Path(name), asked.grids)
        told = measure(Path(name), asked.rows, [int(n) for n in asked.cores.split(",")])
    print(f"\n{asked.rows:,} rows, {count:,} grids; phases are seconds summed over tasks\n{table(told)}")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    document = {"bench": "spark", "versions": versions(), "grids": count, "results": told}
    asked.json.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
