"""Whole columns of the demo's files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from geo.files import open_table


def names(path: Path) -> Sequence[str]:
    """The file's columns."""
    return open_table(path).names


def columns(path: Path, wanted: Sequence[str]) -> dict[str, list[Any]]:
    """These columns, as the file has them: text from CSV, WKB for ``geometry``."""
    found: dict[str, list[Any]] = {name: [] for name in wanted}
    for batch in open_table(path).batches(20_000):
        for name in wanted:
            found[name] += batch.column(name).to_pylist()
    return found
