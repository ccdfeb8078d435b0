"""Writing tables: beside the target first, then renamed, so that no half-written file is ever seen."""

import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pyogrio
import shapely

from geo.errors import InputError
from geo.files import reading_ogr
from geo.files.beside import beside

_DRIVERS = {
    ".gpkg": "GPKG",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".shp": "ESRI Shapefile",
    ".fgb": "FlatGeobuf",
}
_SHAPEFILE_NAME = 10  # bytes of a field name in a dBase file


def check_writable(path: str | Path, names: Iterable[str] = ()) -> Path:
    """The path, if a table with these columns can be written there by its extension; else an InputError."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet", *_DRIVERS):
        raise InputError(
            f"unknown file type {suffix or '(no extension)'!r}: expected .csv .parquet {' '.join(_DRIVERS)}",
            kind="unknown-format",
            file=str(path),
        )
    if not path.parent.is_dir():
        raise InputError(f"the folder {str(path.parent)!r} does not exist", kind="no-file", file=str(path))
    if path.is_dir():
        raise InputError("this is a folder; expected a file to write", kind="no-file", file=str(path))
    if not os.access(path.parent, os.W_OK):
        raise InputError(
            f"the folder {str(path.parent)!r} may not be written to", kind="no-file", file=str(path)
        )
    long = [n for n in names if len(n.encode()) > _SHAPEFILE_NAME]
    if suffix == ".shp" and long:
        raise InputError(
            f"a Shapefile cannot hold a column name above {_SHAPEFILE_NAME} bytes: write .gpkg or .csv",
            kind="unknown-format",
            file=str(path),
            column=long[0],
        )
    return path


def write_batches(
    path: str | Path,
    schema: Any,
    batches: Iterable[Any],
    *,
    crs: str | None = "wgs84",
    repeating: Sequence[str] | None = None,
) -> int:
    """Write record batches of ``schema`` by the extension of ``path``; returns the number of rows.

    ``repeating``: the columns whose values come again and again (default: any may), which alone Parquet
    writes by a dictionary: for others one is only work. A binary column ``geometry`` is WKB in ``crs``
    (wgs84, epsg:N; gcj02 and bd09 have no code and are written as unknown); in a CSV it becomes WKT. Nothing
    is left behind when ``batches`` raises, whose errors come through as they are, or when the file cannot be
    written, which is an :class:`InputError`. Who is killed leaves a folder ``.NAME.….part`` beside it, which
    the next one to write that file takes away.
    """
    path = check_writable(path, schema.names)
    counted = _Counted(batches)
    try:
        with beside(path) as folder:
            _writer(path.suffix.lower())(folder / path.name, schema, counted, crs, repeating)
            for part in sorted(folder.iterdir(), key=lambda p: p.name == path.name):  # the named file last
                part.replace(path.parent / part.name)
        return counted.rows
    except OSError as error:
        if counted.error is not None:
            raise counted.error from None
        raise InputError(
            f"cannot be written ({_cause(error)}); nothing was: is there room enough?",
            kind="unwritable-file",
            file=str(path),
        ) from error
    finally:
        counted.close()


def _cause(error: OSError) -> str:
    if error.errno:
        return os.strerror(error.errno)
    first = str(error).strip().split("\n")[0] or type(error).__name__
    return first.rsplit(": ", 1)[-1]


def write_table(path: str | Path, table: Any, *, crs: str | None = "wgs84") -> int:
    """Write a pyarrow Table; see :func:`write_batches`."""
    return write_batches(path, table.schema, table.to_batches(), crs=crs)


class _Counted:
    """Batches with a count of rows, and the error that ended them, which a C stream would turn into text."""

    def __init__(self, batches: Iterable[Any]) -> None:
        self.batches = batches
        self.rows = 0
        self.error: BaseException | None = None

    def __iter__(self) -> Iterator[Any]:
        try:
            for batch in self.batches:
                self.rows += batch.num_rows
                yield batch
        except GeneratorExit:
            raise
        except BaseException as error:
            self.error = error
            raise

    def close(self) -> None:
        """Let whoever makes the batches stop now, and not when memory is swept."""
        close = getattr(self.batches, "close", None)
        if close is not None:
            close()


def _writer(suffix: str) -> Callable[[Path, Any, _Counted, str | None, Sequence[str] | None], None]:
    return {".csv": _write_csv, ".parquet": _write_parquet}.get(suffix, _write_ogr)


def _write_csv(
    path: Path, schema: Any, batches: _Counted, crs: str | None, repeating: Sequence[str] | None
) -> None:
    del crs, repeating
    fields = [
        pa.field(f.name, pa.string()) if f.name == "geometry" and _binary(f.type) else f for f in schema
    ]
    with pa_csv.CSVWriter(path, pa.schema(fields)) as writer:
        for batch in batches:
            arrays = batch.columns
            for i, f in enumerate(schema):
                if f.name == "geometry" and _binary(f.type):
                    shapes = shapely.from_wkb(arrays[i].to_pylist())
                    arrays[i] = pa.array(list(shapely.to_wkt(shapes, rounding_precision=9)), pa.string())
            writer.write_batch(pa.record_batch(arrays, schema=pa.schema(fields)))


def _write_parquet(
    path: Path, schema: Any, batches: _Counted, crs: str | None, repeating: Sequence[str] | None
) -> None:
    if "geometry" in schema.names and _binary(schema.field("geometry").type):
        column: dict[str, Any] = {"encoding": "WKB", "geometry_types": []}
        if crs != "wgs84":
            column["crs"] = _projjson(crs)
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
        schema = schema.with_metadata({**(schema.metadata or {}), b"geo": json.dumps(geo).encode()})
    dictionary = True if repeating is None else list(repeating)
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=dictionary) as writer:
        for batch in batches:
            writer.write_batch(pa.record_batch(batch.columns, schema=schema))


def _write_ogr(
    path: Path, schema: Any, batches: _Counted, crs: str | None, repeating: Sequence[str] | None
) -> None:
    del repeating
    shapes = "geometry" in schema.names
    reader = pa.RecordBatchReader.from_batches(schema, iter(batches))
    suffix = path.suffix.lower()
    options = {"COORDINATE_PRECISION": "9"} if suffix in (".geojson", ".json") else {}
    if suffix == ".shp":
        options["ENCODING"] = "UTF-8"
    if suffix == ".fgb":  # its index would put the rows in another order, and refuses rows without a place
        options["SPATIAL_INDEX"] = "NO"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pyogrio.write_arrow(
                reader,
                path,
                layer=path.stem,
                driver=_DRIVERS[suffix],
                geometry_name="geometry" if shapes else None,
                geometry_type="Unknown" if shapes else None,
                crs=_authority(crs) if shapes else None,
                layer_options=options,
            )
    except Exception as error:
        if batches.error is not None:
            raise batches.error from None
        raise OSError(str(error)) from error
    _read_back(path, batches.rows)


def _read_back(path: Path, rows: int) -> None:
    """Raise OSError unless all rows are there: GDAL says nothing of a disk that is full at the very end."""
    try:
        source = reading_ogr.open_source(path)
        seen = sum(b.num_rows for b in source.read(1 << 16, source.columns[:1] or ["geometry"]))
    except InputError as error:
        raise OSError("it is cut short") from error
    if seen != rows:
        raise OSError(f"{seen} of {rows} rows arrived")


def _authority(crs: str | None) -> str | None:
    if crs is None or crs in ("gcj02", "bd09"):
        return None
    return "EPSG:4326" if crs == "wgs84" else crs.upper()


def _projjson(crs: str | None) -> Any:
    import pyproj

    name = _authority(crs)
    return None if name is None else pyproj.CRS.from_user_input(name).to_json_dict()


def _binary(kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
