"""Rows of a query as plain dictionaries."""

from typing import Any

from sqlalchemy import CursorResult


def records(result: CursorResult[Any]) -> list[dict[str, Any]]:
    """All rows, keyed by column name."""
    return [dict(row) for row in result.mappings()]
