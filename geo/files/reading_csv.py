"""CSV: every column as text, in UTF-8 (with or without a byte order mark), UTF-16 or GB 18030."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import shapely

from geo import columns
from geo.errors import InputError
from geo.files.convert import geometries
from geo.files.source import Source, unreadable

_BLOCK = 8 << 20
_SCAN = 256 << 20  # how far into a file bytes are looked at to tell its encoding


def open_source(path: Path, *, encoding: str | None = None, layer: str | None = None) -> Source:
    """The head of a CSV: its encoding and its column names."""
    del layer
    name = known_encoding(encoding, path) if encoding else _detect(path)
    header, rows = _header(path, name)
    geometry = next((h for h in header if columns.normal(h) in ("geometry", "geom", "wkt")), None)

    def read(size: int, wanted: Sequence[str]) -> Iterator[Any]:
        del size  # blocks are cut by bytes; the caller slices
        return _read(path, name, header, geometry, wanted) if rows is None else iter(())

    return Source(tuple(h for h in header if h != geometry), geometry, None, rows, read)


def known_encoding(encoding: str, path: Path) -> str:
    """Its usual name; InputError for one that Python does not know, or that is none of text."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)  # base64 and its like are codecs, and none of text
    except (LookupError, ValueError, TypeError):
        raise InputError(
            f"unknown encoding {encoding!r}: expected such as utf-8, gb18030 or big5",
            kind="unknown-encoding",
            file=str(path),
        ) from None
    return {"gbk": "gb18030", "gb2312": "gb18030", "utf-8-sig": "utf-8"}.get(name, name)


def _detect(path: Path) -> str:
    """utf-8, utf-16 or gb18030 by what the bytes can be; InputError for what is no text."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
        if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        if b"\0" in head:
            raise _not_text(path)
        file.seek(0)
        decoders = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", "gb18030")}
        seen = 0
        while decoders and seen < _SCAN:
            block = file.read(_BLOCK)
            seen += len(block)
            for name, decoder in list(decoders.items()):
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError:
                    del decoders[name]
            if not block:
                break
            if block.isascii():  # says nothing: neither decoder can have failed
                continue
    if not decoders:
        raise _not_text(path)
    return next(iter(decoders))


def _not_text(path: Path) -> InputError:
    return InputError(
        "this is not a text file in UTF-8 or GB 18030: expected a CSV; export it again as CSV UTF-8, "
        "or name its encoding",
        kind="unreadable-file",
        file=str(path),
    )


def _header(path: Path, encoding: str) -> tuple[list[str], int | None]:
    """The column names (the first record, maybe quoted over several lines), and 0 when nothing follows."""
    try:
        with path.open(encoding=encoding, newline="") as file:
            head = io.StringIO(file.read(4 << 20).lstrip("\ufeff"), newline="")
            header = next(csv.reader(head, strict=True), [])
            rows = None if head.read().strip() or file.read(1) else 0
    except (UnicodeError, csv.Error) as error:
        raise unreadable(path, error, "a CSV") from error
    if not header or not any(h.strip() for h in header):
        raise InputError(
            "the first line is empty: expected a line of column names", kind="empty-file", file=str(path)
        )
    if len(header) == 1 and (mark := next((m for m in ";\t|" if m in header[0]), None)):
        raise InputError(
            f"the columns are separated by {mark!r}: expected commas; export it again as comma-separated CSV",
            kind="not-comma-separated",
            file=str(path),
        )
    seen: set[str] = set()
    for number, name in enumerate(header, 1):
        if name in seen:
            raise InputError(
                f"two columns have this name (the second is column {number}): rename one",
                kind="duplicate-column",
                file=str(path),
                column=name,
            )
        seen.add(name)
    return header, rows


def _read(
    path: Path, encoding: str, header: list[str], geometry: str | None, wanted: Sequence[str]
) -> Iterator[Any]:
    theirs = [geometry if n == "geometry" and geometry is not None else n for n in wanted]
    kinds = dict.fromkeys(theirs, pa.string())
    try:
        reader = pa_csv.open_csv(
            path,
            read_options=pa_csv.ReadOptions(
                block_size=_BLOCK,
                encoding="utf8" if encoding == "utf-8" else encoding,
                column_names=header,
                skip_rows_after_names=1,
                use_threads=False,
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=kinds, include_columns=theirs, strings_can_be_null=False, null_values=[]
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise _fault(path, error) from error
    row = 1
    with reader:
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (pa.ArrowInvalid, UnicodeDecodeError) as error:
                raise _fault(path, error) from error
            arrays = [batch.column(n) for n in theirs]
            for i, n in enumerate(theirs):
                if n == geometry:
                    shapes = geometries(arrays[i], file=str(path), first_row=row)
                    arrays[i] = pa.array(list(shapely.to_wkb(shapes)), pa.binary())
            row += batch.num_rows
            yield pa.record_batch(arrays, names=list(wanted))


def _fault(path: Path, error: BaseException) -> InputError:
    """What the CSV reader says, with the row where it says one."""
    message = str(error)
    match = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message)
    if match:
        return InputError(
            f"{match[3]} values where the header has {match[2]} columns: quote values that contain a comma",
            kind="bad-row",
            file=str(path),
            row=max(1, int(match[1]) - 1),
        )
    match = re.search(r"Expected (\d+) columns, got (\d+)", message)
    if match:
        return InputError(
            f"a row has {match[2]} values where the header has {match[1]} columns: quote values with a comma",
            kind="bad-row",
            file=str(path),
        )
    if "UTF8" in message or isinstance(error, UnicodeDecodeError):
        return InputError(
            "the text is not UTF-8 all through: name its encoding (gb18030 …) or export it as CSV UTF-8",
            kind="unreadable-file",
            file=str(path),
        )
    return unreadable(path, error, "a CSV")
