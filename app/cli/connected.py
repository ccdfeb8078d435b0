"""The database that the settings mean, for commands that work on it without a server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import sqlalchemy as sa
import typer
from sqlalchemy.exc import SQLAlchemyError

from app.cli import fail
from app.settings import Settings
from app.storage import migrate
from app.storage.cluster import ClusterError
from app.storage.database import Database, sqlalchemy_url
from app.storage.location import database_url


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    """The database, up to date: the private cluster is migrated, another has to be already."""
    settings = Settings()
    try:
        url = database_url(settings, lambda step: typer.echo(step, err=True))
        if settings.database_url is None:
            migrate.upgrade(url)
        else:
            be_current(url)
    except ClusterError as error:
        fail(str(error))
    except SQLAlchemyError as error:
        fail(str(getattr(error, "orig", None) or error).strip().splitlines()[0])
    made = Database(url, pool_size=settings.pool_size, statement_timeout_s=settings.statement_timeout_s)
    try:
        yield made
    finally:
        await made.close()


def be_current(url: str) -> None:
    """End the command when the database's schema is not this release's."""
    engine = sa.create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            revision = migrate.current(connection)
    finally:
        engine.dispose()
    if revision != migrate.head():
        fail(
            f"the database is at revision {revision}, this release needs {migrate.head()}: "
            "run `gridwright db migrate`"
        )
