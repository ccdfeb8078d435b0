"""In which form a bulk question comes and its answer goes: JSON, or an Arrow IPC stream."""

from typing import Any

import anyio.to_thread
from fastapi import Request
from fastapi.responses import Response

from app.coverage import arrow_columns, json_columns
from app.coverage.answer import Answer
from app.coverage.columns import Question
from app.coverage.schemas import AssignIn, AssignOut
from app.errors import TooLarge, Unsupported

UNSAID = ("", "application/x-www-form-urlencoded", "application/octet-stream", "text/plain")
"""What clients say of a body when nobody told them: it is taken as JSON."""

MAX_BODY = 64 << 20
SMALL = 256 << 10
"""Bytes that are read sooner than a thread begins to."""

_ARROW: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}

ASKED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            json_columns.KIND: {"schema": AssignIn.model_json_schema()},
            arrow_columns.KIND: _ARROW,
        },
    }
}
"""The OpenAPI of a question."""

ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": AssignOut,
        "description": "In the form that Accept names, else in that of the question. In Arrow, h3 is a "
        "uint64 and the plan is in the schema's metadata.",
        "content": {arrow_columns.KIND: _ARROW},
    }
}


def arrow_is_asked(request: Request) -> bool:
    """Whether the question is an Arrow stream; raises :class:`Unsupported` when it is no JSON either."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == arrow_columns.KIND:
        return True
    if kind == json_columns.KIND or kind.endswith("+json") or kind in UNSAID:
        return False
    raise Unsupported(
        f"The body is said to be {kind}; {json_columns.KIND} or {arrow_columns.KIND} were expected."
    )


def arrow_is_wanted(request: Request, asked: bool) -> bool:
    """Whether the answer is to be an Arrow stream: as Accept has it, else as the question was."""
    accept = request.headers.get("accept", "").lower()
    return arrow_columns.KIND in accept or (asked and json_columns.KIND not in accept)


async def body_of(request: Request) -> bytes:
    """The body; raises :class:`TooLarge` as soon as it is more than is taken."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise TooLarge(f"The body is larger than {MAX_BODY >> 20} MiB: send several.")
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def read(body: bytes, arrow: bool, plane: str | None, crs: str | None) -> Question:
    """The question of a body; in an Arrow stream plane and datum are beside it."""
    if len(body) > SMALL:
        return await anyio.to_thread.run_sync(_read, body, arrow, plane, crs)
    return _read(body, arrow, plane, crs)


def _read(body: bytes, arrow: bool, plane: str | None, crs: str | None) -> Question:
    return arrow_columns.parse(body, plane, crs) if arrow else json_columns.parse(body)


async def respond(answer: Answer, arrow: bool) -> Response:
    """The answer in its form."""
    module = arrow_columns if arrow else json_columns
    if len(answer) > SMALL >> 5:
        content = await anyio.to_thread.run_sync(module.encode, answer)
    else:
        content = module.encode(answer)
    return Response(content, media_type=module.KIND)
