"""The service as a user would start it: `gridwright serve` as a child process, watched until it is ready."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.demo.errors import DemoFailed
from app.demo.telling import Teller

SERVE = (sys.executable, "-c", "from app.cli import main; main()", "serve")
LONGEST_START_S = 300.0
GRACE_S = 40.0
_POLL_S = 0.2
_LOGGED = re.compile(r"\d{4}-\d\d-\d\dT|\{|Gridwright answers at")
_ADDRESS = re.compile(rb"answers at (http://\S+)")


@dataclass(frozen=True)
class Service:
    """A running service: where a client on this machine finds it, and its process."""

    url: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def served(host: str, port: int, log: Path, teller: Teller) -> Iterator[Service]:
    """The service, ready to answer; ended with the block. ``port`` 0 takes a free one."""
    with log.open("wb") as out:
        # A session of its own: Ctrl-C reaches the demo alone, which then ends the service in good order.
        process = subprocess.Popen(
            [*SERVE, "--host", host, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Service(_ready(process, log, teller), process)
    finally:
        _end(process)


def _ready(process: "subprocess.Popen[bytes]", log: Path, teller: Teller) -> str:
    """Wait until the service answers; its address. What it says on the way is passed on."""
    end = time.monotonic() + LONGEST_START_S
    told = 0
    with teller.waiting("starting the service") as tell:
        while time.monotonic() < end:
            said = log.read_bytes()
            found = _ADDRESS.search(said)
            lines = said.decode(errors="replace").splitlines()
            if process.poll() is not None:
                reason = lines[-1].strip() if lines else f"exit status {process.returncode}"
                raise DemoFailed(f"the service did not start: {reason.removeprefix('gridwright: ')}")
            for line in lines[told:]:
                if not _LOGGED.match(line):
                    teller.figure(line)
            told = len(lines)
            if found and _answers(url := _reachable(found[1].decode())):
                return url
            tell(0.0, "waiting until it answers")
            time.sleep(_POLL_S)
    raise DemoFailed(f"the service was not ready within {LONGEST_START_S / 60:.0f} minutes; see {log}")


def _answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/readyz", timeout=30, trust_env=False).is_success
    return False


def _reachable(url: str) -> str:
    """The address of a server that listens at all addresses, as a client would dial it."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the service and its workers in good order, and make it after a while."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
