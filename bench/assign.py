"""A file of points assigned end to end, from Parquet to Parquet, beside peers: a table, and a file of JSON.

    ./run bench assign [--rows 1000000,3000000] [--grids 2000] [--peer-rows 3000000]
                       [--peers geopandas,duckdb] [--json FILE]

Each way runs in a process of its own: seconds from its start to its end, and its peak memory. Gridwright
reads, locates, finds the nearest grid of what lies outside, the H3 cell of all, and writes eight columns; the
peers only join and write the code. The phases are of a run in which one follows the other.
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

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench._ground import grids, points
from bench.locate import versions

_CHUNK = 1_000_000


def write_ground(folder: Path, count: int) -> int:
    """The grids as GeoParquet; how many they are."""
    ground = grids(count)
    codes = [f"G{i:06}" for i in range(len(ground))]
    gpd.GeoDataFrame({"code": codes}, geometry=ground, crs=4326).to_parquet(folder / "grids.parquet")
    return len(ground)


def write_points(folder: Path, rows: int) -> None:
    """So many points, their ids text, a row group for each million."""
    schema = pa.schema([("id", pa.string()), ("lng", pa.float64()), ("lat", pa.float64())])
    with pq.ParquetWriter(folder / "points.parquet", schema) as writer:
        for first in range(0, rows, _CHUNK):
            n = min(_CHUNK, rows - first)
            lng, lat = points(n, seed=1 + first // _CHUNK)
            ids = pa.array(np.arange(first, first + n)).cast(pa.string())
            writer.write_table(pa.table([ids, lng, lat], schema=schema))


def run(command: list[str]) -> dict[str, Any]:
    """Seconds, processor seconds and peak megabytes of a command, and what it printed."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit status {process.returncode}")
    return {
        "seconds": time.perf_counter() - start,
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "said": said,
    }


def measure(folder: Path, rows: int, peers: list[str]) -> dict[str, Any]:
    """All ways at one size."""
    write_points(folder, rows)
    command = str(Path(sys.executable).with_name("gridwright"))
    files = [folder / f"{name}.parquet" for name in ("points", "grids", "out")]
    asked = [str(files[0]), "--grids", str(files[1]), "--crs", "wgs84", "--out", str(files[2]), "--json"]
    told: dict[str, Any] = {"gridwright": run([command, "assign", *asked])}
    summary = json.loads(told["gridwright"].pop("said"))
    way = [sys.executable, "-m", "bench._assign_ways"]
    turned = run([*way, "in_turn", str(folder)])
    phases = json.loads(turned.pop("said"))
    for name in peers:
        told[name] = run([*way, name, str(folder)])
        del told[name]["said"]
        print(f"  {rows:,} rows, {name}: {told[name]['seconds']:.1f} s", flush=True)
    counts = {k: summary[k] for k in ("rows", "assigned", "outside", "rejected", "ties")}
    return {"rows": rows, "counts": counts, "ways": told, "in_turn": turned | {"phases": phases}}


def table(results: list[dict[str, Any]]) -> str:
    """The results as text."""
    lines = []
    for result in results:
        ours = result["ways"]["gridwright"]["seconds"]
        lines.append(f"{result['rows']:,} rows ({result['counts']['outside']:,} outside)")
        for name, told in result["ways"].items():
            lines.append(
                f"  {name:<12}{told['seconds']:>8.1f} s{result['rows'] / told['seconds'] / 1e3:>9,.0f} k/s"
                f"{told['seconds'] / ours:>7.1f} x{told['peak_mb']:>8,.0f} MB"
            )
        phases = result["in_turn"]["phases"]
        parts = ", ".join(f"{name} {spent:.2f}" for name, spent in phases.items())
        lines.append(f"  in turn, on one core, seconds: {parts}")
    return "\n".join(lines)


def main() -> None:
    """Run what was asked and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", default="1000000,3000000")
    parser.add_argument("--grids", type=int, default=2000)
    parser.add_argument("--peer-rows", type=int, default=3_000_000, help="above this only Gridwright runs")
    parser.add_argument("--peers", default="geopandas,duckdb")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "assign.json")
    asked = parser.parse_args()
    peers = [name for name in asked.peers.split(",") if name]
    sizes = [int(n) for n in asked.rows.split(",")]
    with tempfile.TemporaryDirectory(prefix="gridwright-bench-") as name:
        folder = Path(name)
        count = write_ground(folder, asked.grids)
        results = [measure(folder, n, peers if n <= asked.peer_rows else []) for n in sizes]
    print(f"\n{count:,} grids\n{table(results)}")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    document = {"bench": "assign", "versions": versions(), "grids": count, "results": results}
    asked.json.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
