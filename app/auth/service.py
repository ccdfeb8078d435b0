"""Making keys and recognising them."""

import hashlib
import secrets
import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import service as audit
from app.audit.service import By
from app.auth import repository
from app.auth.repository import KeyHolder as KeyHolder
from app.errors import Unauthenticated
from app.storage.database import Database

PREFIX = "gw_"
OPERATOR = "operator"
"""Who acts on the server's own machine, where no key is asked for."""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


async def make_key(
    connection: AsyncConnection, org_id: uuid.UUID, name: str, role: str, actor: str = OPERATOR
) -> str:
    """Store a key and return its secret, which is shown this once."""
    secret = PREFIX + secrets.token_urlsafe(32)
    await repository.add(connection, org_id, name, role, _digest(secret))
    by = By(org_id, actor)
    await audit.record(connection, by, "key.create", "key", name, after={"name": name, "role": role})
    return secret


async def recognise(database: Database, secret: str) -> KeyHolder:
    """The holder of a key; raises :class:`Unauthenticated` for one that is unknown or revoked."""
    async with database.transaction(None) as connection:
        holder = await repository.find(connection, _digest(secret))
    if holder is None:
        raise Unauthenticated(
            "This key is not known here, or was revoked; ask an administrator for a new one."
        )
    return holder


async def organisations(database: Database) -> list[uuid.UUID]:
    """Every organisation that has a key, asked as the owner of the database: not for requests."""
    async with database.engine.begin() as connection:
        return await repository.organisations(connection)
