"""Organisations in the database."""

import uuid

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.models import Organisation


async def time_zone(connection: AsyncConnection, org_id: uuid.UUID) -> str:
    """The organisation's time zone."""
    zone: str = (
        await connection.execute(select(Organisation.time_zone).where(Organisation.org_id == org_id))
    ).scalar_one()
    return zone


async def about(connection: AsyncConnection, org_id: uuid.UUID) -> tuple[str, str]:
    """The organisation's name and time zone."""
    query = select(Organisation.name, Organisation.time_zone).where(Organisation.org_id == org_id)
    row = (await connection.execute(query)).one()
    return row.name, row.time_zone


async def add_organisation(connection: AsyncConnection, org_id: uuid.UUID, name: str, zone: str) -> None:
    """Store a new organisation."""
    await connection.execute(insert(Organisation).values(org_id=org_id, name=name, time_zone=zone))
