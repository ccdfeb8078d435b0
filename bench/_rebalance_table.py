"""Rows of figures as text."""

from collections.abc import Sequence
from typing import Any

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


def line(first: str, row: dict[str, Any], columns: Columns, width: int = 30) -> str:
    """One row; a method that could not run says why instead."""
    if row.get("failed"):
        return f"{first:<{width}}  could not run: {row['failed']}"
    cells = []
    for head, key, form in columns:
        value = row.get(key)
        cells.append(f"{'' if value is None else format(value, form):>{max(8, len(head) + 2)}}")
    return f"{first:<{width}}" + "".join(cells)


def head(first: str, columns: Columns, width: int = 30) -> str:
    """The line above the rows."""
    return f"{first:<{width}}" + "".join(f"{h:>{max(8, len(h) + 2)}}" for h, _, _ in columns)
