"""Keys and the answers they were given."""

import uuid
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.idempotency.models import IdempotencyKey as Key


async def claim(
    connection: AsyncConnection, org_id: uuid.UUID, key: str, fingerprint: bytes
) -> Row[tuple[bytes, int | None, dict[str, Any] | None, dict[str, Any] | None]] | None:
    """Take the key for this transaction: none when it is new, else what is known of its first use."""
    taken = await connection.execute(
        insert(Key)
        .values(org_id=org_id, key=key, fingerprint=fingerprint)
        .on_conflict_do_nothing()
        .returning(Key.key)
    )
    if taken.scalar_one_or_none() is not None:
        return None
    known = select(Key.fingerprint, Key.status, Key.headers, Key.body).where(
        Key.org_id == org_id, Key.key == key
    )
    return (await connection.execute(known)).one()


async def keep(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    key: str,
    status: int,
    headers: dict[str, str],
    body: dict[str, Any],
) -> None:
    """Remember the answer."""
    await connection.execute(
        update(Key)
        .where(Key.org_id == org_id, Key.key == key)
        .values(status=status, headers=headers, body=body)
    )
