"""What accounts are gets its days, and comes back with the old schema."""

from __future__ import annotations

import datetime as dt

from alembic import command
from sqlalchemy import Engine, text

from app.storage import migrate

ADD = """
    WITH o AS (INSERT INTO organisations (name) VALUES ('one') RETURNING org_id),
    p AS (INSERT INTO parties (org_id, party_id, name) SELECT org_id, 'works', 'works' FROM o),
    a AS (
        INSERT INTO accounts (org_id, account_id, segment, tier, net_status, party_id, visits)
        SELECT org_id, 'a1', 'business', 'A', 'on_net', 'works', 2 FROM o RETURNING org_id, account_pk
    )
    INSERT INTO account_places (org_id, account_pk, received_lng, received_lat, datum, geometry, h3,
                                valid_from, superseded_at)
    SELECT org_id, account_pk, 116, 24, 'wgs84', ST_SetSRID(ST_MakePoint(116, 24), 4326), 1, day, gone
    FROM a, (VALUES (DATE '2026-03-01', now()), (DATE '2026-05-01', NULL), (DATE '2026-07-01', NULL))
            AS d (day, gone)
"""


def test_profiles_hold_since_the_first_place(engine: Engine, empty_url: str) -> None:
    config = migrate.config(empty_url)
    command.upgrade(config, "0001")
    with engine.begin() as connection:
        connection.execute(text(ADD))
    command.upgrade(config, "0002")
    with engine.begin() as connection:
        query = (
            "SELECT segment, tier, net_status, party_id, visits, valid_from, valid_to FROM account_profiles"
        )
        held = [tuple(row) for row in connection.execute(text(query))]
        assert held == [("business", "A", "on_net", "works", 2.0, dt.date(2026, 5, 1), None)]
        for change in (
            "UPDATE account_profiles SET superseded_at = now()",
            "INSERT INTO account_profiles (org_id, account_pk, tier, valid_from, valid_to) "
            "SELECT org_id, account_pk, 'B', DATE '2026-05-01', DATE '2026-06-01' FROM accounts",
            "INSERT INTO account_profiles (org_id, account_pk, tier, valid_from) "
            "SELECT org_id, account_pk, 'C', DATE '2026-06-01' FROM accounts",
        ):
            connection.execute(text(change))
    command.downgrade(config, "0001")
    with engine.connect() as connection:
        query = "SELECT segment, tier, net_status, party_id, visits FROM accounts"
        assert [tuple(row) for row in connection.execute(text(query))] == [(None, "C", None, None, None)]
