"""Every request has a name: the caller's X-Request-ID or a new one, in the log, the audit and the answer.

Plain ASGI: a middleware of functions costs each request a task and a queue of its own.
"""

import uuid

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = b"x-request-id"
LONGEST = 100


class NameRequests:
    """The middleware; the name is ``request.state.request_id`` inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        name = given[:LONGEST].decode("latin-1") or uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=name)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, name.encode("latin-1"))]
            await send(message)

        await self.app(scope, receive, named)
