"""Row-level security: another organisation's rows are not there, and indexes still work behind it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import ProgrammingError

from app.storage import migrate
from app.storage.database import APP_ROLE, READ_ROLE, sqlalchemy_url
from app.storage.schema import metadata

HERE, THERE = uuid.uuid4(), uuid.uuid4()
# 40,000 squares of 0.001 degree, every second one of the other organisation.
SHAPES = """
    INSERT INTO shapes (org_id, shape_id, geometry, area_m2)
    SELECT CASE WHEN n % 2 = 0 THEN CAST(:here AS uuid) ELSE CAST(:there AS uuid) END,
           sha256(convert_to(n::text, 'UTF8')),
           ST_MakeEnvelope(116 + (n % 200) * .001, 39 + (n / 200) * .001,
                           116 + (n % 200 + 1) * .001, 39 + (n / 200 + 1) * .001, 4326), 1
    FROM generate_series(0, 39999) n
"""
ACCOUNTS = """
    INSERT INTO accounts (org_id, account_id)
    SELECT CASE WHEN n % 2 = 0 THEN CAST(:here AS uuid) ELSE CAST(:there AS uuid) END, n::text
    FROM generate_series(0, 39999) n
"""
PLACES = """
    INSERT INTO account_places
        (org_id, account_pk, received_lng, received_lat, datum, geometry, h3, valid_from)
    SELECT org_id, account_pk, 116, 39, 'wgs84',
           ST_Point(116 + (account_pk % 200) * .001, 39 + (account_pk / 200) * .001, 4326), 0,
           DATE '2026-01-01'
    FROM accounts
"""
BOX = "ST_MakeEnvelope(116.0502, 39.0502, 116.0518, 39.0518, 4326)"


@pytest.fixture(scope="module")
def engine(cluster_url: str) -> Iterator[Engine]:
    """A migrated database with two organisations of 20,000 shapes and accounts each."""
    name = "gridwright_tenancy"
    owner = create_engine(sqlalchemy_url(cluster_url), isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = sqlalchemy_url(cluster_url).set(database=name)
    migrate.upgrade(url.set(drivername="postgresql").render_as_string(hide_password=False))
    made = create_engine(url)
    with made.begin() as connection:
        whom = {"here": HERE, "there": THERE}
        for org in (HERE, THERE):
            connection.execute(
                text("INSERT INTO organisations (org_id, name) VALUES (:org, :name)"),
                {"org": org, "name": str(org)},
            )
        for statement in (SHAPES, ACCOUNTS, PLACES):
            connection.execute(text(statement), whom)
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE shapes, accounts, account_places"))
    yield made
    made.dispose()
    with owner.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    owner.dispose()


@pytest.fixture
def app(engine: Engine) -> Iterator[Connection]:
    """A transaction as the application's role, for no organisation yet."""
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('role', :role, true)"), {"role": APP_ROLE})
        yield connection
        connection.rollback()


def _act_for(connection: Connection, org: uuid.UUID) -> None:
    connection.execute(text("SELECT set_config('gridwright.org', :org, true)"), {"org": str(org)})


def test_every_table_of_an_organisation_forces_row_level_security(engine: Engine) -> None:
    query = """
        SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced,
               EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*'
                       AND p.polqual IS NOT NULL AND p.polwithcheck IS NOT NULL) AS policy
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
    """
    with engine.connect() as connection:
        found = connection.execute(text(query)).all()
    assert {row.relname for row in found} == set(metadata.tables)
    assert [row.relname for row in found if not (row.forced and row.policy)] == []


def test_no_role_of_ours_may_pass_row_level_security(engine: Engine) -> None:
    with engine.connect() as connection:
        roles = connection.execute(
            text(
                "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname IN (:a, :r)"
            ),
            {"a": APP_ROLE, "r": READ_ROLE},
        ).all()
    assert len(roles) == 2
    assert not any(role.rolsuper or role.rolbypassrls or role.rolcanlogin for role in roles)


@pytest.mark.parametrize("table", ["organisations", "shapes", "accounts", "account_places"])
def test_without_an_organisation_nothing_is_there(app: Connection, table: str) -> None:
    assert app.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    # After a transaction that set it, the setting is an empty string and not absent.
    app.execute(text("SELECT set_config('gridwright.org', '', true)"))
    assert app.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0


def test_only_the_organisations_own_rows_are_there(app: Connection) -> None:
    _act_for(app, HERE)
    assert app.execute(text("SELECT DISTINCT org_id FROM shapes")).scalars().all() == [HERE]
    assert app.execute(text("SELECT count(*) FROM accounts")).scalar_one() == 20_000
    assert app.execute(text("UPDATE accounts SET name = 'x' WHERE org_id = :o"), {"o": THERE}).rowcount == 0
    assert app.execute(text("DELETE FROM account_places WHERE org_id = :o"), {"o": THERE}).rowcount == 0


def test_a_row_cannot_be_written_for_another_organisation(app: Connection) -> None:
    _act_for(app, HERE)
    with pytest.raises(ProgrammingError, match="row-level security"):
        app.execute(text("INSERT INTO accounts (org_id, account_id) VALUES (:o, 'stray')"), {"o": THERE})


@pytest.mark.parametrize("change", ["UPDATE audit_events SET actor = 'x'", "DELETE FROM audit_events"])
def test_what_was_audited_stays(app: Connection, change: str) -> None:
    _act_for(app, HERE)
    app.execute(
        text(
            "INSERT INTO audit_events (org_id, actor, action, subject_kind, subject_id) "
            "VALUES (:o, 'a', 'b', 'c', 'd')"
        ),
        {"o": HERE},
    )
    with pytest.raises(ProgrammingError, match="permission denied"):
        app.execute(text(change))


def test_readers_cannot_write(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('role', :role, true)"), {"role": READ_ROLE})
        _act_for(connection, HERE)
        assert connection.execute(text("SELECT count(*) FROM shapes")).scalar_one() == 20_000
        with pytest.raises(ProgrammingError, match="permission denied"):
            connection.execute(text("DELETE FROM shapes"))


@pytest.mark.parametrize(
    ("table", "index"),
    [("shapes", "ix_shapes_geometry"), ("account_places", "ix_account_places_geometry")],
)
@pytest.mark.parametrize("operator", ["&&", "@", "~"])
def test_the_spatial_index_is_used_behind_row_level_security(
    app: Connection, table: str, index: str, operator: str
) -> None:
    _act_for(app, HERE)
    plan = "\n".join(
        app.execute(text(f"EXPLAIN SELECT * FROM {table} WHERE geometry {operator} {BOX}")).scalars()
    )
    assert index in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert f"geometry {operator} " in condition
    assert "org_id = " in condition


def test_intersects_uses_the_spatial_index_too(app: Connection) -> None:
    _act_for(app, HERE)
    query = f"SELECT org_id FROM shapes WHERE geometry && {BOX} AND ST_Intersects(geometry, {BOX})"
    assert "ix_shapes_geometry" in "\n".join(app.execute(text(f"EXPLAIN {query}")).scalars())
    found = app.execute(text(query)).scalars().all()
    assert found
    assert set(found) == {HERE}
