"""Answers as tables: CSV that a spreadsheet opens as it is."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import Query
from fastapi.responses import Response

Format = Annotated[
    Literal["json", "csv"],
    Query(alias="format", description="csv: the same rows as a table for a spreadsheet"),
]
"""How a list is answered: the query parameter ``format``, whatever the function calls it."""


def csv_response(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str] | None = None,
    following: str | None = None,
) -> Response:
    """The rows as CSV, UTF-8 with a byte order mark, so that spreadsheets show Chinese.

    ``columns`` are the keys in their order; without it those of the rows, in the order in which they
    come. A missing value is an empty cell; lists and objects are written as JSON; a text that a spreadsheet
    would take for a formula gets an apostrophe before it. ``following``, the token of the next page, is in
    the header ``Gridwright-Next``: a table has no room for it.
    """
    rows = list(rows)
    names = (
        list(columns) if columns is not None else list(dict.fromkeys(name for row in rows for name in row))
    )
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    body = out.getvalue().encode("utf-8-sig")
    headers = {"Gridwright-Next": following} if following is not None else None
    return Response(body, media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list | tuple):
        return orjson.dumps(value, default=str).decode()
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
