"""How far the owner of a grid lives from its work."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts
from app.orgs import people, responsibilities
from app.planes.service import Plane
from app.workloads.service import OneGrid
from geo.geodesy import distance_m
from geo.workload import residence_minutes


@dataclass(frozen=True)
class Residence:
    """The owner's way to a grid. Metres and minutes are None where the residence, or the grid's work, is not
    known.
    """

    person_id: str
    name: str
    distance_m: float | None
    minutes: float | None


async def of_owner(
    connection: AsyncConnection,
    plane: Plane,
    grid: OneGrid,
    day: dt.date,
    known_at: dt.datetime | None = None,
) -> Residence | None:
    """How far the grid's owner lives from its customers, weighed by their minutes; None without an owner."""
    grid_id = grid.basis.table.grid_ids[grid.row]
    everybody = await responsibilities.on_day(connection, plane.plane_id, grid_id, day, known_at)
    owners = [one for one in everybody if one.role == "owner"]
    if not owners:
        return None
    owner = owners[0]
    found = await people.on_day(connection, day, known_at, only=owner.person_id)
    lng, lat = (found[0].lng, found[0].lat) if found else (None, None)
    metres = None
    if lng is not None and lat is not None:
        metres = await _from(connection, grid, lng, lat, day, known_at)
    minutes = None
    if metres is not None:
        of_class = grid.basis.classes[grid.row]
        minutes = float(residence_minutes(metres, grid.basis.policy, of_class))
    return Residence(owner.person_id, owner.name, metres, minutes)


async def _from(
    connection: AsyncConnection,
    grid: OneGrid,
    lng: float,
    lat: float,
    day: dt.date,
    known_at: dt.datetime | None,
) -> float | None:
    accounts = await facts.accounts_of(connection, grid.account_pk, known_at)
    after = day + dt.timedelta(1) if day < dt.date.max else None
    places = await facts.places_of(connection, accounts, day, after, known_at)
    if len(places.account) == 0:
        return None
    weight = grid.minutes[places.account]
    if not weight.any():
        weight = np.ones(len(weight))
    return float(np.average(distance_m(lng, lat, places.lng, places.lat), weights=weight))
