"""Opaque keyset tokens: a list is read page by page, each token saying behind which row the next begins."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson

from app.errors import Invalid

Row = TypeVar("Row")
Value = TypeVar("Value")

_NOT_OURS = "token is not one that this list gave; leave it away for the first page."


def cut(found: Sequence[Row], limit: int, key: Callable[[Row], Any]) -> tuple[Sequence[Row], str | None]:
    """The page of a list that was read one row beyond ``limit``, and the token of the next if there is more.

    ``key(row)`` is what the list is ordered by: a value, or a tuple of them.
    """
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    return page, token(key(page[-1]))


def token(key: Any) -> str:
    """A token for the page behind the row with this key: a value, or a tuple of them."""
    parts = key if isinstance(key, tuple) else (key,)
    return base64.urlsafe_b64encode(orjson.dumps([str(part) for part in parts])).decode().rstrip("=")


def parts(given: str | None, *kinds: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """The key inside a token, each part made by its kind; None without a token.

    Raises :class:`Invalid` for one that no list gave; a kind says so by a ValueError.
    """
    if given is None:
        return None
    try:
        found = orjson.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
        if not isinstance(found, list) or len(found) != len(kinds) or not all(map(_is_text, found)):
            raise ValueError
        return tuple(kind(part) for kind, part in zip(kinds, found, strict=True))
    except (binascii.Error, ValueError) as error:
        raise Invalid(_NOT_OURS, kind="bad-token") from error


def part(given: str | None, kind: Callable[[str], Value], first: Value) -> Value:
    """The one part of a token whose key is a single value; ``first`` without a token."""
    found = parts(given, kind)
    return first if found is None else found[0]


def number(text: str) -> int:
    """A part that is a number of the database. Raises ValueError for any other text."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError(text)
    return int(text)


def _is_text(part: object) -> bool:
    """A text that PostgreSQL takes."""
    return isinstance(part, str) and "\0" not in part
