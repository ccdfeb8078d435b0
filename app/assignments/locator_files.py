"""Indexes of grids in files of this machine, so that processes share one and a new one need not build it.

A file is named after what is in it (codes and shapes, and this release) and after the checksum of its bytes:
one that was cut off, written over or made by somebody else is not opened but made anew. Nothing depends on
these files; where they can't be written the index is built in memory.
"""

import hashlib
import mmap
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import structlog

from geo.errors import InputError
from geo.locator import Locator

_SUFFIX = ".locator"
_LEFT_BEHIND_S = 3600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Files:
    """A folder, and how much may lie in it; what was opened last stays."""

    folder: Path
    most_bytes: int


files: Files | None = None
"""Where this process keeps its indexes; none: in memory only. Set when a process starts."""


def opened(shapes: Sequence[tuple[str, bytes | None]], build: Callable[[], Locator]) -> Locator:
    """The index of the grids with these codes and shapes: its file, else built and kept in a file."""
    if files is None:
        return build()
    name = _name(shapes)
    try:
        found = _open(files.folder, name)
    except OSError as error:
        log.warning("an index could not be opened and is built anew", reason=str(error))
        found = None
    if found is not None:
        return found
    made = build()
    try:
        _save(files, name, made)
        return _open(files.folder, name) or made
    except OSError as error:
        log.warning("an index could not be kept in a file; it stays in memory", reason=str(error))
        return made


def _name(shapes: Sequence[tuple[str, bytes | None]]) -> str:
    named = hashlib.sha256(f"gridwright {version('gridwright')}\n".encode())
    for code, shape in shapes:
        text = code.encode("utf-8", "surrogatepass")
        named.update(b"%d %d " % (len(text), len(shape or b"")) + text + (shape or b""))
    return named.hexdigest()[:40]


def _open(folder: Path, name: str) -> Locator | None:
    for path in sorted(folder.glob(f"{name}-*{_SUFFIX}")):
        try:
            if path.stem.split("-")[1] != _checksum(path):
                raise InputError("its bytes are not those that were written", kind="unreadable-file")
            found = Locator.load(path)
            path.touch()
        except (InputError, LookupError, TypeError, ValueError) as error:
            log.warning("an index is not what it was and is built anew", file=str(path), reason=str(error))
            path.unlink(missing_ok=True)
        else:
            return found
    return None


def _checksum(path: Path) -> str:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        return f"{zlib.crc32(raw):08x}"


def _save(into: Files, name: str, locator: Locator) -> None:
    into.folder.mkdir(parents=True, exist_ok=True)
    _make_room(into)
    # Nobody opens a file by this name: it is given its own when it is whole.
    unnamed = into.folder / f"{name}{_SUFFIX}.{time.time_ns():x}.part"
    try:
        locator.save(unnamed)
        unnamed.replace(into.folder / f"{name}-{_checksum(unnamed)}{_SUFFIX}")
    finally:
        unnamed.unlink(missing_ok=True)


def _make_room(into: Files) -> None:
    """Take away what was opened longest ago, and what processes that died left half written."""
    now = time.time()
    found = [(path, path.stat()) for path in into.folder.iterdir() if path.is_file()]
    for path, about in found:
        if path.suffix == ".part" and now - about.st_mtime > _LEFT_BEHIND_S:
            path.unlink(missing_ok=True)
    whole = sorted(((about.st_mtime, about.st_size, path) for path, about in found if path.suffix == _SUFFIX))
    total = sum(size for _, size, _ in whole)
    for _, size, path in whole:
        if total <= into.most_bytes:
            break
        path.unlink(missing_ok=True)
        total -= size
