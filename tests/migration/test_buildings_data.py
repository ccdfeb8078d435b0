"""Where buildings stand and what they hold survives the way to dated versions and back."""

from __future__ import annotations

import uuid

from alembic import command
from sqlalchemy import Engine, text

from app.storage import migrate

ORG = uuid.uuid4()
ASKED = """
    SELECT building_id, ST_AsBinary({0}.geometry), {0}.received, {0}.datum, {0}.h3, {0}.households, {0}.ports,
           {0}.ports_used
    FROM {1} ORDER BY 1
"""
BEFORE = ASKED.format("buildings", "buildings")
AFTER = ASKED.format("building_versions", "buildings JOIN building_versions USING (org_id, building_pk)")
KNOWN = """
    INSERT INTO buildings (org_id, building_id, geometry, received, datum, h3, households, ports)
    VALUES (:org, 'B1', ST_MakeEnvelope(116.123456789, 24, 116.2, 24.1, 4326), '\\x01', 'gcj02', 7, 12, 8),
           (:org, 'B2', ST_SetSRID(ST_MakePoint(116, 24), 4326), '\\x02', 'wgs84', 9, NULL, 0)
"""
# One of them gets more households from a day on.
CHANGED = """
    UPDATE building_versions SET superseded_at = now() WHERE households = 12;
    INSERT INTO building_versions (org_id, building_pk, geometry, received, datum, h3, households, ports,
                                   valid_from, valid_to)
    SELECT org_id, building_pk, geometry, received, datum, h3, n, ports, since, till
    FROM building_versions, (VALUES (12, DATE '0001-01-01', DATE '2026-05-01'),
                                    (30, DATE '2026-05-01', NULL)) s (n, since, till)
    WHERE superseded_at IS NOT NULL
"""


def test_buildings_keep_their_ground_and_numbers(engine: Engine, empty_url: str) -> None:
    command.upgrade(migrate.config(empty_url), "0001")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO organisations (org_id, name) VALUES (:org, 'one')"), {"org": ORG}
        )
        connection.execute(text(KNOWN), {"org": ORG})
    with engine.connect() as connection:
        before = connection.execute(text(BEFORE)).all()
    command.upgrade(migrate.config(empty_url), "head")
    with engine.begin() as connection:
        assert connection.execute(text(AFTER)).all() == before
        days = connection.execute(text("SELECT DISTINCT valid_from::text, valid_to FROM building_versions"))
        assert days.all() == [("0001-01-01", None)]
        connection.execute(text(CHANGED))
    command.downgrade(migrate.config(empty_url), "0001")
    with engine.connect() as connection:
        restored = connection.execute(text(BEFORE)).all()
    assert [row.households for row in restored] == [30, None]
    assert [tuple(row[:5]) for row in restored] == [tuple(row[:5]) for row in before]
