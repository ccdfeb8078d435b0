"""What can go wrong in the domain. Nothing here knows HTTP; :mod:`app.problems` translates."""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """A refusal with a stable ``kind`` (a slug), a sentence for a person, and facts for a program."""

    kind = "error"

    def __init__(self, message: str, *, kind: str | None = None, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind or self.kind
        self.facts: Mapping[str, Any] = facts


class NotFound(DomainError):
    """There is no such thing in this organisation."""

    kind = "not-found"


class Invalid(DomainError):
    """The request is understood and cannot be done as it stands."""

    kind = "invalid"


class Conflict(DomainError):
    """It collides with what is already there."""

    kind = "conflict"


class Stale(DomainError):
    """The caller has seen an older version than the one it would change."""

    kind = "stale-version"


class Precondition(DomainError):
    """The caller has to say which version it has seen."""

    kind = "precondition-required"


class TooLarge(DomainError):
    """More than this server takes in one piece."""

    kind = "too-large"


class Unsupported(DomainError):
    """The content is of a kind that is not understood here."""

    kind = "unsupported-content"


class Unauthenticated(DomainError):
    """No key, or one that is not known."""

    kind = "unauthenticated"


class Forbidden(DomainError):
    """The key's role does not allow this."""

    kind = "forbidden"


class Unavailable(DomainError):
    """An answer could not be confirmed now; a stale one is not given."""

    kind = "unavailable"


class Cancelled(DomainError):
    """Somebody asked for the work to stop; nothing of it is kept."""

    kind = "cancelled"
