"""Columns of a record batch as what they are needed for: text, numbers, truths, geometries."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.errors import InputError

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)$"
_TRUE, _FALSE = (
    {"1", "true", "t", "yes", "y", "是", "锁定"},
    {"0", "false", "f", "no", "n", "否", "", "未锁定"},
)


def text(column: Any) -> Any:
    """A column (n,) as an Arrow string array; whole numbers without a decimal point, null for null.

    Nothing is trimmed: ids that differ only by spaces are different ids.
    """
    array = _plain(column)
    if pa.types.is_string(array.type):
        return array
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)
        return pa.array([None if v is None else _number_text(v) for v in array.to_pylist()], pa.string())
    if pa.types.is_binary(array.type) or pa.types.is_nested(array.type):
        return pa.array([None if v is None else str(v) for v in array.to_pylist()], pa.string())
    return pc.cast(array, pa.string())


def numbers(column: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """A column (n,) as float64, NaN where there is no number, and where a value was there that is not a
    number.
    """
    array = _plain(column)
    if pa.types.is_null(array.type):
        return np.full(len(array), np.nan), np.zeros(len(array), bool)
    if pa.types.is_floating(array.type) or pa.types.is_integer(array.type) or pa.types.is_decimal(array.type):
        values = pc.cast(array, pa.float64(), safe=False)
        return _filled(values), np.zeros(len(array), bool)
    strings = pc.utf8_trim_whitespace(text(array))
    blank = pc.equal(strings, "")
    strings = pc.if_else(blank, pa.scalar(None, pa.string()), strings)
    try:
        return _filled(pc.cast(strings, pa.float64())), np.zeros(len(array), bool)
    except pa.ArrowInvalid:
        good = pc.match_substring_regex(strings, _NUMBER)
        wrong = np.asarray(pc.fill_null(pc.invert(good), False))
        strings = pc.if_else(good, strings, pa.scalar(None, pa.string()))
        return _filled(pc.cast(strings, pa.float64())), wrong


def truths(column: Any, *, file: str | None = None, name: str | None = None, first_row: int = 1) -> Any:
    """A column (n,) as booleans: true/false, 1/0, yes/no, 是/否; empty is false. Anything else is an
    InputError."""
    array = _plain(column)
    if pa.types.is_boolean(array.type):
        return np.asarray(pc.fill_null(array, False))
    out = np.zeros(len(array), bool)
    for i, value in enumerate(text(array).to_pylist()):
        word = (value or "").strip().lower()
        if word not in _TRUE and word not in _FALSE:
            message = f"{value!r} is neither true nor false: expected true, false, 1, 0, 是 or 否"
            raise InputError(message, kind="bad-value", file=file, row=first_row + i, column=name)
        out[i] = word in _TRUE
    return out


def geometries(column: Any, *, file: str | None = None, first_row: int = 1) -> npt.NDArray[np.object_]:
    """A column (n,) of WKB or WKT as shapely geometries, None for null and for empty text.

    A ring that is not closed is closed; other faults stay for a check to find. Raises :class:`InputError`
    naming the row of a value that is no geometry at all. ``first_row`` is the number of the first row.
    """
    array = _plain(column)
    values = np.array(array.to_pylist(), dtype=object).reshape(len(array))
    as_text = pa.types.is_string(array.type)
    if as_text:
        values = np.array([v.strip() or None if v else None for v in values], dtype=object)
    with np.errstate(invalid="ignore"):  # NaN coordinates are for a check to name
        read = shapely.from_wkt if as_text else shapely.from_wkb
        out = read(values, on_invalid="fix")
    given = np.array([v is not None for v in values], bool)
    broken = np.flatnonzero(given & np.asarray(shapely.is_missing(out), bool))
    if len(broken):
        what = f"{values[broken[0]][:40]!r} is not WKT" if as_text else "the bytes are not a geometry (WKB)"
        raise InputError(
            f"{what}: expected such as POLYGON((116 24, 117 24, 117 25, 116 24))" if as_text else what,
            kind="bad-geometry",
            file=file,
            row=first_row + int(broken[0]),
            column="geometry",
        )
    return np.asarray(out, dtype=object)


def _plain(column: Any) -> Any:
    """One contiguous array without dictionary, extension, large or view types."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        return pc.cast(array, pa.string())
    if pa.types.is_large_binary(array.type) or pa.types.is_binary_view(array.type):
        return pc.cast(array, pa.binary())
    return array


def _filled(values: Any) -> npt.NDArray[np.float64]:
    return np.asarray(pc.fill_null(values, np.nan).to_numpy(zero_copy_only=False), np.float64)


def _number_text(value: float) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
