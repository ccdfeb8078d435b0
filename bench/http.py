"""How many questions a second one process on one core answers over HTTP, beside services written by hand: a
table, and bench/results/http.json.

    ./run bench http [--grids 2000] [--points 1000] [--connections 16] [--seconds 5] [--only NAME,…]

A private PostGIS, the service (one uvicorn process on a core of its own), an organisation, and a plan in
force loaded through the API: wiggly grids, each with an area and an owner. The load comes from another core
over loopback. ``busy`` is the share of its core that the service used: under 1, it was not the bottleneck or
did not get the core for itself; ``/core s`` are its requests by the seconds that it worked.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psycopg
import pyarrow as pa
import shapely

from app.orgs import service as orgs
from app.storage import migrate
from app.storage.cluster import ensure, stop
from app.storage.database import Database
from bench._ground import grids, points
from bench._http import Load, Request, cores, load, prepare, request, serving

OURS = ("-c", "from app.cli import main; main()", "serve", "--port", "PORT")
PACKAGES = ("fastapi", "uvicorn", "pydantic", "orjson", "pyarrow", "shapely", "psycopg", "asyncpg")
ARROW = "application/vnd.apache.arrow.stream"
BODIES = 20
"""Different questions, asked in turn."""

Case = tuple[str, int, Callable[[], list[Request]]]
"""What is asked, of how many points a request, and the requests."""


def _columns(points_each: int, seed: int) -> dict[str, list[Any]]:
    lng, lat = (np.round(values, 7) for values in points(points_each, seed))
    return {"id": [f"C{i:06}" for i in range(points_each)], "lng": lng.tolist(), "lat": lat.tolist()}


def _bulk(
    points_each: int, how: Callable[[dict[str, list[Any]]], bytes], target: str, key: str = "", kind: str = ""
) -> list[Request]:
    some = BODIES if points_each < 10_000 else 2
    return [
        request("POST", target, how(_columns(points_each, 100 + i)), key, kind or "application/json")
        for i in range(some)
    ]


def _json(columns: dict[str, list[Any]]) -> bytes:
    return orjson.dumps({"crs": "wgs84", "plane": "bench"} | columns)


def _rows(columns: dict[str, list[Any]]) -> bytes:
    names = list(columns)
    return orjson.dumps([dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)])


def _arrow(columns: dict[str, list[Any]]) -> bytes:
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    stream_bytes: bytes = sink.getvalue().to_pybytes()
    return stream_bytes


def _places(prefix: str, key: str = "") -> list[Request]:
    lng, lat = (np.round(values, 7).tolist() for values in points(500, 7))
    return [request("GET", f"{prefix}lng={x}&lat={y}", key=key) for x, y in zip(lng, lat, strict=True)]


def ours(key: str, each: int) -> list[Case]:
    """What is asked of Gridwright."""
    assign, arrow = "/v1/assign", "/v1/assign?crs=wgs84&plane=bench"
    return [
        ("JSON", each, lambda: _bulk(each, _json, assign, key)),
        ("Arrow", each, lambda: _bulk(each, _arrow, arrow, key, ARROW)),
        ("JSON with H3", each, lambda: _bulk(each, _json, f"{assign}?include=h3", key)),
        ("JSON many", 100_000, lambda: _bulk(100_000, _json, assign, key)),
        ("Arrow many", 100_000, lambda: _bulk(100_000, _arrow, arrow, key, ARROW)),
        ("locate", 1, lambda: _places("/v1/locate?crs=wgs84&plane=bench&", key)),
    ]


def theirs(each: int, key: str) -> dict[str, list[Case]]:
    """What is asked of the services beside it."""
    return {
        "rows": [("pydantic rows and a loop", each, lambda: _bulk(each, _rows, "/assign"))],
        "columns": [("pydantic columns and STRtree", each, lambda: _bulk(each, _json, "/assign"))],
        "postgis": [
            ("locate by PostGIS", 1, lambda: _places("/locate?")),
            ("locate whole by PostGIS", 1, lambda: _places("/whole?plane=bench&", key)),
        ],
    }


@contextmanager
def _ground(count: int, folder: Path) -> Iterator[tuple[str, str]]:
    """The database with the organisation and with the peers' table: its URL and the organisation's key."""
    url = ensure(folder / "postgres", durable=False)
    try:
        migrate.upgrade(url)
        _, key = asyncio.run(_organisation(url))
        polygons = grids(count)
        codes = [f"{i:06}" for i in range(len(polygons))]
        # Made and loaded with a worker beside the service; measured without.
        with serving(OURS, cores()[0], GRIDWRIGHT_DATABASE_URL=url, GRIDWRIGHT_WORKERS="1") as (_, port):
            prepare(port, key, polygons, codes, folder)
        np.savez(folder / "grids.npz", wkb=shapely.to_wkb(polygons), codes=np.array(codes, dtype=object))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE bench_grids (code text PRIMARY KEY, geometry geometry(Polygon, 4326))"
            )
            connection.cursor().executemany(
                "INSERT INTO bench_grids VALUES (%s, ST_GeomFromWKB(%s, 4326))",
                list(zip(codes, shapely.to_wkb(polygons).tolist(), strict=True)),
            )
            connection.execute("CREATE INDEX ON bench_grids USING gist (geometry)")
            connection.execute("VACUUM ANALYZE")
        yield url, key
    finally:
        stop(folder / "postgres")


async def _organisation(url: str) -> tuple[Any, str]:
    database = Database(url)
    try:
        return await orgs.create(database, "benchmark")
    finally:
        await database.close()


def measure(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """A row for each kind of question and each service."""
    rows: list[dict[str, Any]] = []

    def take(service: str, cases: list[Case], pid: int, port: int) -> None:
        for name, each, make in cases:
            if asked.only and name not in asked.only.split(","):
                continue
            connections = asked.connections if each < 10_000 else 2
            told = load(pid, port, make(), connections, asked.seconds)
            rows.append({"service": service, "asked": name, "points": each} | asdict(told))
            print(_line(rows[-1]), flush=True)

    core = cores()[0]
    with tempfile.TemporaryDirectory(prefix="gridwright-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with _ground(asked.grids, folder) as (url, key):
            peers = {"BENCH_GRIDS": str(folder / "grids.npz"), "BENCH_DATABASE": url}
            with serving(OURS, core, GRIDWRIGHT_DATABASE_URL=url, GRIDWRIGHT_WORKERS="0") as (pid, port):
                take("Gridwright", ours(key, asked.points), pid, port)
            for app, cases in theirs(asked.points, key).items():
                with serving(("-m", "bench._http_peers", app, "PORT"), core, **peers) as (pid, port):
                    take("by hand", cases, pid, port)
            rows.append(_direct(core, asked.seconds, peers))
            print(_line(rows[-1]), flush=True)
    return rows


def _direct(core: int, seconds: float, peers: dict[str, str]) -> dict[str, Any]:
    said = subprocess.run(
        [sys.executable, "-m", "bench._http_peers", "direct", str(seconds)],
        env=os.environ | peers,
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    nothing = asdict(Load(float(said.stdout), *[float("nan")] * 4))
    return {"service": "asyncpg", "asked": "PostGIS without a service", "points": 1} | nothing


HEAD = (
    f"{'':<40}{'requests/s':>11}{'/core s':>10}{'points/s':>13}{'p50 ms':>9}{'p95 ms':>9}{'busy':>7}{'kB':>8}"
)


def _line(row: dict[str, Any]) -> str:
    rate, each = row["per_second"], row["points"]
    name = f"{row['service']}: {row['asked']}"
    return (
        f"{name:<32}{each:>8,}{rate:>11,.1f}{rate / row['busy']:>10,.1f}{rate * each:>13,.0f}"
        f"{row['p50_ms']:>9.2f}{row['p95_ms']:>9.2f}{row['busy']:>7.2f}{row['answer_kb']:>8.1f}"
    )


def ratios(rows: list[dict[str, Any]]) -> dict[str, float]:
    """How many times a peer's rate Gridwright's is, for the same question."""
    rate = {row["asked"]: row["per_second"] for row in rows}
    pairs = [
        (a, b)
        for b in ("pydantic rows and a loop", "pydantic columns and STRtree")
        for a in ("JSON", "Arrow")
    ] + [("locate", "locate by PostGIS"), ("locate", "locate whole by PostGIS")]
    pairs += [("locate", "PostGIS without a service")]
    return {f"{a} / {b}": rate[a] / rate[b] for a, b in pairs if a in rate and b in rate}


def main() -> None:
    """Run what was asked and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--grids", type=int, default=2000)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results" / "http.json")
    asked = parser.parse_args()
    os.sched_setaffinity(0, {cores()[1]})  # what this process starts begins there too: the database
    rows = measure(asked)
    found = ratios(rows)
    print("\n" + "\n".join([HEAD, *map(_line, rows), "", *(f"{k}: {v:.1f} x" for k, v in found.items())]))
    told: dict[str, Any] = {
        "bench": "http",
        "versions": {"python": platform.python_version(), "cores": str(os.cpu_count())}
        | {name: version(name) for name in PACKAGES},
        "grids": asked.grids,
        "connections": asked.connections,
        "rows": rows,
        "ratios": found,
    }
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    for row in rows:
        row |= {name: None for name, value in row.items() if value != value}  # JSON has no NaN
    asked.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
