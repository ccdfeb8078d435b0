"""Assigning a file of points to a file of grids: read, transform, locate, H3, write, batch by batch."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from app.filemode.answering import Answering, Counts, PointColumns, answer_schema
from app.filemode.geodata import chosen_crs, read_grids
from geo import columns, datum_check, files
from geo.errors import InputError
from geo.files.writing import check_writable
from geo.locator import Locator

Floats = npt.NDArray[np.float64]

_BATCH = 1 << 17
_PHASES = ("grids", "read", "transform", "locate", "nearest", "h3", "write")
_BYTES_A_ROW = 30  # a short row of a CSV, to guess how many rows are coming


@dataclass(frozen=True)
class Options:
    """What `gridwright assign` is asked; None for a column means: by its usual names."""

    points: Path
    grids: Path
    out: Path
    crs: str | None = None
    grids_crs: str | None = None
    id_column: str | None = None
    lon_column: str | None = None
    lat_column: str | None = None
    code_column: str | None = None
    encoding: str | None = None


@dataclass
class Summary:
    """What was done: counts of rows, seconds by phase, and warnings about the input."""

    counts: Counts = field(default_factory=Counts)
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As `gridwright assign --json` prints it: the counts beside seconds and warnings."""
        return asdict(self.counts) | {"seconds": self.seconds, "warnings": self.warnings}


class _Clock:
    """Seconds by phase: each call gives those since the last one to a phase."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds
        self.last = perf_counter()

    def __call__(self, phase: str) -> None:
        now = perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self.last
        self.last = now


def assign(options: Options, progress: Callable[[int, int | None], None] | None = None) -> Summary:
    """Write one row per input row, in input order, to ``options.out`` (see `gridwright assign`).

    ``progress(rows done, rows in all or None)`` is called after every batch. Raises InputError; then nothing
    is written.
    """
    start = perf_counter()
    summary = Summary(seconds=dict.fromkeys(_PHASES, 0.0))
    clock = _Clock(summary.seconds)
    shapes = options.out.suffix.lower() not in (".csv", ".parquet")
    schema = answer_schema(numbers=options.out.suffix.lower() == ".parquet", shapes=shapes)
    check_writable(options.out, schema.names)
    if options.out.exists() and any(
        options.out.samefile(p) for p in (options.points, options.grids) if p.exists()
    ):
        raise InputError("this is an input file: write to another", kind="bad-usage", file=str(options.out))
    table = files.open_table(options.points, encoding=options.encoding)
    named = _columns(table, options)
    crs = chosen_crs(table, options.crs, "--crs")
    grids = read_grids(options.grids, crs=options.grids_crs, code_column=options.code_column)
    expected = table.rows if table.rows is not None else options.points.stat().st_size // _BYTES_A_ROW
    try:
        locator = Locator.build(
            grids.geometries, ["" if c is None else c for c in grids.codes], points=expected
        )
    except InputError as error:
        error.file = str(options.grids)
        raise
    clock("grids")
    answering = Answering(locator, crs, named, schema)

    def inside(lng: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(locator.locate(lng, lat).index >= 0)

    def batches() -> Iterator[Any]:
        clock("write")
        for batch in table.batches(_BATCH, named.names):
            taken = answering.take(batch, str(options.points), summary.counts.rows + 1)
            clock("read")
            if summary.counts.rows == 0:
                report = datum_check.check(taken.x, taken.y, crs, inside)
                if report.message is not None:
                    summary.warnings.append(report.message)
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


def _columns(table: files.Table, options: Options) -> PointColumns:
    found = columns.resolve("accounts", table.columns).columns
    name = table.require(options.id_column) if options.id_column else found.get("id") or table.require("id")
    if options.lon_column or options.lat_column:
        if not (options.lon_column and options.lat_column):
            raise InputError("--lon-column and --lat-column go together: give both", kind="bad-usage")
        if options.lon_column == options.lat_column:
            raise InputError(
                f"--lon-column and --lat-column are both {options.lon_column}: give two columns",
                kind="bad-usage",
            )
        return PointColumns(name, table.require(options.lon_column), table.require(options.lat_column))
    if "lng" in found and "lat" in found:
        return PointColumns(name, found["lng"], found["lat"])
    if table.has_geometry:
        return PointColumns(name, None, None)
    raise InputError(
        f"no longitude and latitude among {columns.listed(table.names)}: expected lng and lat, or name "
        "them by --lon-column and --lat-column",
        kind="missing-column",
        file=str(table.path),
        column="lng",
    )
