"""`gridwright serve`: the API and its workers begin, are watched and end together."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.conftest import Server, family


def _worker_of(server: Server) -> int:
    while len(pids := family(server.pid)) < 2:
        time.sleep(0.05)
    return pids[1]


def _gone(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_ends_cleanly_when_told(server: Server, number: signal.Signals) -> None:
    assert httpx.get(f"{server.address}/readyz").json()["status"] == "ok"
    worker = _worker_of(server)
    server.process.send_signal(number)
    assert server.process.wait(60) == 0
    assert _gone(worker)


def test_a_dead_worker_is_replaced_and_none_outlives_its_server(server: Server) -> None:
    first = _worker_of(server)
    os.kill(first, signal.SIGKILL)
    while (second := _worker_of(server)) == first:
        time.sleep(0.05)
    server.process.kill()
    server.process.wait()
    while not _gone(second):
        time.sleep(0.05)


def _api_of(server: Server) -> list[int]:
    """The API processes that are the server's children."""
    found = []
    for pid in family(server.pid)[1:]:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if b"\0api\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


@pytest.mark.parametrize("server", [["--processes", "2"]], indirect=True)
def test_several_processes_answer_at_one_address_and_a_dead_one_is_replaced(server: Server) -> None:
    first = _api_of(server)
    assert len(first) == 2
    os.kill(first[0], signal.SIGKILL)
    while len(now := _api_of(server)) < 2 or first[0] in now:
        assert httpx.get(f"{server.address}/readyz").status_code == 200
        time.sleep(0.05)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert all(_gone(pid) for pid in now)


def test_a_port_in_use_is_one_line(server: Server, database_url: str) -> None:
    port = server.address.rsplit(":", 1)[1]
    command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", port]
    environment: dict[str, Any] = {**os.environ, "GRIDWRIGHT_DATABASE_URL": database_url}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"port {port}" in done.stderr
