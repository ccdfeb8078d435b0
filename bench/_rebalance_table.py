"""Rows of figures as text."""

from collections.abc import Sequence
from typing import Any

FIRST = 30
"""Width of the first column."""
Columns = Sequence[tuple[str, str, str]]
"""Head, key of the row, format; a key that a row does not have leaves its cell empty."""

REDRAW: Columns = (
    ("violation", "violation", ".2f"),
    ("minutes", "violation_first", ".2f"),
    ("in pieces", "in_pieces", "d"),
    ("locks", "locked_moved", "d"),
    ("moved", "moved", ".3f"),
    ("× flow", "times_flow", ".2f"),
    ("× bound", "times_bound", ".2f"),
    ("gap", "gap", ".2f"),
    ("PP", "polsby_popper", ".3f"),
    ("cut", "cut_edges", "d"),
    ("step", "largest_step", ".3f"),
    ("first s", "first_feasible", ".1f"),
    ("s", "seconds", ".1f"),
    ("MB", "megabytes", ".0f"),
)
SCRATCH: Columns = tuple(
    c for c in REDRAW if c[0] in ("violation", "minutes", "in pieces", "PP", "cut", "first s", "s", "MB")
)
PUBLISHED: Columns = (
    ("violation", "violation", ".2f"),
    ("in pieces", "in_pieces", "d"),
    ("cut", "cut_edges", "d"),
    ("published", "best_known", "d"),
    ("over", "over", ".1%"),
    ("10,000 of a chain", "chain", "d"),
    ("s", "seconds", ".1f"),
    ("MB", "megabytes", ".0f"),
)


def cells(row: dict[str, Any], columns: Columns) -> list[str]:
    """A row's figures as text."""
    values = [(row.get(key), form) for _, key, form in columns]
    return ["" if value is None else format(value, form) for value, form in values]


def widths(columns: Columns) -> list[int]:
    """How wide each column is printed."""
    return [max(8, len(name) + 2) for name, _, _ in columns]


def line(first: str, row: dict[str, Any], columns: Columns) -> str:
    """One row; a method that could not run says why instead."""
    if row.get("failed"):
        return f"{first:<{FIRST}}  could not run: {row['failed']}"
    figures = zip(cells(row, columns), widths(columns), strict=True)
    return f"{first:<{FIRST}}" + "".join(f"{text:>{width}}" for text, width in figures)


def head(first: str, columns: Columns) -> str:
    """The line above the rows."""
    names = zip([name for name, _, _ in columns], widths(columns), strict=True)
    return f"{first:<{FIRST}}" + "".join(f"{name:>{width}}" for name, width in names)


def markdown(first: str, rows: list[dict[str, Any]], columns: Columns) -> str:
    """The rows as a table of Markdown."""
    names = [first, *(name for name, _, _ in columns)]
    lines = [names, ["---"] * len(names)]
    for row in rows:
        failed = row.get("failed")
        shown = [f"could not run: {failed}", *[""] * (len(columns) - 1)] if failed else cells(row, columns)
        lines.append([str(row["method"]), *shown])
    return "\n".join("| " + " | ".join(texts) + " |" for texts in lines)
