"""Assigning a file of points to a file of grids: read, transform, locate, H3, write, batch by batch."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

from app.filemode.answering import Answering, answer_schema
from app.filemode.assign_input import (
    PHASES,
    Clock,
    Options,
    Summary,
    datum_warning,
    index_grids,
    point_columns,
    refuse_inputs,
)
from app.filemode.geodata import chosen_crs
from geo import files
from geo.files.writing import check_writable

_BATCH = 1 << 17
_BYTES_A_ROW = 30  # a short row of a CSV, to guess how many rows are coming


def assign(options: Options, progress: Callable[[int, int | None], None] | None = None) -> Summary:
    """Write one row per input row, in input order, to ``options.out`` (see `gridwright assign`).

    ``progress(rows done, rows in all or None)`` is called after every batch. Raises InputError; then nothing
    is written.
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

    def batches() -> Iterator[Any]:
        clock("write")
        for batch in table.batches(_BATCH, named.names):
            taken = answering.take(batch, str(options.points), summary.counts.rows + 1)
            clock("read")
            if summary.counts.rows == 0:
                warning = datum_warning(taken.x, taken.y, crs, locator)
                if warning is not None:
                    summary.warnings.append(warning)
            rows, counts = answering.answer(batch.column(named.id), taken, clock)
            summary.counts += counts
            if progress is not None:
                progress(summary.counts.rows, table.rows)
            yield rows
            clock("write")
        clock("read")

    files.write_batches(options.out, schema, batches())
    clock("write")
    summary.seconds["total"] = perf_counter() - start
    return summary
