"""Running a pure function in a process of its own, so that it can be stopped at once."""

import asyncio
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar, TypeVarTuple

from app.errors import DomainError
from app.jobs.runner import Work
from app.rebalances import child_main
from app.rebalances.child_main import Finish, Tell

Given = TypeVarTuple("Given")
Made = TypeVar("Made")

# A fresh interpreter: forking a process that holds threads and database connections is not safe.
_SPAWN = multiprocessing.get_context("spawn")
_POLL_S = 0.2


class ChildDied(DomainError):
    """The process ended without an answer: killed, or out of memory."""

    kind = "child-died"


def _receive(pipe: Connection) -> tuple[Any, ...] | None:
    """The child's next message, none when there is none yet; EOFError when it has gone."""
    message: tuple[Any, ...] | None = pipe.recv() if pipe.poll(_POLL_S) else None
    return message


async def run(
    function: Callable[[*Given, Tell, Finish], Made], *given: *Given, work: Work, share: tuple[float, float]
) -> Made:
    """``function(*given, tell, finish)`` in a child; its progress 0 to 1 becomes the stretch ``share`` of the
    job's.

    Raises what it raises, and :class:`app.errors.Cancelled` within a second of the wish to cancel, when the
    child is ended. When the job is to finish early, ``finish()`` is true in the child from then on.
    ``function`` must be importable, ``given`` and the answer picklable.
    """
    ours, theirs = _SPAWN.Pipe()
    # The work goes over the pipe and not with the start: a child that dies before it has read more than a
    # pipe's buffer would leave the start waiting for ever.
    child = _SPAWN.Process(target=child_main.main, args=(theirs,), daemon=True)
    await asyncio.to_thread(child.start)
    theirs.close()
    low, high = share
    sending = asyncio.ensure_future(asyncio.to_thread(ours.send, (function, given)))
    try:
        while not sending.done():
            work.check()
            await asyncio.wait({sending}, timeout=_POLL_S)
        sending.result()
        told = False
        while True:
            work.check()
            if work.early.is_set() and not told:
                told = True
                ours.send("finish")
            message = await asyncio.to_thread(_receive, ours)
            if message is None:
                continue
            if message[0] == "made":
                made: Made = message[1]
                return made
            if message[0] == "raised":
                raise message[1]
            work.tell(low + (high - low) * message[1], message[2], **message[3])
    except (EOFError, ConnectionError):
        await asyncio.to_thread(child.join, 5)
        raise ChildDied(
            f"The redraw's process ended without an answer (exit code {child.exitcode}); "
            "it may have run out of memory. Try fewer grids (scope) or fewer units."
        ) from None
    finally:
        child.kill()
        await asyncio.to_thread(child.join)
        await asyncio.wait({sending})
        ours.close()
