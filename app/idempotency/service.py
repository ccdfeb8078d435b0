"""Doing a write once for each Idempotency-Key, in the write's own transaction."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.idempotency import repository


@dataclass(frozen=True)
class Answer:
    """What a write answers: status, JSON body, and headers such as ETag."""

    body: dict[str, Any]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


async def once(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    key: str | None,
    fingerprint: bytes,
    work: Callable[[], Awaitable[Answer]],
) -> Answer:
    """The answer of ``work``, or the one given before to the same request with the same key.

    A second request that comes while the first is at work waits for it. ``fingerprint`` says what was
    asked; the same key with another is refused.
    """
    if key is None:
        return await work()
    before = await repository.claim(connection, org_id, key, fingerprint)
    if before is None:
        answer = await work()
        await repository.keep(connection, org_id, key, answer.status, answer.headers, answer.body)
        return answer
    if before.fingerprint != fingerprint:
        raise Invalid(
            f"Idempotency-Key {key!r} was used for another request; use a new key for a new request.",
            kind="idempotency-key-reused",
        )
    return Answer(before.body or {}, before.status or 200, before.headers or {})
