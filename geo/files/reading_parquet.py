"""Parquet, and GeoParquet where the file has a geometry column."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from geo.errors import InputError
from geo.files import geoarrow
from geo.files.source import Source, claimed_crs, unreadable


def open_source(path: Path, *, encoding: str | None = None, layer: str | None = None) -> Source:
    """The footer of a Parquet file: columns, rows and geometry; nested columns are left out."""
    del encoding, layer
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable(path, error, "Parquet") from error
    with file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
    geometry, crs = _geometry(path, schema)
    repeated = {n for n in schema.names if schema.names.count(n) > 1}
    if repeated:
        raise InputError(
            "two columns have this name: rename one",
            kind="duplicate-column",
            file=str(path),
            column=min(repeated),
        )
    plain = [f.name for f in schema if not pa.types.is_nested(f.type) and f.name != geometry]

    def read_all(size: int, wanted: Sequence[str]) -> Iterator[Any]:
        return read(path, geometry, wanted, size)

    return Source(tuple(plain), geometry, crs, rows, read_all)


def _geometry(path: Path, schema: Any) -> tuple[str | None, str | None]:
    """The geometry column and CRS by the GeoParquet metadata; without metadata a binary column named
    geometry.
    """
    raw = (schema.metadata or {}).get(b"geo")
    if raw is None:
        binary = [f.name for f in schema if f.name == "geometry" and _binary(f.type)]
        return (binary[0], None) if binary else (None, None)
    try:
        meta = json.loads(raw)
        name = meta["primary_column"]
        column = meta["columns"][name]
    except (ValueError, KeyError, TypeError) as error:
        raise unreadable(path, error, "GeoParquet") from error
    if (
        not (_encoding(column) == "wkb" or _encoding(column) in geoarrow.ENCODINGS)
        or name not in schema.names
    ):
        raise InputError(
            f"geometry is encoded as {column.get('encoding')}; expected WKB or one of GeoParquet's native "
            "encodings: write it again so",
            kind="unreadable-file",
            file=str(path),
            column=name,
        )
    # The standard's default is longitude and latitude on WGS 84; an explicit null is "unknown".
    return name, "wgs84" if "crs" not in column else claimed_crs(column["crs"])


def _encoding(column: dict[str, Any]) -> str:
    """How the metadata of a geometry column say that it is encoded, in small letters."""
    return str(column.get("encoding", "WKB")).lower()


def _wkb(array: Any, metadata: dict[bytes, bytes] | None) -> Any:
    """A geometry column as WKB, whichever way it is encoded."""
    array = getattr(array, "storage", array)
    if not pa.types.is_nested(array.type):
        return array.cast(pa.binary())
    meta = json.loads((metadata or {})[b"geo"])
    return geoarrow.wkb(array, _encoding(meta["columns"][meta["primary_column"]]))


def _binary(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def row_groups(path: Path) -> list[int]:
    """How many rows each row group of a Parquet file has, in file order."""
    try:
        meta = pq.read_metadata(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise unreadable(path, error, "Parquet") from error
    return [meta.row_group(i).num_rows for i in range(meta.num_row_groups)]


def read(
    path: Path, geometry: str | None, wanted: Sequence[str], size: int, groups: Sequence[int] | None = None
) -> Iterator[Any]:
    """Record batches of at most ``size`` rows with the columns ``wanted``, of all row groups or of these."""
    theirs = [geometry if n == "geometry" and geometry is not None else n for n in wanted]
    try:
        # Without pre-buffering, memory is a few pages a column and not a whole row group.
        with pq.ParquetFile(path, pre_buffer=False) as file:
            metadata = file.schema_arrow.metadata
            chosen = None if groups is None else list(groups)
            for batch in file.iter_batches(size, row_groups=chosen, columns=theirs, use_threads=False):
                arrays = [batch.column(n) for n in theirs]
                for i, n in enumerate(theirs):
                    if n == geometry and not pa.types.is_binary(arrays[i].type):
                        arrays[i] = _wkb(arrays[i], metadata)
                yield pa.record_batch(arrays, names=list(wanted))
    except (pa.ArrowException, OSError, ValueError, KeyError, shapely.errors.ShapelyError) as error:
        raise unreadable(path, error, "Parquet") from error
