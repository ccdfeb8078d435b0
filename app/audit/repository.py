"""Audit events in the database."""

import uuid
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.models import AuditEvent


async def append(connection: AsyncConnection, org_id: uuid.UUID, **event: Any) -> None:
    """Append one event."""
    await connection.execute(insert(AuditEvent).values(org_id=org_id, **event))
