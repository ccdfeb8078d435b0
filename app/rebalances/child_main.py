"""What runs in the child process. It imports nothing of the service, so that the child starts quickly."""

import os
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

Tell = Callable[[float, str, Mapping[str, Any]], None]
Finish = Callable[[], bool]


def main(pipe: Connection) -> None:
    """Receive a function and its arguments; send what it tells, and at last what it makes or raises.

    Whatever comes afterwards is the wish to finish early. A parent that is gone ends the child at once.
    """
    early = threading.Event()

    def listen() -> None:
        try:
            while True:
                pipe.recv()
                early.set()
        except (EOFError, OSError):
            os._exit(1)

    def tell(share: float, note: str, facts: Mapping[str, Any]) -> None:
        pipe.send(("progress", share, note, dict(facts)))

    try:
        function, arguments = pipe.recv()
        threading.Thread(target=listen, daemon=True).start()
        pipe.send(("made", function(*arguments, tell, early.is_set)))
    except Exception as error:
        pipe.send(("raised", error))
