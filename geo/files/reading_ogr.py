"""GeoPackage, GeoJSON, Shapefile and FlatGeobuf through GDAL, as Arrow batches."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio

from geo import columns
from geo.errors import InputError
from geo.files.reading_csv import known_encoding
from geo.files.source import Source, claimed_crs, unreadable

_WORDS = {
    ".gpkg": "a GeoPackage",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".shp": "a Shapefile (with its .shx and .dbf beside it)",
    ".fgb": "FlatGeobuf",
}
_FAULTS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError,
           pyogrio.errors.GeometryError, pa.ArrowException, RuntimeError, OSError, ValueError)  # fmt: skip

# FlatGeobuf's own Arrow stream gives broken offsets where a geometry is null; GDAL's general one is right.
pyogrio.set_gdal_config_options({"OGR_FLATGEOBUF_STREAM_BASE_IMPL": True})


def open_source(path: Path, *, encoding: str | None = None, layer: str | None = None) -> Source:
    """The layer's description; the only layer, or the one named."""
    if encoding:
        known_encoding(encoding, path)
    word = _WORDS[path.suffix.lower()]
    if path.suffix.lower() == ".shp":
        _check_length(path)
    else:
        encoding = None  # the others are UTF-8 by their standards
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            name = _layer(path, layer)
            info = pyogrio.read_info(path, layer=name, encoding=encoding, force_feature_count=True)
    except InputError:
        raise
    except _FAULTS as error:
        raise unreadable(path, error, word) from error
    fields = [str(f) for f in info["fields"]]
    geometry = info["geometry_name"] or "wkb_geometry" if info["geometry_type"] else None
    rows = int(info["features"]) if info["features"] >= 0 else None

    def read(size: int, wanted: Sequence[str]) -> Iterator[Any]:
        return _read(path, name, encoding, wanted, size, rows)

    return Source(tuple(f for f in fields if f != "geometry"), geometry, claimed_crs(info["crs"]), rows, read)


def _check_length(path: Path) -> None:
    """Raise when a Shapefile is shorter than its header says; GDAL would give the missing shapes as null."""
    with path.open("rb") as file:
        head = file.read(28)
    words = int.from_bytes(head[24:28], "big")
    if len(head) < 28 or path.stat().st_size < 2 * words:
        raise unreadable(path, EOFError("shorter than its header says"), _WORDS[".shp"])


def _layer(path: Path, layer: str | None) -> str:
    names = [str(row[0]) for row in pyogrio.list_layers(path)]
    if layer is not None and layer not in names:
        raise InputError(
            f"no layer {layer!r}: the file has {columns.listed(names)}", kind="missing-layer", file=str(path)
        )
    if not names:
        raise InputError("the file has no layer: there is nothing to read", kind="empty-file", file=str(path))
    if layer is None and len(names) > 1:
        if path.stem in names:
            return path.stem
        raise InputError(
            f"the file has several layers ({columns.listed(names)}): keep one in the file, or name it",
            kind="missing-layer",
            file=str(path),
        )
    return layer or names[0]


def _read(
    path: Path, layer: str, encoding: str | None, wanted: Sequence[str], size: int, rows: int | None
) -> Iterator[Any]:
    word = _WORDS[path.suffix.lower()]
    shapes = "geometry" in wanted
    fields = [n for n in wanted if n != "geometry"]
    options = {"layer": layer, "columns": fields, "batch_size": size, "read_geometry": shapes}
    seen = 0
    try:
        with ExitStack() as opened:
            # Filters belong to the whole process: none is changed while a batch is away with its reader.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                meta, reader = opened.enter_context(
                    pyogrio.open_arrow(path, encoding=encoding, use_pyarrow=True, **options)
                )
            geometry = meta["geometry_name"] or "wkb_geometry"
            for batch in reader:
                arrays = []
                for n in wanted:
                    array = batch.column(geometry if n == "geometry" else n)
                    storage = getattr(array, "storage", array)
                    arrays.append(storage.cast(pa.binary()) if n == "geometry" else storage)
                seen += batch.num_rows
                yield pa.record_batch(arrays, names=list(wanted))
    except _FAULTS as error:
        if isinstance(error, InputError):
            raise
        raise unreadable(path, error, word) from error
    if rows is not None and seen < rows:
        raise InputError(
            f"only {seen} of {rows} rows could be read: the file is damaged or cut short; export it again",
            kind="unreadable-file",
            file=str(path),
        )
