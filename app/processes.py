"""Processes of Gridwright's own that belong to this one: kept alive, and ended with it."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence

import structlog

GRACE_S = 15.0
STEADY_S = 30.0
LONGEST_PAUSE_S = 30.0
COMMAND = ("-c", "from app.cli import main; main()")

log = structlog.get_logger(__name__)


async def keep(
    what: str, arguments: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int] = ()
) -> None:
    """Keep one process of the command line running until cancelled: another when it dies.

    The pause before the next grows while they die young. A process gets ``descriptors``, and has to leave
    when its standard input ends (:func:`leave_with_parent`): also when this process is killed.
    """
    pause = 1.0
    while True:
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *COMMAND,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, **environment},
            pass_fds=tuple(descriptors),
            start_new_session=True,
        )
        try:
            status = await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)
        pause = 1.0 if time.monotonic() - began > STEADY_S else min(pause * 2, LONGEST_PAUSE_S)
        log.warning(f"{what} ended; starting another", status=status, pause_s=pause)
        await asyncio.sleep(pause)


def leave_with_parent() -> None:
    """End this process in good order (SIGTERM) when the one that started it is gone."""
    threading.Thread(target=_leave, daemon=True).start()


def _leave() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the process to finish, and make it after a while; a job is taken up again elsewhere."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(GRACE_S + 1):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
