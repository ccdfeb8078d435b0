"""The engine, and transactions that act for one organisation in one role."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import orjson
import psycopg
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

APP_ROLE = "gridwright_app"
READ_ROLE = "gridwright_read"
CONNECT_TIMEOUT_S = 10
"""A server that does not even greet is not waited for longer."""

_ENTER = text(
    "SELECT set_config('role', :role, true), set_config('gridwright.org', :org, true), "
    "set_config('statement_timeout', :timeout, true)"
)


def sqlalchemy_url(url: str) -> URL:
    """The given PostgreSQL URL, spoken through psycopg 3."""
    return make_url(url).set(drivername="postgresql+psycopg")


class Database:
    """One engine. Every transaction runs as the application role, for one organisation or for none.

    With none, row-level security shows no organisation's rows: only functions that look things up across
    organisations on purpose (a key's organisation) answer.
    """

    def __init__(self, url: str, *, pool_size: int = 10, statement_timeout_s: float = 30.0) -> None:
        self.url = url
        self.statement_timeout_s = statement_timeout_s
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            # PostgreSQL spells 1e300 out in digits: that has to come back as the float that it was.
            json_deserializer=orjson.loads,
            connect_args={
                "prepare_threshold": None,
                "application_name": "gridwright",
                "connect_timeout": CONNECT_TIMEOUT_S,
            },
        )

    @asynccontextmanager
    async def transaction(
        self, org_id: uuid.UUID | None, *, role: str = APP_ROLE, timeout_s: float | None = None
    ) -> AsyncIterator[AsyncConnection]:
        """One transaction for the organisation; committed at the end, rolled back on any error.

        ``timeout_s`` bounds each statement (0: no bound; none: the bound of a request).
        """
        bound = self.statement_timeout_s if timeout_s is None else timeout_s
        async with self.engine.begin() as connection:
            await connection.execute(
                _ENTER,
                {"role": role, "org": str(org_id) if org_id else "", "timeout": f"{int(bound * 1000)}ms"},
            )
            yield connection

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


async def driver(connection: AsyncConnection) -> psycopg.AsyncConnection:
    """The psycopg connection inside, for COPY; it shares the transaction."""
    raw = await connection.get_raw_connection()
    return cast(psycopg.AsyncConnection, raw.driver_connection)
