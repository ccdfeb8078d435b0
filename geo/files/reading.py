"""Opening a file as a table that is read by batches."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from geo import columns
from geo.errors import InputError
from geo.files import reading_csv, reading_ogr, reading_parquet
from geo.files.source import Source

EXTENSIONS = (".csv", ".parquet", ".gpkg", ".geojson", ".json", ".shp", ".fgb")

_OPENERS: dict[str, Callable[..., Source]] = {
    ".csv": reading_csv.open_source,
    ".parquet": reading_parquet.open_source,
    **dict.fromkeys((".gpkg", ".geojson", ".json", ".shp", ".fgb"), reading_ogr.open_source),
}


@dataclass(frozen=True)
class Table:
    """A file with rows.

    ``columns``: names without the geometry. ``has_geometry``: batches have a last column ``geometry``, WKB.
    ``crs``: what the file claims (normalised), None when it claims nothing that is known. ``rows``: how many,
    None when only reading tells.
    """

    path: Path
    columns: tuple[str, ...]
    has_geometry: bool
    crs: str | None
    rows: int | None
    source: Source

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, ``geometry`` last if there is one."""
        return (*self.columns, "geometry") if self.has_geometry else self.columns

    def batches(self, size: int = 65_536, only: Sequence[str] | None = None) -> Iterator[Any]:
        """Record batches of at most ``size`` rows, in file order, with the columns ``only`` (default: all).

        Raises :class:`InputError` for what cannot be read, when it is reached.
        """
        wanted = list(self.names if only is None else dict.fromkeys(only))
        for name in wanted:
            self.require(name)
        for batch in self.source.read(size, wanted):
            for start in range(0, batch.num_rows, size):
                yield batch.slice(start, size)

    def read(self, only: Sequence[str] | None = None) -> Any:
        """The whole file as a pyarrow Table."""
        batches = list(self.batches(1 << 20, only))
        if batches:
            return pa.Table.from_batches(batches)
        wanted = list(self.names if only is None else dict.fromkeys(only))
        kinds = [pa.binary() if n == "geometry" and self.has_geometry else pa.string() for n in wanted]
        return pa.table([pa.array([], k) for k in kinds], names=wanted)

    def require(self, name: str) -> str:
        """The name, or an InputError that says which columns there are."""
        if name not in self.names:
            raise InputError(
                f"no such column; the file has {columns.listed(self.names)}: rename it or name the right one",
                kind="missing-column",
                file=str(self.path),
                column=name,
            )
        return name


def open_table(path: str | Path, *, encoding: str | None = None, layer: str | None = None) -> Table:
    """Open a file by its extension; nothing but its head is read.

    ``encoding``: of a CSV or a Shapefile's attributes (default: detected, UTF-8 or GB 18030). ``layer``: of a
    GeoPackage with several. Raises :class:`InputError` for a file that is missing, empty, of another kind or
    broken.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in _OPENERS:
        raise InputError(
            f"unknown file type {suffix or '(no extension)'!r}: expected one of {' '.join(EXTENSIONS)}",
            kind="unknown-format",
            file=str(path),
        )
    if not path.exists():
        raise InputError("no such file", kind="no-file", file=str(path))
    if path.is_dir() and suffix != ".parquet":
        raise InputError("this is a folder; expected a file", kind="no-file", file=str(path))
    if path.is_file() and path.stat().st_size == 0:
        raise InputError("the file is empty: there is nothing to read", kind="empty-file", file=str(path))
    source = _OPENERS[suffix](path, encoding=encoding, layer=layer)
    return Table(path, source.columns, source.geometry is not None, source.crs, source.rows, source)
