"""What `gridwright assign` is asked, and what every engine of it does first: columns, CRS, grids, index."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from app.filemode.answering import Counts, PointColumns
from app.filemode.geodata import read_grids
from geo import columns, files
from geo.errors import InputError
from geo.locator import Locator

PHASES = ("grids", "read", "transform", "locate", "nearest", "h3", "write")


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


class Clock:
    """Seconds by phase: each call gives those since the last one to a phase."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self.seconds = seconds
        self.last = perf_counter()

    def __call__(self, phase: str) -> None:
        now = perf_counter()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self.last
        self.last = now


def refuse_inputs(options: Options) -> None:
    """Raise InputError when the answer would be written over the points or the grids."""
    inputs = [p for p in (options.points, options.grids) if p.exists()]
    if options.out.exists() and any(options.out.samefile(p) for p in inputs):
        raise InputError("this is an input file: write to another", kind="bad-usage", file=str(options.out))


def point_columns(table: files.Table, options: Options) -> PointColumns:
    """The columns with ids and coordinates: those named, else by their usual names."""
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


def index_grids(options: Options, expected: int) -> Locator:
    """The index of the grids, made for as many points as are expected."""
    grids = read_grids(
        options.grids, crs=options.grids_crs, code_column=options.code_column, encoding=options.encoding
    )
    try:
        return Locator.build(grids.geometries, ["" if c is None else c for c in grids.codes], points=expected)
    except InputError as error:
        error.file = str(options.grids)
        raise
