"""Opaque keyset tokens: where the next page of a list begins."""

import base64
import binascii
from collections.abc import Sequence

import orjson

from app.errors import Invalid


def token(*key: str) -> str:
    """A token for the page behind the row with this key."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def key(given: str, parts: int) -> Sequence[str]:
    """The key inside a token; raises :class:`Invalid` for one that no list gave."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except (binascii.Error, ValueError):
        found = None
    if not isinstance(found, list) or len(found) != parts or not all(_is_text(one) for one in found):
        raise Invalid(
            "token is not one that this list gave; leave it away for the first page.", kind="bad-token"
        )
    return found


def _is_text(part: object) -> bool:
    """A text that PostgreSQL takes."""
    return isinstance(part, str) and "\0" not in part
