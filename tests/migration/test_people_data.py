"""What is known of people survives the way to dated versions and back."""

from __future__ import annotations

import uuid

from alembic import command
from sqlalchemy import Engine, text

from app.storage import migrate

ORG = uuid.uuid4()


def test_people_keep_their_names_and_capacities(engine: Engine, empty_url: str) -> None:
    command.upgrade(migrate.config(empty_url), "0001")
    with engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))
        connection.execute(
            text("INSERT INTO organisations (org_id, name) VALUES (:org, 'one')"), {"org": ORG}
        )
        connection.execute(
            text(
                "INSERT INTO people (org_id, person_id, name, capacity, residence, attributes) VALUES "
                "(:org, 'p1', '一', 60, ST_SetSRID(ST_MakePoint(116, 24), 4326), '{\"phone\": \"1\"}'), "
                "(:org, 'p2', '二', NULL, NULL, '{}')"
            ),
            {"org": ORG},
        )
    asked = "SELECT person_id, name, capacity, ST_AsText(residence), attributes FROM {} ORDER BY 1"
    with engine.connect() as connection:
        before = connection.execute(text(asked.format("people"))).all()
    command.upgrade(migrate.config(empty_url), "head")
    with engine.connect() as connection:
        assert connection.execute(text(asked.format("person_versions"))).all() == before
        days = connection.execute(text("SELECT DISTINCT valid_from::text, valid_to FROM person_versions"))
        assert days.all() == [("0001-01-01", None)]
    command.downgrade(migrate.config(empty_url), "0001")
    with engine.connect() as connection:
        assert connection.execute(text(asked.format("people"))).all() == before
