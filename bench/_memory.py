"""How much memory a step takes beyond what the process held before it (Linux)."""

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")


def _megabytes(field: str) -> float:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(field + ":"))
    return int(line.split()[1]) / 1024


def most_held() -> float:
    """The most megabytes that the process has held since it began."""
    return _megabytes("VmHWM")


def settle() -> float:
    """Give back what is free; the megabytes that the process holds then."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return _megabytes("VmRSS")


def beyond(step: Callable[[], T]) -> tuple[T, float, float]:
    """What the step gives, the most megabytes it held at once, and those it still holds afterwards."""
    before = settle()
    _CLEAR.write_text("5")  # the peak begins again from here
    made = step()
    peak = most_held()
    return made, peak - before, settle() - before
