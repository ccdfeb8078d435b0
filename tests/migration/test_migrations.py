"""The migrations run up and down, and what they make is what the models say."""

from __future__ import annotations

from alembic import command
from sqlalchemy import Engine, text

from app.storage import migrate

OURS = """
    SELECT relname FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    UNION ALL
    SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT typname FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype = 'e'
"""


def _ours(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(text(OURS)).scalars()) - {"alembic_version"}


def test_up_down_and_up_again(engine: Engine, empty_url: str) -> None:
    migrate.upgrade(empty_url)
    first = _ours(engine)
    assert {"accounts", "plan_terms", "procrastinate_jobs", "holder_of_key"} <= first
    with engine.connect() as connection:
        assert migrate.current(connection) == migrate.head()
    command.downgrade(migrate.config(empty_url), "base")
    assert _ours(engine) == set()
    migrate.upgrade(empty_url)
    assert _ours(engine) == first


def test_the_migrated_schema_is_what_the_models_say(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    command.check(migrate.config(empty_url))


def test_migrating_twice_changes_nothing(engine: Engine, empty_url: str) -> None:
    migrate.upgrade(empty_url)
    before = _ours(engine)
    migrate.upgrade(empty_url)
    assert _ours(engine) == before
