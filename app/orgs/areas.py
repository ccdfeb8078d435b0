"""One area: its spans over time, its ground, and its class from a day on."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.orgs import areas_repository as repository
from app.orgs.directory import Area


@dataclass(frozen=True)
class AreaSpan:
    """What an area was over a span of days, and when that was believed (``superseded_at`` None: still is)."""

    name: str
    parent: str | None
    kind: str | None
    area_class: str
    class_reason: str | None
    nbs_code: str | None
    valid_from: dt.date
    valid_to: dt.date | None
    recorded_at: dt.datetime
    superseded_at: dt.datetime | None


def named(tree: Sequence[Area], code: str, day: dt.date) -> Area:
    """The area with this code in that day's tree; raises :class:`NotFound`."""
    for area in tree:
        if area.code == code:
            return area
    raise NotFound(
        f"There is no area {code!r} on {day}; name one of that day's tree (GET /v1/areas?at={day}), or load "
        "it with an earlier since.",
        kind="unknown-area",
    )


def below(tree: Sequence[Area], area_id: uuid.UUID) -> set[uuid.UUID]:
    """The area and all that hang under it."""
    children: dict[uuid.UUID | None, list[uuid.UUID]] = {}
    for area in tree:
        children.setdefault(area.parent_id, []).append(area.area_id)
    found, todo = {area_id}, [area_id]
    while todo:
        new = [child for child in children.get(todo.pop(), []) if child not in found]
        found.update(new)
        todo.extend(new)
    return found


def way_up(tree: Sequence[Area], area: Area) -> list[str]:
    """The codes of the area and of those above it, upwards."""
    by_id = {one.area_id: one for one in tree}
    way: list[str] = []
    at: Area | None = area
    while at is not None and at.code not in way:
        way.append(at.code)
        at = by_id.get(at.parent_id) if at.parent_id else None
    return way


async def history(
    connection: AsyncConnection, code: str, known_at: dt.datetime | None = None, *, corrected: bool = False
) -> list[AreaSpan]:
    """The area's spans as known then, in order; with ``corrected`` also those that were known before."""
    rows = await repository.history(connection, code, known_at, corrected)
    if not rows:
        raise NotFound(f"There is no area {code!r}.", kind="unknown-area")
    return [AreaSpan(**row) for row in rows]


def next_class(spans: Sequence[AreaSpan], since: dt.date) -> dt.date | None:
    """The day after ``since`` from which the area is known to have another class; None: never.

    What else is known to change, such as its name, changes no class.
    """
    later = [one for one in spans if one.valid_to is None or one.valid_to > since]
    return next((one.valid_from for one in later if one.area_class != later[0].area_class), None)


async def grounds(
    connection: AsyncConnection, day: dt.date, only: Collection[uuid.UUID] | None = None
) -> dict[uuid.UUID, Any]:
    """The polygons (WGS 84) of areas that were loaded with one, as of the day."""
    rows = await repository.grounds(connection, day, None if only is None else list(only))
    shapes: npt.NDArray[np.object_] = np.empty(len(rows), dtype=object)
    shapes[:] = shapely.from_wkb(np.array([row["wkb"] for row in rows], dtype=object))
    return {row["area_id"]: shape for row, shape in zip(rows, shapes, strict=True)}


async def set_class(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    area_id: uuid.UUID,
    area_class: str,
    reason: str,
    since: dt.date,
) -> None:
    """Give the area its own class (empty: none, it inherits) from a day on, until :func:`next_class`.

    Whoever keeps it holds :func:`app.storage.locks.one_import`.
    """
    await repository.set_class(connection, org_id, area_id, area_class, reason, since)
