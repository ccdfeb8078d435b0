"""The queue's own tables, as the queue's library ships them."""

from alembic import op
from procrastinate.schema import SchemaManager

_DROP = """
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'procrastinate\\_%' AND relkind = 'r'
    LOOP EXECUTE format('DROP TABLE %s CASCADE', thing.name); END LOOP;
    FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'procrastinate\\_%'
    LOOP EXECUTE format('DROP FUNCTION %s CASCADE', thing.name); END LOOP;
    FOR thing IN SELECT oid::regtype AS name FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typname LIKE 'procrastinate\\_%'
          AND typtype IN ('e', 'c')
    LOOP EXECUTE format('DROP TYPE %s CASCADE', thing.name); END LOOP;
END $$;
"""

_GRANT = """
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN SELECT oid::regclass AS name, relkind FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'procrastinate\\_%'
          AND relkind IN ('r', 'S')
    LOOP
        IF thing.relkind = 'r' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO gridwright_app', thing.name);
        ELSE
            EXECUTE format('GRANT USAGE ON SEQUENCE %s TO gridwright_app', thing.name);
        END IF;
    END LOOP;
END $$;
"""


def install_queue() -> None:
    """Create the queue's tables and functions, and let the application use them."""
    bind = op.get_bind().execution_options(no_parameters=True)
    bind.exec_driver_sql(SchemaManager.get_schema())
    bind.exec_driver_sql(_GRANT)


def drop_queue() -> None:
    """Drop all that :func:`install_queue` made."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(_DROP)
