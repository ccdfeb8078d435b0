"""Indexes in files: opened when they are whole and the right ones, made anew otherwise."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely

from app.assignments import locator_files
from app.assignments.locator_files import Files
from geo.locator import Locator

SQUARES = np.array([shapely.box(x, 0, x + 1, 1) for x in range(4)], dtype=object)
CODES = ["a", "b", "c", "d"]
SHAPES: list[tuple[str, bytes | None]] = [(code, code.encode() * 32) for code in CODES]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    locator_files.files = Files(tmp_path / "locators", 1 << 20)
    yield tmp_path / "locators"
    locator_files.files = None


class Builder:
    """Builds the index, and counts how often."""

    def __init__(self) -> None:
        self.built = 0

    def __call__(self) -> Locator:
        self.built += 1
        return Locator.build(SQUARES, CODES)


def _opened(build: Builder, shapes: list[tuple[str, bytes | None]] = SHAPES) -> None:
    """Opened or built, it answers rightly."""
    found = locator_files.opened(shapes, build).locate([0.5, 1.0, 3.5, 9.0], [0.5, 0.5, 0.5, 0.5])
    assert found.index.tolist() == [0, 0, 3, -1]
    assert found.tie.tolist() == [False, True, False, False]


def _only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_what_one_process_built_the_next_opens(folder: Path) -> None:
    build = Builder()
    _opened(build)
    _opened(build)
    assert build.built == 1
    _only(folder)


def test_other_shapes_or_codes_are_another_index(folder: Path) -> None:
    build = Builder()
    _opened(build)
    _opened(build, [*SHAPES[:3], ("d", b"other" * 8)])
    _opened(build, [*SHAPES[:3], ("e", b"d" * 32)])
    assert build.built == 3
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("length", [0, 1, 100, -1, -64])
def test_a_truncated_file_is_made_anew(folder: Path, length: int) -> None:
    build = Builder()
    _opened(build)
    path = _only(folder)
    whole = path.read_bytes()
    path.write_bytes(whole[:length])
    _opened(build)
    assert build.built == 2
    assert _only(folder).read_bytes() == whole


@pytest.mark.parametrize("at", [0, 70, 0.3, 0.7, -1])
def test_a_file_with_one_other_byte_is_made_anew(folder: Path, at: float) -> None:
    build = Builder()
    _opened(build)
    path = _only(folder)
    raw = bytearray(path.read_bytes())
    byte = int(at * len(raw)) if isinstance(at, float) else at
    raw[byte] ^= 0x10
    path.write_bytes(raw)
    _opened(build)
    assert build.built == 2


def test_a_foreign_file_under_the_name_is_made_anew(folder: Path) -> None:
    build = Builder()
    _opened(build)
    path = _only(folder)
    noise = np.random.default_rng(0).bytes(10_000)
    path.unlink()
    other = folder / "noise"
    other.write_bytes(noise)
    # Its checksum is right: it is a whole file, and yet no index.
    other.rename(folder / f"{path.stem.split('-')[0]}-{locator_files._checksum(other)}.locator")
    _opened(build)
    assert build.built == 2


def test_a_full_disk_leaves_the_index_in_memory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Locator, "save", full)
    build = Builder()
    _opened(build)
    assert build.built == 1
    assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_leaves_the_index_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    locator_files.files = Files(tmp_path / "file" / "locators", 1 << 20)
    try:
        _opened(Builder())
    finally:
        locator_files.files = None


def test_the_oldest_make_room_for_the_newest(folder: Path) -> None:
    build = Builder()
    _opened(build)
    size = _only(folder).stat().st_size
    locator_files.files = Files(folder, 2 * size)
    for number in range(6):
        _opened(build, [*SHAPES[:3], ("d", bytes([number]) * 32)])
    assert len(list(folder.iterdir())) <= 3
    _opened(build, [*SHAPES[:3], ("d", bytes([5]) * 32)])
    assert build.built == 7
