"""The tree of areas as of a day."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs import directory_repository as repository


@dataclass(frozen=True)
class Area:
    """A node of the organisation's tree as it is on a day. ``area_class`` is its own: A, B or empty."""

    area_id: uuid.UUID
    code: str
    name: str
    parent: str | None
    parent_id: uuid.UUID | None
    kind: str | None
    area_class: str
    class_reason: str | None
    nbs_code: str | None


async def areas(connection: AsyncConnection, day: dt.date, known_at: dt.datetime | None = None) -> list[Area]:
    """Areas of that day's tree, as known then, in order of their codes."""
    return [Area(**row) for row in await repository.areas(connection, day, known_at)]


def class_sources(tree: list[Area]) -> dict[uuid.UUID, Area | None]:
    """Where each area's class comes from: itself, else the nearest area above it that has one, else None."""
    by_id = {area.area_id: area for area in tree}
    sources: dict[uuid.UUID, Area | None] = {}
    for area in tree:
        seen: set[uuid.UUID] = set()
        at: Area | None = area
        while at is not None and not at.area_class:
            seen.add(at.area_id)
            above = at.parent_id
            at = by_id.get(above) if above and above not in seen else None
        sources[area.area_id] = at
    return sources


def inherited_classes(tree: list[Area]) -> dict[uuid.UUID, str]:
    """Each area's class: its own, else that of the nearest area above it that has one, else empty."""
    return {area_id: source.area_class if source else "" for area_id, source in class_sources(tree).items()}
