"""The API and its workers as one service: started together, watched, ended together.

One API process is this process. Several are children that accept from one listening socket; each follows the
database by itself, so none depends on another for what it answers.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn

from app import processes
from app.main import create_app
from app.settings import Settings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
    """Serve until SIGINT or SIGTERM: ``settings.processes`` of the API, ``settings.workers`` for jobs.

    ``settings.database_url`` must be set. ``say`` is told once requests are answered.
    """
    config = _config(settings)
    one = settings.processes == 1
    with _signals_kept(), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(settings, uvicorn.Server(config) if one else None, bound, say))


def run_child(settings: Settings, bound: socket.socket, started: int) -> None:
    """Serve as one of several API processes until SIGTERM; a byte goes to ``started`` once it answers."""
    config = _config(settings)

    async def serve() -> None:
        server = uvicorn.Server(config)
        telling = asyncio.create_task(_when_started(server, lambda: os.write(started, b".")))
        await server.serve(sockets=[bound])
        telling.cancel()

    with _signals_kept(), asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve())


def _config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        lambda: create_app(settings),
        factory=True,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=int(processes.GRACE_S),
    )


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Uvicorn raises the signal that ended it once more when it is done; there are workers to end yet."""
    before = [signal.signal(number, lambda *_: None) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(number, handler)


async def _serve(
    settings: Settings, server: uvicorn.Server | None, bound: socket.socket, say: Callable[[str], None]
) -> None:
    environment = {"GRIDWRIGHT_DATABASE_URL": settings.database_url or ""}
    tasks = [
        asyncio.create_task(processes.keep("a worker", ["worker", "--with-parent"], environment))
        for _ in range(settings.workers)
    ]

    def tell() -> None:
        say(f"Gridwright answers at {address(bound)} (Ctrl-C ends it)")

    try:
        if server is not None:
            tasks.append(asyncio.create_task(_when_started(server, tell)))
            await server.serve(sockets=[bound])
        else:
            await _serve_by_children(settings.processes, environment, bound, tell)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve_by_children(
    count: int, environment: dict[str, str], bound: socket.socket, tell: Callable[[], None]
) -> None:
    """Keep the children until a signal comes; ``tell`` when each has answered for the first time."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    told, started = os.pipe()
    os.set_blocking(told, False)
    ready = 0

    def hear() -> None:
        nonlocal ready
        before, ready = ready, ready + len(os.read(told, 1024))
        if before < count <= ready:
            tell()

    loop.add_reader(told, hear)
    arguments = ["api", "--socket", str(bound.fileno()), "--started", str(started)]
    children = [
        asyncio.create_task(
            processes.keep("an API process", arguments, environment, (bound.fileno(), started))
        )
        for _ in range(count)
    ]
    try:
        await stop.wait()
    finally:
        for child in children:
            child.cancel()
        await asyncio.gather(*children, return_exceptions=True)
        loop.remove_reader(told)
        os.close(told)
        os.close(started)
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _when_started(server: uvicorn.Server, tell: Callable[[], object]) -> None:
    while not server.started:
        await asyncio.sleep(0.05)
    tell()
