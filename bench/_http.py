"""A service on one core and load upon it from another; and the organisation that is asked about."""

import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np

Request = bytes
"""A whole HTTP/1.1 request, as it goes over the wire."""

AREAS = 50
MEASURED_FROM = "2026-01-01"


@dataclass(frozen=True)
class Load:
    """What came of asking for some seconds: rate, milliseconds of the median and of the slowest twentieth,
    and how busy the service's core was (under 1, something else was the bottleneck).
    """

    per_second: float
    p50_ms: float
    p95_ms: float
    busy: float
    answer_kb: float


def cores() -> tuple[int, int]:
    """The core for the service, and another for the database and the load (the same where there is one)."""
    ours = sorted(os.sched_getaffinity(0))
    return ours[0], ours[-1]


@contextlib.contextmanager
def serving(command: Sequence[str], core: int, **environment: str) -> Iterator[tuple[int, int]]:
    """A service as a process pinned to a core: its process id and its port, given as PORT in the command."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [word.replace("PORT", str(port)) for word in command]
    process = subprocess.Popen(
        [sys.executable, *words],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
            time.sleep(0.1)
        yield process.pid, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def request(
    method: str, target: str, body: bytes = b"", key: str = "", kind: str = "application/json"
) -> Request:
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: gridwright", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {kind}"] if body else []
    lines += [f"Authorization: Bearer {key}"] if key else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class _Asking(asyncio.Protocol):
    """One connection that asks again as soon as it is answered; answers are counted, not read."""

    def __init__(self, requests: Sequence[Request], first: int, until: float) -> None:
        self.requests, self.next, self.until = requests, first, until
        self.took: list[float] = []
        self.bytes = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.head = bytearray()
        self.left = -1  # of the answer's body; -1 while its head is awaited

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.began = time.perf_counter()
        self.transport.write(self.requests[self.next % len(self.requests)])
        self.next += 1

    def data_received(self, data: bytes) -> None:
        if self.left < 0:
            self.head += data
            end = self.head.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self.head[:end]).lower()
            if not head.startswith(b"http/1.1 200"):
                self.done.set_exception(RuntimeError(self.head[:600].decode(errors="replace")))
                self.transport.close()
                return
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            self.bytes += size
            self.left = size + end + 4 - len(self.head)
            self.head.clear()
        else:
            self.left -= len(data)
        if self.left == 0:
            self.left = -1
            now = time.perf_counter()
            self.took.append(now - self.began)
            if now < self.until:
                self.ask()
            else:
                self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error) if error else self.done.set_result(None)


async def _load(port: int, requests: Sequence[Request], connections: int, seconds: float) -> list[_Asking]:
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    asking = [
        (await loop.create_connection(lambda i=i: _Asking(requests, i * 7, until), "127.0.0.1", port))[1]
        for i in range(connections)
    ]
    await asyncio.gather(*(one.done for one in asking))
    return asking


def load(pid: int, port: int, requests: Sequence[Request], connections: int, seconds: float) -> Load:
    """Ask for some seconds over so many connections, each one question at a time, after a shorter warm-up."""
    import uvloop

    uvloop.run(_load(port, requests, 1, 0))  # one answer alone: what is read once is read
    uvloop.run(_load(port, requests, connections, seconds / 4))
    start, worked = time.perf_counter(), _cpu_seconds(pid)
    asking = uvloop.run(_load(port, requests, connections, seconds))
    passed, worked = time.perf_counter() - start, _cpu_seconds(pid) - worked
    took = sorted(one for each in asking for one in each.took)
    return Load(
        len(took) / passed,
        1e3 * statistics.median(took),
        1e3 * took[int(len(took) * 0.95)],
        worked / passed,
        sum(each.bytes for each in asking) / len(took) / 1024,
    )


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def prepare(port: int, key: str, grids: Any, codes: list[str], folder: Path) -> None:
    """Through the API: a tree of areas, a person a grid, and the grids as a plan in force."""

    def say(method: str, path: str, body: bytes, kind: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body or None, headers, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=600) as answer:
                told: dict[str, Any] = json.load(answer)
                waits = answer.status == 202
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read()[:2000].decode()) from error
        while waits:
            time.sleep(0.2)
            told = say("GET", f"/v1/jobs/{told['id']}", b"", "application/json")
            waits = told["status"] in ("queued", "running")
        if told.get("problem"):
            raise RuntimeError(str(told["problem"])[:2000])
        return told

    def send(kind: str, file: str, content: bytes, **fields: str) -> dict[str, Any]:
        line = "gridwright-bench"
        parts = io.BytesIO()
        for field, value in fields.items():
            parts.write(
                f'--{line}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
            )
        parts.write(
            f'--{line}\r\nContent-Disposition: form-data; name="file"; filename="{file}"\r\n\r\n'.encode()
        )
        parts.write(content + f"\r\n--{line}--\r\n".encode())
        return say("POST", f"/v1/imports/{kind}", parts.getvalue(), f"multipart/form-data; boundary={line}")

    def table(head: str, rows: Iterator[str]) -> bytes:
        return "\n".join([head, *rows]).encode()

    plane = {"code": "bench", "name": "bench", "kind": "place", "rules": ["point"]}
    say("POST", "/v1/planes", json.dumps(plane).encode(), "application/json")
    areas = (f"A{i:02},area {i},{'AB'[i % 2]}" for i in range(AREAS))
    send("areas", "areas.csv", table("code,name,class", areas), since=MEASURED_FROM)
    people = (f"P{code},person {code}" for code in codes)
    send("people", "people.csv", table("id,name", people), since=MEASURED_FROM)
    frame = geopandas.GeoDataFrame(
        {
            "code": codes,
            "name": [f"grid {code}" for code in codes],
            "area": [f"A{i % AREAS:02}" for i in range(len(codes))],
            "owner": [f"P{code}" for code in codes],
        },
        geometry=np.asarray(grids),
        crs=4326,
    )
    frame.to_file(folder / "grids.gpkg")
    content = (folder / "grids.gpkg").read_bytes()
    made = send("grids", "grids.gpkg", content, plane="bench", crs="wgs84", name="bench")
    plan = made["result"]["plan"]
    say("POST", f"/v1/plans/{plan}/validate", b'{"acknowledge":true}', "application/json")
    publish = {"effective_from": MEASURED_FROM, "reason": "benchmark"}
    say("POST", f"/v1/plans/{plan}/publish", json.dumps(publish).encode(), "application/json")
