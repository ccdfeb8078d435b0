"""What runs in the child process. It imports nothing of the service, so that the child starts quickly."""

from collections.abc import Callable
from multiprocessing.connection import Connection

Tell = Callable[[float, str], None]


def main(pipe: Connection) -> None:
    """Receive a function and its arguments; send what it tells, and at last what it makes or raises."""
    try:
        function, arguments = pipe.recv()

        def tell(share: float, note: str) -> None:
            pipe.send(("progress", share, note))

        pipe.send(("made", function(*arguments, tell)))
    except Exception as error:
        pipe.send(("raised", error))
    finally:
        pipe.close()
