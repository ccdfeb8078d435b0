"""Workload policies become dated documents, and come back with the old schema."""

from __future__ import annotations

import datetime as dt
from typing import Any

from alembic import command
from sqlalchemy import Engine, text

from app.storage import migrate

ADD = text(
    """
    INSERT INTO organisations (name, policy) VALUES ('without', '{}'), ('with', CAST('{"workload": [
        {"since": "2026-06-01", "name": "summer"}, {"since": "2026-01-01", "visits": {"A": 8, "X": 1}}
    ]}' AS jsonb))
    """
)
WHOLE = {"A": 8, "B": 2, "C": 1, "X": 1}


def test_workload_policies_get_their_days(engine: Engine, empty_url: str) -> None:
    config = migrate.config(empty_url)
    command.upgrade(config, "0001")
    with engine.begin() as connection:
        connection.execute(ADD)
    command.upgrade(config, "0002")
    with engine.connect() as connection:
        query = text("SELECT document, valid_from, valid_to FROM policies ORDER BY valid_from")
        held: list[Any] = [tuple(row) for row in connection.execute(query)]
    assert held == [
        ({"visits": WHOLE}, dt.date(2026, 1, 1), dt.date(2026, 6, 1)),
        ({"name": "summer"}, dt.date(2026, 6, 1), None),
    ]
    command.downgrade(config, "0001")
    with engine.connect() as connection:
        query = text("SELECT name, policy FROM organisations ORDER BY name")
        assert [tuple(row) for row in connection.execute(query)] == [
            (
                "with",
                {
                    "workload": [
                        {"since": "2026-01-01", "visits": WHOLE},
                        {"since": "2026-06-01", "name": "summer"},
                    ]
                },
            ),
            ("without", {}),
        ]
