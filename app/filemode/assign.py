"""Assigning a file of points to a file of grids: reading, work and writing, side by side, batch by batch."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from app.filemode.answering import REPEATING, Answering, Counts, Taken, answer_schema
from app.filemode.assign_input import (
    PHASES,
    Clock,
    Options,
    Summary,
    index_grids,
    point_columns,
    refuse_inputs,
)
from app.filemode.evidence import Evidence
from app.filemode.geodata import chosen_crs
from app.filemode.overlap import cores, in_order
from geo import files
from geo.files.writing import check_writable

_BATCH = 1 << 17
_BYTES_A_ROW = 30  # a short row of a CSV, to guess how many rows are coming


def assign(
    options: Options,
    progress: Callable[[int, int | None], None] | None = None,
    *,
    threads: int | None = None,
) -> Summary:
    """Write one row per input row, in input order, to ``options.out`` (see `gridwright assign`).

    ``progress(rows done, rows in all or None)`` is called after every batch. ``threads`` (default: one a
    core) work on batches while others are read and written; with 1 all is done in turn. The seconds of a
    phase are those of its thread: with several they add up to more than the total. Raises InputError; then
    nothing is written.
    """
    start = perf_counter()
    summary = Summary(seconds=dict.fromkeys(PHASES, 0.0))
    clock = Clock(summary.seconds)
    shapes = options.out.suffix.lower() not in (".csv", ".parquet")
    schema = answer_schema(numbers=options.out.suffix.lower() == ".parquet", shapes=shapes)
    check_writable(options.out, schema.names)
    refuse_inputs(options)
    table = files.open_table(options.points, encoding=options.encoding)
    named = point_columns(table, options)
    crs = chosen_crs(table, options.crs, "--crs")
    expected = table.rows if table.rows is not None else options.points.stat().st_size // _BYTES_A_ROW
    locator = index_grids(options, expected)
    clock("grids")
    answering = Answering(locator, crs, named, schema)
    evidence = Evidence()

    def read() -> Iterator[tuple[int, Any, dict[str, float]]]:
        first = 1
        seconds: dict[str, float] = {}
        own = Clock(seconds)
        for batch in table.batches(_BATCH, named.names):
            own("read")
            yield first, batch, seconds
            first, seconds = first + batch.num_rows, {}
            own = Clock(seconds)

    def work(asked: tuple[int, Any, dict[str, float]]) -> tuple[Any, Counts, Taken, dict[str, float]]:
        first, batch, seconds = asked
        own = Clock(seconds)
        taken = answering.take(batch, str(options.points), first)
        own("read")
        rows, counts = answering.answer(batch.column(named.id), taken, own)
        own("write")
        return rows, counts, taken, seconds

    def batches() -> Iterator[Any]:
        for rows, counts, taken, seconds in in_order(read(), work, threads or cores()):
            summary.counts += counts
            evidence.add(taken.x, taken.y)
            for phase, spent in seconds.items():
                summary.seconds[phase] += spent
            if progress is not None:
                progress(summary.counts.rows, table.rows)
            own = Clock(summary.seconds)
            yield rows
            own("write")

    files.write_batches(options.out, schema, batches(), repeating=REPEATING)
    summary.warnings += evidence.warnings(crs, locator, summary.counts)
    summary.seconds["total"] = perf_counter() - start
    return summary
