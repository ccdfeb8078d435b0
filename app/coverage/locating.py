"""Whose is this place: one point, one plane, one day."""

import datetime as dt
import uuid
from typing import Any

import anyio.to_thread
import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments.locators import Ground
from app.coverage.choosing import ground_of
from app.errors import Invalid
from app.orgs import responsibilities
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from geo.cells import cells, to_text
from geo.datum import parse_crs, points_to_working

Document = dict[str, Any]


async def locate(
    connection: AsyncConnection,
    lng: float,
    lat: float,
    crs: str,
    plane_code: str,
    day: dt.date,
    plan_id: uuid.UUID | None,
    known_at: dt.datetime | None = None,
) -> Document:
    """The grid at a place and who is responsible for it on that day; outside of all, the nearest grid."""
    x, y = points_to_working([lng], [lat], parse_crs(crs))
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise Invalid(
            f"lng {lng}, lat {lat} is no place in {crs}; finite coordinates within its range were expected.",
            kind="bad-coordinate",
        )
    plane = await planes.get(connection, plane_code)
    ground = await ground_of(connection, plane, day, plan_id, known_at)
    told: Document = {"grid": None, "tie": False, "nearest": None, "plan": None}
    told["h3"] = str(to_text(cells(x, y))[0])
    if ground is None:
        return told
    told["plan"] = str(ground.table.plan_id)
    found = ground.locate(x, y)
    row = int(found.grid[0])
    if row >= 0:
        told["grid"] = await _grid(connection, plane, ground, row, day, known_at)
        told["tie"] = bool(found.tie[0])
    elif ground.has_polygons:
        nearest, distance = await anyio.to_thread.run_sync(ground.nearest, x, y)
        told["nearest"] = {
            "code": ground.table.codes[nearest[0]],
            "distance_m": round(float(distance[0]), 3),
        }
    return told


async def _grid(
    connection: AsyncConnection,
    plane: Plane,
    ground: Ground,
    row: int,
    day: dt.date,
    known_at: dt.datetime | None,
) -> Document:
    table = ground.table
    people = [
        {
            "person": one.person_id,
            "name": one.name,
            "role": one.role,
            "from": one.valid_from.isoformat(),
            "to": one.valid_to.isoformat() if one.valid_to else None,
        }
        for one in await responsibilities.on_day(
            connection, plane.plane_id, table.grid_ids[row], day, known_at
        )
    ]
    return {
        "id": str(table.grid_ids[row]),
        "code": table.codes[row],
        "name": table.names[row],
        "class": (await plans.classes_on(connection, table, day, known_at))[row],
        "responsible": people,
    }
