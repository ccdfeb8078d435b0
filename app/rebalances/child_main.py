"""What runs in the child process. It imports nothing of the service, so that the child starts quickly."""

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

Tell = Callable[[float, str], None]


def main(function: Callable[..., Any], arguments: tuple[Any, ...], pipe: Connection) -> None:
    """Send what ``function(*arguments, tell)`` tells, and at last what it makes or raises."""
    try:

        def tell(share: float, note: str) -> None:
            pipe.send(("progress", share, note))

        pipe.send(("made", function(*arguments, tell)))
    except Exception as error:
        pipe.send(("raised", error))
    finally:
        pipe.close()
