"""Assigning a file of points to a file of grids: read, transform, locate, H3, write, batch by batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from app.filemode.geodata import chosen_crs, read_grids
from geo import cells, columns, datum_check, files
from geo.datum import is_degrees, points_to_working
from geo.errors import InputError
from geo.files.writing import check_writable
from geo.locator import Locator

Floats = npt.NDArray[np.float64]

_BATCH = 1 << 17
_PHASES = ("grids", "read", "transform", "locate", "nearest", "h3", "write")
_STATUS = ("assigned", "outside", "rejected")
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
    """What was done: rows by status, ties, ambiguous rows, seconds by phase, and a warning about the
    datum.
    """

    rows: int = 0
    assigned: int = 0
    outside: int = 0
    rejected: int = 0
    ties: int = 0
    ambiguous: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Columns:
    id: str
    x: str | None  # None: the geometry has the coordinates
    y: str | None


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
    summary = Summary(
        seconds=dict.fromkeys(("grids", "read", "transform", "locate", "nearest", "h3", "write"), 0.0)
    )
    clock = _Clock(summary.seconds)
    shapes = options.out.suffix.lower() not in (".csv", ".parquet")
    schema = _schema(options.out.suffix.lower() == ".parquet", shapes)
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
    work = _Work(locator, crs, schema, named, summary, clock)

    def batches() -> Iterator[Any]:
        wanted = [named.id, *((named.x, named.y) if named.x and named.y else ("geometry",))]
        clock("write")
        for batch in table.batches(_BATCH, wanted):
            clock("read")
            out = work.batch(batch, str(options.points))
            if progress is not None:
                progress(summary.rows, table.rows)
            yield out
            clock("write")
        clock("read")

    files.write_batches(options.out, schema, batches())
    clock("write")
    summary.seconds["total"] = perf_counter() - start
    return summary


def _columns(table: files.Table, options: Options) -> _Columns:
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
        return _Columns(name, table.require(options.lon_column), table.require(options.lat_column))
    if "lng" in found and "lat" in found:
        return _Columns(name, found["lng"], found["lat"])
    if table.has_geometry:
        return _Columns(name, None, None)
    raise InputError(
        f"no longitude and latitude among {columns.listed(table.names)}: expected lng and lat, or name "
        "them by --lon-column and --lat-column",
        kind="missing-column",
        file=str(table.path),
        column="lng",
    )


def _schema(numbers: bool, shapes: bool) -> Any:
    text = pa.string()
    fields = [
        ("id", text), ("grid", text), ("status", text), ("tie", pa.bool_()), ("nearest_grid", text),
        ("distance_m", pa.float64()), ("h3", pa.uint64() if numbers else text), ("reason", text),
    ]  # fmt: skip
    return pa.schema([*fields, ("geometry", pa.binary())] if shapes else fields)


class _Work:
    """One batch after another to rows of the answer, counted in the summary."""

    def __init__(
        self, locator: Locator, crs: str, schema: Any, named: _Columns, summary: Summary, clock: _Clock
    ) -> None:
        self.locator, self.crs, self.schema, self.named = locator, crs, schema, named
        self.summary, self.clock = summary, clock
        self.codes = pa.array(locator.codes.tolist(), pa.string())
        self.statuses = pa.array(_STATUS)

    def batch(self, batch: Any, file: str) -> Any:
        summary = self.summary
        x, y, reasons = self._coordinates(batch, file)
        self.clock("read")
        lng, lat = points_to_working(x, y, self.crs)
        self.clock("transform")
        located = self.locator.locate(lng, lat)
        self.clock("locate")
        if summary.rows == 0:
            report = datum_check.check(x, y, self.crs, self._inside)
            if report.message is not None:
                summary.warnings.append(report.message)
        bad = np.isnan(lng)
        status = np.where(bad, 2, np.where(located.index >= 0, 0, 1))
        out = np.flatnonzero(status == 1)
        near, metres = np.full(len(x), -1, np.int32), np.full(len(x), np.nan)
        near[out], metres[out] = self.locator.nearest(lng[out], lat[out])
        self.clock("nearest")
        h3 = cells.cells(lng, lat)
        cell = pa.array(h3 if self.schema.field("h3").type == pa.uint64() else cells.to_text(h3), mask=bad)
        self.clock("h3")
        for i in np.flatnonzero(bad).tolist():
            reasons.setdefault(i, self._reason(x[i], y[i]))
        reason: list[str | None] = [None] * len(x)
        for row, word in reasons.items():
            reason[row] = word
        arrays = [
            files.text(batch.column(self.named.id)),
            self._code(located.index),
            self.statuses.take(pa.array(status)),
            pa.array(located.tie),
            self._code(near),
            pa.array(metres, mask=np.isnan(metres)),
            cell,
            pa.array(reason, pa.string()),
        ]
        if "geometry" in self.schema.names:
            places: Any = shapely.points(lng, lat)
            places[bad] = None
            arrays.append(pa.array(list(shapely.to_wkb(places)), pa.binary()))
        summary.rows += len(x)
        counts = np.bincount(status, minlength=3)
        summary.assigned += int(counts[0])
        summary.outside += int(counts[1])
        summary.rejected += int(counts[2])
        summary.ties += int(located.tie.sum())
        summary.ambiguous += int(located.ambiguous.sum())
        return pa.record_batch(arrays, schema=self.schema)

    def _inside(self, lng: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
        return np.asarray(self.locator.locate(lng, lat).index >= 0)

    def _code(self, rows: npt.NDArray[np.int32]) -> Any:
        return self.codes.take(pa.array(rows, mask=rows < 0))

    def _coordinates(self, batch: Any, file: str) -> tuple[Floats, Floats, dict[int, str]]:
        """x and y as they came, and reasons for rows whose value is no coordinate at all."""
        reasons: dict[int, str] = {}
        if self.named.x is None or self.named.y is None:
            shapes = files.geometries(batch.column("geometry"), file=file, first_row=self.summary.rows + 1)
            kind: Any = shapely.get_type_id(shapes)
            for i in np.flatnonzero(kind > 0):
                reasons[int(i)] = f"the geometry is a {shapes[i].geom_type}, not a point"
            return np.asarray(shapely.get_x(shapes)), np.asarray(shapely.get_y(shapes)), reasons
        out = []
        for name in (self.named.x, self.named.y):
            values, wrong = files.numbers(batch.column(name))
            for i in np.flatnonzero(wrong):
                given = str(batch.column(name)[int(i)].as_py())
                reasons[int(i)] = f"{name} is not a number: {given[:40]!r} (expected decimal degrees)"
            out.append(values)
        return out[0], out[1], reasons

    def _reason(self, x: float, y: float) -> str:
        if np.isnan(x) or np.isnan(y):
            which = (
                "longitude and latitude"
                if np.isnan(x) and np.isnan(y)
                else "longitude"
                if np.isnan(x)
                else "latitude"
            )
            return f"no {which}"
        if np.isinf(x) or np.isinf(y):
            return f"{'longitude' if np.isinf(x) else 'latitude'} is not finite"
        if not is_degrees(self.crs):
            return f"({x:.10g}, {y:.10g}) has no place in {self.crs}"
        if abs(y) > 90:
            swapped = abs(y) <= 180 and abs(x) <= 90
            return f"latitude {y:.10g} is beyond ±90" + (
                ": are longitude and latitude swapped?" if swapped else ""
            )
        return f"longitude {x:.10g} is beyond ±180"
