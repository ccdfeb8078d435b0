"""Parquet files cut into pieces that can be read apart, each knowing which rows of its file it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geo.files import reading_parquet

_CUTS = 16  # of one row group at most: whoever reads a piece decodes all that lies before it in its group


@dataclass(frozen=True)
class Piece:
    """``rows`` rows of row group ``group``, after the ``skip`` first ones; the first of them is row ``first``
    of the file, counted from 0. ``geometry``: the file's own name of its geometry column."""

    path: str
    geometry: str | None
    group: int
    skip: int
    rows: int
    first: int


def cut(path: Path, geometry: str | None, size: int) -> list[Piece]:
    """The pieces of a Parquet file in file order, none without rows: its row groups, and parts of about
    ``size`` rows of those that are larger. Raises InputError for a file that cannot be read."""
    pieces = []
    first = 0
    for group, rows in enumerate(reading_parquet.row_groups(path)):
        step = max(size, -(-rows // _CUTS))
        pieces += [
            Piece(str(path), geometry, group, skip, min(step, rows - skip), first + skip)
            for skip in range(0, rows, step)
        ]
        first += rows
    return pieces


def read(piece: Piece, size: int, wanted: Sequence[str]) -> Iterator[Any]:
    """Record batches of at most ``size`` rows of a piece, with the columns ``wanted``, geometry as WKB."""
    at, end = 0, piece.skip + piece.rows
    for batch in reading_parquet.read(Path(piece.path), piece.geometry, wanted, size, [piece.group]):
        start, stop = max(at, piece.skip) - at, min(at + batch.num_rows, end) - at
        at += batch.num_rows
        if start < stop:
            yield batch.slice(start, stop - start)
        if at >= end:
            return
