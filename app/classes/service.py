"""Changing the class of an area from a day on."""

import uuid

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit import service as audit
from app.audit.service import By
from app.classes.effect import Change, Document, document, effect


async def reclass(
    connection: AsyncConnection, org_id: uuid.UUID, change: Change, by: By, *, dry_run: bool
) -> Document:
    """What the change does, and unless ``dry_run`` the change itself.

    Raises :class:`app.errors.Invalid` with the places where it would leave a grid in two classes.
    """
    found = await effect(connection, org_id, change, keep=not dry_run)
    told = document(found, done=not dry_run)
    if dry_run:
        return told
    grids = [f"{plane['plane']}/{grid['grid']}" for plane in told["planes"] for grid in plane["grids"]]
    since = change.since.isoformat()
    await audit.record(
        connection,
        by,
        "area.reclass",
        "area",
        change.area,
        reason=change.reason,
        before={"class": found.area.area_class, "class_reason": found.area.class_reason},
        after={"class": change.area_class, "from": since, "to": told["to"], "grids": grids},
    )
    return told
