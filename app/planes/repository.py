"""Planes in the database."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.planes.models import Plane
from app.storage.rows import records

COLUMNS = (Plane.plane_id, Plane.code, Plane.name, Plane.kind, Plane.rules, Plane.covers)


async def add(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    code: str,
    name: str,
    kind: str,
    rules: Sequence[str],
    covers: dict[str, list[str]],
) -> dict[str, Any]:
    """Store a new plane; raises IntegrityError when the code is taken."""
    values = {
        "org_id": org_id,
        "code": code,
        "name": name,
        "kind": kind,
        "rules": list(rules),
        "covers": covers,
    }
    return records(await connection.execute(insert(Plane).values(values).returning(*COLUMNS)))[0]


async def by_code(connection: AsyncConnection, code: str) -> dict[str, Any] | None:
    """The plane with this code."""
    found = records(await connection.execute(select(*COLUMNS).where(Plane.code == code)))
    return found[0] if found else None


async def by_id(connection: AsyncConnection, plane_id: uuid.UUID) -> dict[str, Any] | None:
    """The plane with this id."""
    found = records(await connection.execute(select(*COLUMNS).where(Plane.plane_id == plane_id)))
    return found[0] if found else None


async def every(connection: AsyncConnection) -> list[dict[str, Any]]:
    """All planes, by code."""
    return records(await connection.execute(select(*COLUMNS).order_by(Plane.code)))
