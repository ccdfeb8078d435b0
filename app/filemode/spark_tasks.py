"""What Spark's tasks do: answer pieces of the points, and write the rows of one stretch of the ground."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from app.filemode.answering import Answering, Counts, PointColumns, answer_schema
from app.filemode.assign_input import Clock
from geo import files
from geo.files import pieces
from geo.files.pieces import Piece
from geo.locator import Locator

Cells = npt.NDArray[np.uint64]

_BATCH = 1 << 16
_GROUP = 1 << 17  # rows of a row group of OUT

ANSWER = answer_schema(numbers=True, shapes=False)
OUT = ANSWER.append(pa.field("row", pa.int64()))
"""What is written: the answer, and the number of the input's row, counted from 1."""
MOVED = pa.schema(
    [f.with_type(pa.int64()) if pa.types.is_uint64(f.type) else f for f in OUT] + [("stretch", pa.int32())]
)
"""What goes from machine to machine: Spark has no unsigned numbers, and a cell fits 63 bits."""
WRITTEN = pa.schema([("stretch", pa.int32()), ("file", pa.string()), ("seconds", pa.float64())])


@dataclass(frozen=True)
class Share:
    """Part of a task: a piece, the file it is from in the words of whoever asks, and the number of its first
    row in the whole input, counted from 1."""

    piece: Piece
    file: str
    row: int


@dataclass(frozen=True)
class Asked:
    """What every task must know: the index's file, how to read points, the shares of each task, and the
    first cell of each stretch of the ground but the first."""

    index: str
    crs: str
    columns: PointColumns
    tasks: tuple[tuple[Share, ...], ...]
    bounds: Cells


@dataclass(frozen=True)
class Told:
    """What one share came to."""

    counts: Counts
    seconds: dict[str, float]


class ByRow:
    """Adds up what shares came to, by their first row: a share that Spark does twice counts once."""

    def zero(self, value: dict[int, Told]) -> dict[int, Told]:
        """Nothing yet."""
        return {}

    def addInPlace(self, one: dict[int, Told], other: dict[int, Told]) -> dict[int, Told]:  # noqa: N802
        """Both; Spark's name for it."""
        one.update(other)
        return one


def answer(asked: Asked, told: Any, numbers: Iterator[Any]) -> Iterator[Any]:
    """Batches of :data:`MOVED` for the tasks whose numbers come; ``told`` accumulates :class:`ByRow`."""
    from pyspark import SparkFiles

    answering = Answering(_index(SparkFiles.get(asked.index)), asked.crs, asked.columns, ANSWER)
    for batch in numbers:
        for number in batch.column(0).to_pylist():
            for share in asked.tasks[number]:
                yield from _answer(answering, asked.bounds, share, told)


@lru_cache(maxsize=1)
def _index(path: str) -> Locator:
    """The index by memory map, opened once in a process: those of one machine share its pages."""
    return Locator.load(path)


def _answer(answering: Answering, bounds: Cells, share: Share, told: Any) -> Iterator[Any]:
    seconds: dict[str, float] = {}
    clock = Clock(seconds)
    total = Counts()
    for batch in pieces.read(share.piece, _BATCH, answering.columns.names):
        taken = answering.take(batch, share.file, share.piece.first + total.rows + 1)
        clock("read")
        rows, counts = answering.answer(batch.column(answering.columns.id), taken, clock)
        number = np.arange(counts.rows, dtype=np.int64) + share.row + total.rows
        total += counts
        h3 = rows.column(rows.schema.get_field_index("h3"))
        stretch = _stretch(h3, number, bounds)
        arrays = [c.cast(pa.int64()) if pa.types.is_uint64(c.type) else c for c in rows.columns]
        yield pa.record_batch([*arrays, pa.array(number), pa.array(stretch)], schema=MOVED)
        clock("shuffle")
    clock("read")
    told.add({share.row: Told(total, seconds)})


def _stretch(h3: Any, number: npt.NDArray[np.int64], bounds: Cells) -> npt.NDArray[np.int32]:
    """The stretch of each row by its cell; rows without a place are dealt out evenly."""
    missing = np.asarray(h3.is_null())
    found = np.searchsorted(bounds, np.asarray(h3.fill_null(0)), side="right")
    return np.where(missing, number % (len(bounds) + 1), found).astype(np.int32)


def write(folder: str, batches: Iterator[Any]) -> Iterator[Any]:
    """One file of :data:`OUT` with the rows of one stretch, which come in order; tells of it, if any."""
    from pyspark import TaskContext

    context: Any = TaskContext.get()
    start = perf_counter()
    groups = _regrouped(batches)
    first = next(groups, None)
    if first is None:
        return
    # An attempt that Spark gives up leaves a file that nobody is told of.
    name = f"{context.partitionId()}-{context.taskAttemptId()}.parquet"
    files.write_batches(Path(folder) / name, OUT, chain([first], groups))
    yield pa.record_batch([[context.partitionId()], [name], [perf_counter() - start]], schema=WRITTEN)


def _regrouped(batches: Iterator[Any]) -> Iterator[Any]:
    """The same rows in batches of :data:`OUT` that are a row group each."""
    kept: list[Any] = []
    rows = 0
    for batch in batches:
        kept.append(batch)
        rows += batch.num_rows
        while rows >= _GROUP:
            table = pa.Table.from_batches(kept)
            yield _one(table.slice(0, _GROUP))
            kept, rows = table.slice(_GROUP).to_batches(), rows - _GROUP
    if rows:
        yield _one(pa.Table.from_batches(kept))


def _one(table: Any) -> Any:
    return table.cast(OUT).combine_chunks().to_batches()[0]
