"""Cells of a file as values, whole columns at once. Pure: what is wrong is said, never guessed or dropped."""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from geo import files

Faults = dict[int, str]
"""Row of the batch (from 0) → what is wrong with it."""


@dataclass(frozen=True)
class Column:
    """n values as an Arrow array (null where there is none) and the rows whose cell could not be used."""

    values: Any
    faults: Faults = field(default_factory=dict)


Reader = Callable[[Any], Column]


def words(array: Any) -> Column:
    """Text without surrounding space; None for an empty cell."""
    strings = pc.utf8_trim_whitespace(files.text(array))
    values = pc.if_else(pc.equal(strings, ""), pa.scalar(None, pa.string()), strings)
    marked = pc.fill_null(pc.match_substring(values, "\0"), False)
    rows = np.flatnonzero(np.asarray(marked))
    if len(rows):
        values = pc.replace_substring(values, "\0", "")
    return Column(values, {int(row): "has a NUL character, which no text may have" for row in rows})


def filled(numbers: npt.NDArray[Any]) -> Any:
    """Numbers as an Arrow array, null where they are not finite."""
    return pa.array(numbers, mask=~np.isfinite(numbers))


def _numbers(array: Any) -> tuple[npt.NDArray[np.float64], Faults]:
    """Finite numbers, NaN where there is none, and what is none."""
    numbers, wrong = files.numbers(array)
    wrong = wrong | np.isinf(numbers)
    faults: Faults = {}
    if wrong.any():
        given = files.text(array).to_pylist()
        faults = {int(row): f"{given[row]!r} is not a number" for row in np.flatnonzero(wrong)}
        numbers = np.where(wrong, np.nan, numbers)
    return numbers, faults


def number(array: Any) -> Column:
    """Any finite number."""
    numbers, faults = _numbers(array)
    return Column(filled(numbers), faults)


def _amounts(array: Any) -> tuple[npt.NDArray[np.float64], Faults]:
    numbers, faults = _numbers(array)
    below = numbers < 0
    for row in np.flatnonzero(below):
        faults[int(row)] = f"{numbers[row]:g} is negative"
    return np.where(below, np.nan, numbers), faults


def amount(array: Any) -> Column:
    """A number that is not negative."""
    numbers, faults = _amounts(array)
    return Column(filled(numbers), faults)


def length(array: Any) -> Column:
    """A number above zero."""
    numbers, faults = _amounts(array)
    for row in np.flatnonzero(numbers == 0):
        faults[int(row)] = "0 is not above zero"
    return Column(filled(np.where(numbers == 0, np.nan, numbers)), faults)


def count(array: Any) -> Column:
    """A whole number that is not negative."""
    numbers, faults = _amounts(array)
    whole = (numbers == np.floor(numbers)) & (numbers < 2**31)
    for row in np.flatnonzero(~whole & np.isfinite(numbers)):
        faults[int(row)] = f"{numbers[row]:g} is not a whole number below 2,147,483,648"
    return Column(pa.array(np.where(whole, numbers, 0).astype(np.int32), mask=~whole), faults)


def _each(column: Column, read: Callable[[str], Any], kind: Any, why: Callable[[str], str]) -> Column:
    """What ``read`` makes of each text, asked once of equal ones; None is a fault, which ``why`` names."""
    coded = pc.dictionary_encode(column.values)
    said = coded.dictionary.to_pylist()
    found = [read(value) for value in said]
    faults = dict(column.faults)
    unknown = [number for number, value in enumerate(found) if value is None]
    if unknown:
        for row in np.flatnonzero(np.asarray(pc.is_in(coded.indices, pa.array(unknown, pa.int32())))):
            faults[int(row)] = why(said[coded.indices[int(row)].as_py()])
    return Column(pa.array(found, kind).take(coded.indices), faults)


def choice(options: Mapping[str, tuple[str, ...]], what: str) -> Reader:
    """One of ``options`` (our word → other words for it); case does not matter."""
    known = {word.lower(): ours for ours, others in options.items() for word in (ours, *others)}
    expected = ", ".join(option for option in options if option)

    def read(array: Any) -> Column:
        return _each(
            words(array),
            lambda value: known.get(value.lower()),
            pa.string(),
            lambda value: f"{value!r} is no {what}: expected {expected}",
        )

    return read


def truth(array: Any) -> Column:
    """True or false; None for an empty cell."""
    if pa.types.is_boolean(array.type):
        return Column(array)
    column = _TRUTH(array)
    return Column(pc.equal(column.values, "true"), column.faults)


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
        return Column(pc.cast(array, pa.date32(), safe=False))
    return _each(
        words(array),
        lambda value: _day(value, formats),
        pa.date32(),
        lambda value: f"{value!r} is not a date: expected such as {example}",
    )


def day(array: Any) -> Column:
    """A date."""
    return _dates(array, _DAY_FORMATS, "2026-05-03")


def month(array: Any) -> Column:
    """A month, as its first day; a date counts for its month."""
    column = _dates(array, (*_MONTH_FORMATS, *_DAY_FORMATS), "2026-05")
    return Column(pc.cast(pc.floor_temporal(column.values, unit="month"), pa.date32()), column.faults)


def attributes(arrays: Mapping[str, Any], rows: int) -> Any:
    """Further columns as one JSON object a row, an Arrow array of texts; empty cells are left out."""
    kept = {
        name: _jsonable(array)
        for name, array in arrays.items()
        if not (pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type))
    }
    if not kept:
        return pa.repeat("{}", rows)
    names = list(kept)
    texts = [
        orjson.dumps({n: v for n, v in zip(names, row, strict=True) if v is not None and v != ""})
        for row in zip(*kept.values(), strict=True)
    ]
    return pa.array(texts, pa.binary()).cast(pa.string())


def _jsonable(array: Any) -> list[Any]:
    kind = array.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return list(array.to_pylist())
    if pa.types.is_floating(kind):
        return [v if v is not None and math.isfinite(v) else None for v in array.to_pylist()]
    # jsonb knows no NUL character.
    return [None if v is None else v.replace("\0", "") for v in files.text(array).to_pylist()]
