"""What the readers of the single formats hand over."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyproj

from geo.datum import parse_crs
from geo.errors import InputError


@dataclass(frozen=True)
class Source:
    """An opened file: columns (without geometry), the geometry column's own name, CRS, rows, how to read it.

    ``read(size, names)`` yields record batches of about ``size`` rows with these columns in this order, the
    geometry as WKB under the name ``geometry``.
    """

    columns: tuple[str, ...]
    geometry: str | None
    crs: str | None
    rows: int | None
    read: Callable[[int, Sequence[str]], Iterator[Any]]


def claimed_crs(crs: Any) -> str | None:
    """The normalised name of what a file says its CRS is (text, WKT or PROJJSON), None when it has no
    known name.
    """
    if not crs:
        return None
    try:
        found = pyproj.CRS.from_user_input(crs)
        authority = found.to_authority(min_confidence=70)
    except pyproj.exceptions.CRSError:
        return None
    if authority is None:
        return None
    try:
        return parse_crs(":".join(authority))
    except InputError:
        return None


def unreadable(path: Any, error: BaseException, expected: str) -> InputError:
    """The InputError for a file that its library could not read."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    return InputError(
        f"cannot be read as {expected} ({first}): it may be cut short or of another kind; export it again",
        kind="unreadable-file",
        file=str(path),
    )
