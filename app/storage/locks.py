"""Advisory locks: one writer a plane at a time."""

import uuid

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def one_writer(connection: AsyncConnection, plane_id: uuid.UUID) -> None:
    """Wait until no other transaction writes this plane's assignments or terms; held until the end.

    Take the locks of several planes in the order of their ids, or two writers may wait for each other.
    """
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:plane, 0))"), {"plane": f"plane:{plane_id}"}
    )


async def one_import(connection: AsyncConnection, org_id: uuid.UUID) -> None:
    """Wait until no other import of the organisation merges; held until the end of the transaction.

    Taken before any plane's lock, never after one.
    """
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:org, 0))"), {"org": f"import:{org_id}"}
    )
