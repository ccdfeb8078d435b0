"""Cells of a file as values, whole columns at once. Pure: what is wrong is said, never guessed or dropped."""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from geo import files

Faults = dict[int, str]
"""Row of the batch (from 0) → what is wrong with it."""


@dataclass(frozen=True)
class Column:
    """n values (None where there is none) and the rows whose cell could not be used."""

    values: list[Any]
    faults: Faults = field(default_factory=dict)


Reader = Callable[[Any], Column]


def words(array: Any) -> Column:
    """Text without surrounding space; None for an empty cell."""
    strings = pc.utf8_trim_whitespace(files.text(array))
    values = pc.if_else(pc.equal(strings, ""), pa.scalar(None, pa.string()), strings).to_pylist()
    marked = pc.fill_null(pc.match_substring(strings, "\0"), False)
    rows = np.flatnonzero(np.asarray(marked))
    for row in rows:
        values[row] = values[row].replace("\0", "")
    return Column(values, {int(row): "has a NUL character, which no text may have" for row in rows})


def _numbers(array: Any) -> tuple[Any, list[float | None], Faults]:
    numbers, wrong = files.numbers(array)
    infinite = np.isinf(numbers)
    faults: Faults = {}
    if wrong.any() or infinite.any():
        given = files.text(array).to_pylist()
        faults = {int(row): f"{given[row]!r} is not a number" for row in np.flatnonzero(wrong | infinite)}
    values: list[float | None] = numbers.tolist()
    for row in np.flatnonzero(~np.isfinite(numbers)):
        values[row] = None
    return numbers, values, faults


def number(array: Any) -> Column:
    """Any finite number."""
    _, values, faults = _numbers(array)
    return Column(values, faults)


def amount(array: Any) -> Column:
    """A number that is not negative."""
    numbers, values, faults = _numbers(array)
    for row in np.flatnonzero(numbers < 0):
        faults[int(row)] = f"{values[row]:g} is negative"
        values[row] = None
    return Column(values, faults)


def length(array: Any) -> Column:
    """A number above zero."""
    column = amount(array)
    for row, value in enumerate(column.values):
        if value == 0:
            column.faults[row] = "0 is not above zero"
            column.values[row] = None
    return column


def count(array: Any) -> Column:
    """A whole number that is not negative."""
    column = amount(array)
    values: list[int | None] = []
    for row, value in enumerate(column.values):
        whole = value is None or (value == math.floor(value) and value < 2**31)
        if not whole:
            column.faults[row] = f"{value:g} is not a whole number below 2,147,483,648"
        values.append(int(value) if whole and value is not None else None)
    return Column(values, column.faults)


def choice(options: Mapping[str, tuple[str, ...]], what: str) -> Reader:
    """One of ``options`` (our word → other words for it); case does not matter."""
    known = {word.lower(): ours for ours, others in options.items() for word in (ours, *others)}

    def read(array: Any) -> Column:
        column = words(array)
        found = {value: known.get(value.lower()) for value in set(column.values) if value is not None}
        unknown = {value for value, ours in found.items() if ours is None}
        if unknown:
            expected = ", ".join(option for option in options if option)
            for row, value in enumerate(column.values):
                if value in unknown:
                    column.faults[row] = f"{value!r} is no {what}: expected {expected}"
        return Column([None if v is None else found[v] for v in column.values], column.faults)

    return read


def truth(array: Any) -> Column:
    """True or false; None for an empty cell."""
    if pa.types.is_boolean(array.type):
        return Column(array.to_pylist())
    return _as_truth(_TRUTH(array))


def _as_truth(column: Column) -> Column:
    return Column([None if v is None else v == "true" for v in column.values], column.faults)


_TRUTH = choice({"true": ("1", "t", "yes", "y", "是"), "false": ("0", "f", "no", "n", "否")}, "truth")
_DAY_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日")
_MONTH_FORMATS = ("%Y-%m", "%Y/%m", "%Y.%m", "%Y%m", "%Y年%m月")


def _day(value: str, formats: tuple[str, ...]) -> dt.date | None:
    # A time of day behind the date (2026-05-03 00:00:00, 2026-05-03T00:00:00+08:00) says nothing more.
    bare = value.split("T")[0].split(" ")[0]
    for form in formats:
        try:
            return dt.datetime.strptime(bare, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _dates(array: Any, formats: tuple[str, ...], example: str) -> Column:
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return Column(pc.cast(array, pa.date32(), safe=False).to_pylist())
    column = words(array)
    found = {value: _day(value, formats) for value in set(column.values) if value is not None}
    for row, value in enumerate(column.values):
        if value is not None and found[value] is None:
            column.faults[row] = f"{value!r} is not a date: expected such as {example}"
    return Column([None if v is None else found[v] for v in column.values], column.faults)


def day(array: Any) -> Column:
    """A date."""
    return _dates(array, _DAY_FORMATS, "2026-05-03")


def month(array: Any) -> Column:
    """A month, as its first day; a date counts for its month."""
    column = _dates(array, (*_MONTH_FORMATS, *_DAY_FORMATS), "2026-05")
    return Column([None if v is None else v.replace(day=1) for v in column.values], column.faults)


def attributes(arrays: Mapping[str, Any], rows: int) -> list[str]:
    """Further columns as one JSON object a row; empty cells are left out."""
    kept = {
        name: _jsonable(array)
        for name, array in arrays.items()
        if not (pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type))
    }
    if not kept:
        return ["{}"] * rows
    names = list(kept)
    return [
        orjson.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None and v != ""}).decode()
        for row in zip(*kept.values(), strict=True)
    ]


def _jsonable(array: Any) -> list[Any]:
    kind = array.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return list(array.to_pylist())
    if pa.types.is_floating(kind):
        return [v if v is not None and math.isfinite(v) else None for v in array.to_pylist()]
    # jsonb knows no NUL character.
    return [None if v is None else v.replace("\0", "") for v in files.text(array).to_pylist()]
