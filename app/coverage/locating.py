"""Whose is this place: one point, one plane, one day."""

import math
import uuid
from typing import Any

import h3
import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments.locators import Ground
from app.coverage import footing
from app.coverage.footing import Footing
from app.coverage.schemas import LocateQuery
from app.errors import Invalid
from app.orgs import responsibilities
from app.plans import service as plans
from app.standing.asking import Asking
from geo.cells import RESOLUTION
from geo.datum import point_to_working

Document = dict[str, Any]
People = dict[uuid.UUID, list[Document]]


async def locate(asking: Asking, asked: LocateQuery) -> Document:
    """The grid at a place and who is responsible for it on that day; outside of all, the nearest grid."""
    x, y = point_to_working(asked.lng, asked.lat, asked.crs)
    if not (math.isfinite(x) and math.isfinite(y)):
        raise Invalid(
            f"lng {asked.lng}, lat {asked.lat} is no place in {asked.crs}; "
            "finite coordinates within its range were expected.",
            kind="bad-coordinate",
        )
    if asked.known_at is None and asked.plan is None:
        return await _told(await footing.confirmed(asking, asked.plane, asked.at), x, y)
    async with footing.read(asking, asked.plane, asked.at, asked.known_at, asked.plan) as stands:
        return await _told(stands, x, y)


async def _told(stands: Footing, lng: float, lat: float) -> Document:
    told: Document = {"grid": None, "tie": False, "nearest": None, "plan": None}
    told["h3"] = h3.latlng_to_cell(lat, lng, RESOLUTION)
    ground = stands.ground
    if ground is None:
        return told
    told["plan"] = str(ground.table.plan_id)
    x, y = np.array([lng]), np.array([lat])
    found = ground.locate(x, y)
    row = int(found.grid[0])
    if row >= 0:
        told["grid"] = await _grid(stands, ground, row)
        told["tie"] = bool(found.tie[0])
    elif ground.has_polygons:
        nearest, distance = ground.nearest(x, y)
        told["nearest"] = {
            "code": ground.table.codes[nearest[0]],
            "distance_m": round(float(distance[0]), 3),
        }
    return told


async def _grid(stands: Footing, ground: Ground, row: int) -> Document:
    table, grid_id = ground.table, ground.table.grid_ids[row]

    async def classes(connection: AsyncConnection) -> list[str]:
        return await plans.classes_on(connection, table, stands.day, stands.known_at)

    async def people(connection: AsyncConnection) -> People:
        # Whoever asks of today will ask of other grids too.
        only = None if stands.confirmed_today else grid_id
        return _by_grid(
            await responsibilities.on_day(
                connection, stands.plane.plane_id, only, stands.day, stands.known_at
            )
        )

    return {
        "id": str(grid_id),
        "code": table.codes[row],
        "name": table.names[row],
        "class": (await stands.fact("classes", classes))[row],
        "responsible": (await stands.fact("people", people)).get(grid_id, []),
    }


def _by_grid(found: list[responsibilities.Responsible]) -> People:
    people: People = {}
    for one in found:
        people.setdefault(one.grid_id, []).append(
            {
                "person": one.person_id,
                "name": one.name,
                "role": one.role,
                "from": one.valid_from.isoformat(),
                "to": one.valid_to.isoformat() if one.valid_to else None,
            }
        )
    return people
