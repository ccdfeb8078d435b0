"""Stopping a command that writes files: it takes away what it began, says so in one line, and ends."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class _Stopped(BaseException):
    """A signal came; not an Exception, so that nothing takes it for a fault."""


@contextmanager
def cleanly(written: object) -> Iterator[None]:
    """Within it Ctrl-C, SIGTERM and SIGHUP unwind what is being done; then one line on stderr, naming what
    is not ``written``, and exit status 128 + the signal's number, as a shell has it. A second one ends at
    once.
    """
    numbers = [number for name in _NAMES if (number := getattr(signal, name, None)) is not None]
    before: dict[Any, Any] = {}
    caught: list[int] = []

    def stop(number: int, frame: object) -> None:
        del frame
        caught.append(number)
        for each in numbers:
            signal.signal(each, signal.SIG_DFL)
        raise _Stopped

    try:
        for each in numbers:
            if signal.getsignal(each) != signal.SIG_IGN:  # as nohup has it
                before[each] = signal.signal(each, stop)
        yield
    except BaseException:
        if not caught:  # a fault of its own; else whatever the signal became on its way
            raise
        print(f"gridwright: stopped; {written} was not written", file=sys.stderr)  # noqa: T201
        raise SystemExit(128 + caught[0]) from None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class Asked:
    """Whether Ctrl-C or SIGTERM came while work that can end early went on: ``cancel()`` is asked by it.

    Within ``with`` the first signal only asks, once ``cancel`` has been looked at; before that, and from
    the second on, it interrupts as ever.
    """

    def __init__(self, message: str) -> None:
        self._message, self._begun, self._asked = message, False, False
        self._before: dict[Any, Any] = {}

    def cancel(self) -> bool:
        """Whether to end."""
        self._begun = True
        return self._asked

    def __enter__(self) -> "Asked":
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: object) -> None:
        del frame
        if self._asked or not self._begun:
            signal.signal(number, signal.SIG_DFL)
            raise KeyboardInterrupt
        self._asked = True
        print(f"\ngridwright: {self._message}", file=sys.stderr, flush=True)  # noqa: T201
