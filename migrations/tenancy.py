"""What every migration that makes a table of an organisation's rows has to call."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import op

APP = "gridwright_app"
READ = "gridwright_read"

FUNCTIONS = """
CREATE FUNCTION current_org() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('gridwright.org', true), '')::uuid $$;

-- The one question asked before an organisation is known. It runs with its owner's rights, sees one key, and
-- gives back nothing but whose it is.
CREATE FUNCTION holder_of_key(hash bytea)
    RETURNS TABLE (org_id uuid, key_id uuid, name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT k.org_id, k.key_id, k.name, k.role FROM api_keys k
          WHERE k.secret_hash = hash AND k.revoked_at IS NULL $$;
REVOKE ALL ON FUNCTION holder_of_key(bytea) FROM public;
GRANT EXECUTE ON FUNCTION holder_of_key(bytea) TO gridwright_app, gridwright_read;
"""

# Under row-level security the planner uses a GiST index only for operators that cannot leak a row's value
# through an error. These four compare bounding boxes and raise nothing that depends on the value.
LEAKPROOF = """
DO $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER FUNCTION geometry_overlaps(geometry, geometry) LEAKPROOF;
        ALTER FUNCTION geometry_within(geometry, geometry) LEAKPROOF;
        ALTER FUNCTION geometry_contains(geometry, geometry) LEAKPROOF;
    ELSE
        RAISE NOTICE 'Not a superuser: PostGIS operators stay leaky, so spatial questions use the '
            'organisation''s index only. See docs/adr/0004-row-level-security-and-spatial-indexes.md.';
    END IF;
END $$;
"""


def create_roles() -> None:
    """The application's and the readers' role; they belong to the server and may be there already."""
    for role in (APP, READ):
        op.execute(
            f"""DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                    CREATE ROLE {role} NOLOGIN;
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$"""
        )
        op.execute(f"DO $$ BEGIN EXECUTE format('GRANT {role} TO %I', current_user); END $$")
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")


def protect(table: str, *, append_only: bool = False) -> None:
    """Hide the rows of every organisation but the transaction's own, from the owner too, and grant."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY of_organisation ON {table} "
        "USING (org_id = current_org()) WITH CHECK (org_id = current_org())"
    )
    rights = "SELECT, INSERT" if append_only else "SELECT, INSERT, UPDATE, DELETE"
    op.execute(f"GRANT {rights} ON {table} TO {APP}")
    op.execute(f"GRANT SELECT ON {table} TO {READ}")


@contextmanager
def seen_by_its_owner(*tables: str) -> Iterator[None]:
    """Lift the force of row-level security, so that a migration sees every organisation's rows."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    yield
    for table in tables:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
