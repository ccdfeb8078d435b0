"""Writing down who changed what."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import repository


@dataclass(frozen=True)
class By:
    """Who acts, for which organisation, in which request."""

    org_id: uuid.UUID
    actor: str
    request_id: str | None = None


async def record(
    connection: AsyncConnection,
    by: By,
    action: str,
    subject_kind: str,
    subject_id: str,
    *,
    reason: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Append one event in the transaction of the change itself, so that neither is without the other."""
    await repository.append(
        connection,
        by.org_id,
        actor=by.actor,
        request_id=by.request_id,
        action=action,
        subject_kind=subject_kind,
        subject_id=subject_id,
        reason=reason,
        before=before,
        after=after,
    )
