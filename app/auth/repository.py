"""Keys in the database."""

import uuid
from dataclasses import dataclass

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.models import ApiKey


@dataclass(frozen=True)
class KeyHolder:
    """The organisation and role that a key stands for."""

    org_id: uuid.UUID
    key_id: uuid.UUID
    name: str
    role: str


async def find(connection: AsyncConnection, secret_hash: bytes) -> KeyHolder | None:
    """Whose key this is; the only question that is asked across organisations."""
    row = (
        await connection.execute(text("SELECT * FROM holder_of_key(:hash)"), {"hash": secret_hash})
    ).one_or_none()
    return KeyHolder(row.org_id, row.key_id, row.name, row.role) if row else None


async def add(
    connection: AsyncConnection, org_id: uuid.UUID, name: str, role: str, secret_hash: bytes
) -> None:
    """Store a new key."""
    await connection.execute(
        insert(ApiKey).values(org_id=org_id, name=name, role=role, secret_hash=secret_hash)
    )


async def organisations(connection: AsyncConnection) -> list[uuid.UUID]:
    """The organisations that have keys; only the owner of the tables sees more than one."""
    return list((await connection.execute(select(ApiKey.org_id).distinct())).scalars())
