"""Errors about input, in words a planner can act on."""

from collections.abc import Mapping
from typing import Any


class InputError(ValueError):
    """Input that cannot be used as it is.

    ``message`` says what was found, what was expected and what to do, in one line. The other fields
    say where: ``file``, ``row`` (counted from 1, the header not counted), ``column``, and ``place``
    (a GeoJSON geometry in WGS 84). ``kind`` is a stable slug for programs, such as ``unknown-crs``.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str = "bad-input",
        file: str | None = None,
        row: int | None = None,
        column: str | None = None,
        place: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.file = file
        self.row = row
        self.column = column
        self.place = place

    def __str__(self) -> str:
        """The message with its place in front: ``grids.gpkg: row 3: column code: …``."""
        where = [self.file] if self.file else []
        where += [f"row {self.row}"] if self.row is not None else []
        where += [f"column {self.column}"] if self.column else []
        return ": ".join([*where, self.message])

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled whole, so that a child process can raise it in its parent."""
        where = {
            "kind": self.kind,
            "file": self.file,
            "row": self.row,
            "column": self.column,
            "place": self.place,
        }
        return _again, (self.message, where)


def _again(message: str, where: dict[str, Any]) -> InputError:
    return InputError(message, **where)
