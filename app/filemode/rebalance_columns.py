"""Columns of units and targets as arrays, each fault with its file, row and column."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from app.filemode.rebalance_options import Options
from geo.errors import InputError
from geo.files import numbers, open_table, text

Kinds = dict[int, tuple[str | None, str | None]]


def parse_weight(spec: str, default: float) -> tuple[str, float]:
    """NAME or NAME:TOL."""
    name, colon, tolerance = spec.partition(":")
    try:
        tol = float(tolerance) if colon else default
    except ValueError:
        tol = np.nan
    if not name or not tol >= 0:
        message = f"--weight {spec}: expected NAME or NAME:TOLERANCE from 0, such as minutes:0.05"
        raise InputError(message, kind="bad-option")
    return name, tol


def read_weights(
    data: Any, options: Options, file: str, n: int
) -> tuple[npt.NDArray[np.float64], list[float], list[str], list[int]]:
    """Weights (n, k), tolerances, names, balanced columns; the move weight last if not among them."""
    pairs = [parse_weight(w, options.tolerance) for w in options.weights] or [("units", options.tolerance)]
    names = [name for name, _ in pairs]
    tolerance = [tol for _, tol in pairs]
    if len(set(names)) != len(names):
        raise InputError(f"--weight names {', '.join(names)}: each may be given once", kind="bad-option")
    balanced = list(range(len(names)))
    if options.move_weight and options.move_weight not in names:
        names.append(options.move_weight)
        tolerance.append(np.inf)
    columns = []
    for name in names:
        if name == "units" and (not options.weights or name not in data.column_names):
            columns.append(np.ones(n))
            continue
        values, wrong = numbers(data[name])
        bad = np.flatnonzero(wrong | ~np.isfinite(values) | (values < 0))
        if len(bad):
            found = text(data[name])[int(bad[0])].as_py()
            message = f"weight {found!r} is not a number from 0"
            raise InputError(message, kind="bad-value", file=file, row=int(bad[0]) + 1, column=name)
        columns.append(values)
    return np.column_stack(columns), tolerance, names, balanced


COUNTED = ("customers", "buildings")
"""Columns that, where the units have them, are counted in every step beside the weights."""


def read_counts(data: Any) -> dict[str, npt.NDArray[np.float64]]:
    """The columns that are counted, name -> (n,), so far as they are numbers; what is missing counts 0."""
    out = {}
    for name in COUNTED:
        if name in data.column_names:
            values, wrong = numbers(data[name])
            if not wrong.any():
                out[name] = np.where(np.isfinite(values), values, 0.0)
    return out


def read_classes(data: Any, options: Options, n: int) -> tuple[Kinds, npt.NDArray[np.int64]]:
    """Class and group as one number per unit (n,), with what the numbers mean."""
    parts = [
        [""] * n if column is None else [v or "" for v in text(data[column]).to_pylist()]
        for column in (options.class_column, options.group_column)
    ]
    pairs = list(zip(*parts, strict=True))
    kinds = sorted(set(pairs))
    number = {pair: i for i, pair in enumerate(kinds)}
    named: Kinds = {
        i: (a if options.class_column else None, b if options.group_column else None)
        for i, (a, b) in enumerate(kinds)
    }
    return named, np.array([number[p] for p in pairs], np.int64)


def no_mixed_grids(
    current: npt.NDArray[np.int64],
    unit_class: npt.NDArray[np.int64],
    codes: list[str],
    kinds: Kinds,
    file: str,
    column: str,
) -> None:
    pairs = np.unique(np.column_stack([current, unit_class]), axis=0)
    mixed = np.flatnonzero(np.bincount(pairs[:, 0]) > 1)
    if len(mixed):
        some = []
        for g in mixed[:5]:
            inside = [
                " / ".join(k or "empty" for k in kinds[int(c)] if k is not None)
                for c in pairs[pairs[:, 0] == g, 1]
            ]
            some.append(f"{codes[int(g)]} ({', '.join(inside)})")
        more = f" and {len(mixed) - 5} more" if len(mixed) > 5 else ""
        message = f"grids mix classes or groups: {'; '.join(some)}{more}; give every unit of a grid the same"
        raise InputError(message, kind="mixed-classes", file=file, column=column)


def grid_classes(
    options: Options,
    current: npt.NDArray[np.int64],
    unit_class: npt.NDArray[np.int64],
    kinds: Kinds,
    codes: list[str],
    index: dict[str, int],
) -> npt.NDArray[np.int64]:
    """The class number (G,) of every grid: that of its units, or as --add says."""
    out = np.full(len(codes), -1, np.int64)
    out[current] = unit_class
    number = {(a or "", b or ""): i for i, (a, b) in kinds.items()}
    for spec in options.add:
        code, klass, group = [*spec.split(":"), "", ""][:3]
        if not code or spec.count(":") > 2:
            raise InputError(
                f"--add {spec}: expected CODE, CODE:CLASS or CODE:CLASS:GROUP", kind="bad-option"
            )
        if out[index[code]] >= 0:
            raise InputError(f"--add {spec}: there is a grid {code} already", kind="bad-option")
        if (klass, group) not in number:
            known = ", ".join(
                ":".join(k or "" for k in pair).strip(":") or "(none)" for pair in kinds.values()
            )
            raise InputError(
                f"--add {spec}: no unit has that class and group; there are {known}", kind="bad-option"
            )
        out[index[code]] = number[klass, group]
    return out


def chosen_grids(
    chosen: Sequence[str], index: dict[str, int], size: int, option: str
) -> npt.NDArray[np.bool_]:
    out = np.zeros(size, bool)
    for code in chosen:
        if code not in index:
            raise InputError(f"{option} {code}: no such grid in the units", kind="unknown-grid")
        out[index[code]] = True
    return out


def read_targets(
    options: Options, codes: list[str], stay: npt.NDArray[np.bool_], names: list[str], balanced: list[int]
) -> npt.NDArray[np.float64] | None:
    if options.targets is None:
        return None
    file = str(options.targets)
    data = open_table(options.targets).read(["grid", *(names[j] for j in balanced)])
    given = filled_text(data["grid"], file, "grid", "a grid code")
    index = {c: i for i, c in enumerate(codes)}
    out = np.full((len(codes), len(names)), np.nan)
    for row, code in enumerate(given, 1):
        if code not in index:
            message = f"no such grid {code!r} in the units"
            raise InputError(message, kind="unknown-grid", file=file, row=row, column="grid")
    rows = np.array([index[c] for c in given], np.int64)
    again = np.flatnonzero(~np.isin(np.arange(len(rows)), np.unique(rows, return_index=True)[1]))
    if len(again):
        message = f"grid {given[int(again[0])]} has a target already: one row a grid"
        raise InputError(message, kind="duplicate-code", file=file, row=int(again[0]) + 1, column="grid")
    for j in balanced:
        values, wrong = numbers(data[names[j]])
        bad = np.flatnonzero(wrong | ~(np.isfinite(values) & (values > 0)))
        if len(bad):
            message = "a target must be a number above 0"
            raise InputError(message, kind="bad-value", file=file, row=int(bad[0]) + 1, column=names[j])
        out[rows, j] = values
    missing = np.flatnonzero(stay & np.isnan(out[:, balanced]).any(axis=1))
    if len(missing):
        message = f"no target for grid {codes[int(missing[0])]}: give one for every grid that remains"
        raise InputError(message, kind="missing-value", file=file, column="grid")
    out[:, len(balanced) :] = 1.0
    out[~stay] = 0.0
    return out


def filled_text(column: Any, file: str, name: str, thing: str) -> list[str]:
    values: list[str] = text(column).to_pylist()
    for row, value in enumerate(values, 1):
        if not value:
            raise InputError(
                f"empty: every unit needs {thing}", kind="missing-value", file=file, row=row, column=name
            )
    return values
