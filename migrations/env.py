"""Runs the migrations on a connection that the caller lends, or on ``sqlalchemy.url``."""

from alembic import context
from sqlalchemy import Connection, create_engine

from app.storage.database import sqlalchemy_url
from app.storage.schema import metadata

# Tables of extensions and of the queue are theirs to describe.
FOREIGN = ("spatial_ref_sys", "procrastinate_")


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    return not (kind == "table" and name is not None and name.startswith(FOREIGN))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=include_name,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


lent = context.config.attributes.get("connection")
if lent is not None:
    run(lent)
else:
    url = context.config.get_main_option("sqlalchemy.url") or ""
    engine = create_engine(sqlalchemy_url(url))
    with engine.connect() as own:
        run(own)
    engine.dispose()
