"""An empty database on the session's PostGIS, to be migrated up and down."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url

from app.storage.database import sqlalchemy_url

NAME = "gridwright_migration"


@pytest.fixture
def empty_url(cluster_url: str) -> Iterator[str]:
    """A database without any of our tables."""
    server = make_url(cluster_url).set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)".encode())
        connection.execute(f"CREATE DATABASE {NAME}".encode())
        yield make_url(cluster_url).set(database=NAME).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)".encode())


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    """The empty database, as its owner."""
    made = create_engine(sqlalchemy_url(empty_url))
    yield made
    made.dispose()
