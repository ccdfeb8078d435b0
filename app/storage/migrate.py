"""Bringing a database's schema up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

import migrations
from app.storage.database import sqlalchemy_url

# Two servers that start together must not both migrate.
_LOCK = 0x67726964


def config(url: str) -> Config:
    """Alembic's configuration for this database."""
    made = Config()
    made.set_main_option("script_location", str(Path(migrations.__file__).parent))
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return made


def head() -> str:
    """The newest revision this release knows."""
    revision = ScriptDirectory.from_config(config("")).get_current_head()
    assert revision is not None
    return revision


def current(connection: Connection) -> str | None:
    """The revision the database is at."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(url: str, revision: str = "head") -> None:
    """Apply what is missing, alone: a second caller waits and then finds nothing to do."""
    engine = create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as guard, engine.connect() as connection:
            guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            alembic = config(url)
            alembic.attributes["connection"] = connection
            command.upgrade(alembic, revision)
            connection.commit()
    finally:
        engine.dispose()
