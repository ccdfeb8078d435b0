"""Each organisation counts the changes of what its answers stand on, so that a process may keep them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "api_keys",
    "area_versions",
    "areas",
    "people",
    "person_versions",
    "plan_terms",
    "plane_versions",
    "planes",
    "policies",
    "responsibilities",
)

# Once a transaction, at its end: whoever sees the change sees the new number, and the organisation's row is
# locked only while the transaction commits. Listeners hear of it when it has.
REVISE = """
CREATE FUNCTION revise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    org uuid := coalesce(NEW.org_id, OLD.org_id);
    mark text := format('%s %s', org, pg_current_xact_id());
BEGIN
    IF current_setting('gridwright.revised', true) IS DISTINCT FROM mark THEN
        UPDATE organisations SET revision = revision + 1 WHERE org_id = org;
        PERFORM pg_notify('gridwright_revised', org::text);
        PERFORM set_config('gridwright.revised', mark, true);
    END IF;
    RETURN NULL;
END $$;

-- Asked by processes for all organisations that they answer for at once; it tells nothing but the numbers.
CREATE FUNCTION revisions_of(orgs uuid[]) RETURNS TABLE (org_id uuid, revision bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
    AS $$ SELECT o.org_id, o.revision FROM organisations o WHERE o.org_id = ANY(orgs) $$;
REVOKE ALL ON FUNCTION revisions_of(uuid[]) FROM public;
GRANT EXECUTE ON FUNCTION revisions_of(uuid[]) TO gridwright_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("organisations", sa.Column("revision", sa.BigInteger(), server_default="0", nullable=False))
    op.execute(REVISE)
    # The migrating role answers revisions_of; row-level security would show it nothing.
    op.execute("CREATE POLICY by_revision ON organisations FOR SELECT TO CURRENT_USER USING (true)")
    for table in TABLES:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER revise AFTER INSERT OR UPDATE OR DELETE ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION revise()"
        )
    op.execute(
        "CREATE CONSTRAINT TRIGGER revise AFTER UPDATE OF time_zone ON organisations "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION revise()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in (*TABLES, "organisations"):
        op.execute(f"DROP TRIGGER revise ON {table}")
    op.execute("DROP FUNCTION revise()")
    op.execute("DROP FUNCTION revisions_of(uuid[])")
    op.execute("DROP POLICY by_revision ON organisations")
    op.drop_column("organisations", "revision")
