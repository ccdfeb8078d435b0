"""A folder beside a file to be written, so that no half-written file is ever seen under its name."""

import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_JUST_MADE_S = 60.0


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """A folder beside the target, taken away at the end; those of who was killed go first.

    Each holds a lock while its writer lives, so that another's is left alone.
    """
    prefix, suffix = f".{path.name}.", ".part"
    for left in path.parent.glob(f"{glob.escape(prefix)}*{suffix}"):
        if _old(left) and (dead := _locked(left)) is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(dead)
    folder = Path(tempfile.mkdtemp(suffix, prefix, path.parent))
    lock = _locked(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _old(folder: Path) -> bool:
    """Whether its writer has had the time to lock it."""
    try:
        return time.time() - folder.stat().st_mtime > _JUST_MADE_S
    except OSError:  # gone by now
        return False


def _locked(folder: Path) -> int | None:
    """A folder's lock, None when somebody has it; it goes with whoever has it, however he ends."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # no such locks here: nothing is known, nothing taken away
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle
