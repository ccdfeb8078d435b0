"""The API and its workers as one service: started together, watched, ended together."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator

import structlog
import uvicorn

from app.main import create_app
from app.settings import Settings

GRACE_S = 15.0
STEADY_S = 30.0
LONGEST_PAUSE_S = 30.0
WORKER = ("-c", "from app.cli import main; main()", "worker", "--with-parent")

log = structlog.get_logger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address; raises OSError when it is taken or not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    bound.set_inheritable(False)
    return bound


def address(bound: socket.socket) -> str:
    """The socket's address as a person would open it."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(settings: Settings, bound: socket.socket, say: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, with ``settings.workers`` job workers beside the API.

    ``settings.database_url`` must be set. ``say`` is told once requests are answered.
    """
    config = uvicorn.Config(
        lambda: create_app(settings),
        factory=True,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=int(GRACE_S),
    )
    with _signals_kept(), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(settings, config, bound, say))


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Uvicorn raises the signal that ended it once more when it is done; there are workers to end yet."""
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: None) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)


async def _serve(
    settings: Settings, config: uvicorn.Config, bound: socket.socket, say: Callable[[str], None]
) -> None:
    server = uvicorn.Server(config)
    workers = [asyncio.create_task(_keep_worker(settings)) for _ in range(settings.workers)]
    telling = asyncio.create_task(_tell(server, address(bound), say))
    try:
        await server.serve(sockets=[bound])
    finally:
        for task in (telling, *workers):
            task.cancel()
        await asyncio.gather(telling, *workers, return_exceptions=True)


async def _tell(server: uvicorn.Server, where: str, say: Callable[[str], None]) -> None:
    while not server.started:
        await asyncio.sleep(0.05)
    say(f"Gridwright answers at {where} (Ctrl-C ends it)")


async def _keep_worker(settings: Settings) -> None:
    """One worker process; another when it dies, after a pause that grows while they die young."""
    environment = {**os.environ, "GRIDWRIGHT_DATABASE_URL": settings.database_url or ""}
    pause = 1.0
    while True:
        began = time.monotonic()
        # The worker leaves when its standard input ends: also when this process is killed.
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *WORKER,
            stdin=asyncio.subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        try:
            status = await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)
        pause = 1.0 if time.monotonic() - began > STEADY_S else min(pause * 2, LONGEST_PAUSE_S)
        log.warning("a worker ended; starting another", status=status, pause_s=pause)
        await asyncio.sleep(pause)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the worker to finish, and make it after a while; its job is taken up again elsewhere."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(GRACE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
