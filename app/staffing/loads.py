"""The work of a plane's grids on a day and how far it is from the residence of whoever does it."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts, workload
from app.assignments import holdings
from app.orgs import people, responsibilities
from app.orgs.people import Person
from app.orgs.responsibilities import Responsible
from app.planes.service import Plane
from app.workloads import service as workloads
from app.workloads.service import Basis
from geo.geodesy import distance_m
from geo.workload import minutes_of, residence_minutes

CHUNK = 100_000
FAR = 90
"""The percentile of the distances that is told beside their mean."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Staff:
    """Who does the work of a grid on a day: the owner when in service, else the first stand-in."""

    owner: Responsible | None
    stand_ins: tuple[Responsible, ...]

    @property
    def acting(self) -> Responsible | None:
        """Who does the work on the day."""
        return self.owner or next(iter(self.stand_ins), None)


NOBODY = Staff(None, ())


@dataclass(frozen=True)
class PlaneLoad:
    """Of each grid of a plane's table: who works it, customers, minutes a month, metres from the residence.

    ``mean_m`` is weighed by the customers' minutes; NaN where the residence or the work is not known.
    ``way`` are the minutes that the way from the residence takes when the person has no other grid.
    """

    plane: Plane
    basis: Basis
    staff: list[Staff]
    customers: NDArray[np.int64]
    minutes: Floats
    mean_m: Floats
    far_m: Floats
    way: Floats


async def of_plane(
    connection: AsyncConnection, plane: Plane, day: dt.date, known_at: dt.datetime | None = None
) -> PlaneLoad:
    """The load of every grid of a plane on a day, as known then; raises where no plan is in force."""
    basis = await workloads.basis(connection, plane, day, known_at)
    known = staffed(await responsibilities.on_day(connection, plane.plane_id, None, day, known_at))
    staff = [known.get(grid_id, NOBODY) for grid_id in basis.table.grid_ids]
    homes = {one.person_id: one for one in await people.on_day(connection, day, known_at)}
    held = await holdings.held(connection, plane.plane_id, day, known_at)
    row, n = held.rows(basis.table), len(basis.table)
    keys, row = held.account_pk[row >= 0], row[row >= 0]
    home = _homes(staff, homes)
    classes = np.array(basis.classes, dtype=object)
    minutes, metres = np.zeros(len(keys)), np.full(len(keys), np.nan)
    for start in range(0, len(keys), CHUNK):
        some = slice(start, start + CHUNK)
        parts = await workload.parts(connection, keys[some], classes[row[some]], basis.policy, day, known_at)
        minutes[some] = minutes_of(parts)
        metres[some] = await _metres(connection, keys[some], home[row[some]], day, known_at)
    mean, far = _distances(row, minutes, metres, n)
    way = np.array(
        [
            float(residence_minutes(mean[i], basis.policy, basis.classes[i])) if np.isfinite(mean[i]) else 0.0
            for i in range(n)
        ],
        float,
    )
    return PlaneLoad(
        plane,
        basis,
        staff,
        np.bincount(row, minlength=n),
        np.bincount(row, minutes, minlength=n).astype(np.float64),
        mean,
        far,
        way,
    )


def staffed(everybody: list[Responsible]) -> Mapping[uuid.UUID, Staff]:
    """Grid → who works it, from all who are responsible on the day and in service."""
    owners: dict[uuid.UUID, Responsible] = {}
    others: dict[uuid.UUID, list[Responsible]] = {}
    for one in everybody:
        if one.role == "owner":
            owners.setdefault(one.grid_id, one)
        elif one.role == "stand_in":
            others.setdefault(one.grid_id, []).append(one)
    return {
        grid_id: Staff(owners.get(grid_id), tuple(others.get(grid_id, ()))) for grid_id in {*owners, *others}
    }


def _homes(staff: list[Staff], homes: Mapping[str, Person]) -> Floats:
    """(G, 2) longitude and latitude of the residence of whoever works each grid; NaN where not known."""
    out = np.full((len(staff), 2), np.nan)
    for i, one in enumerate(staff):
        person = homes.get(one.acting.person_id) if one.acting else None
        if person is not None and person.lng is not None and person.lat is not None:
            out[i] = person.lng, person.lat
    return out


async def _metres(
    connection: AsyncConnection,
    keys: NDArray[np.int64],
    home: Floats,
    day: dt.date,
    known_at: dt.datetime | None,
) -> Floats:
    """How far each of these accounts is from its ``home`` (n, 2); NaN where either is not known."""
    out = np.full(len(keys), np.nan)
    near = np.flatnonzero(np.isfinite(home[:, 0]))
    if not len(near):
        return out
    accounts = await facts.accounts_of(connection, keys[near], known_at)
    until = day + dt.timedelta(1) if day < dt.date.max else None
    places = await facts.places_of(connection, accounts, day, until, known_at)
    at = near[np.searchsorted(keys[near], accounts.account_pk[places.account])]
    out[at] = distance_m(home[at, 0], home[at, 1], places.lng, places.lat)
    return out


def _distances(row: NDArray[np.int64], minutes: Floats, metres: Floats, n: int) -> tuple[Floats, Floats]:
    """The mean (weighed by minutes) and the far percentile of the metres by grid."""
    mean, far = np.full(n, np.nan), np.full(n, np.nan)
    known = np.flatnonzero(np.isfinite(metres))
    if not len(known):
        return mean, far
    known = known[np.argsort(row[known], kind="stable")]
    grids, first = np.unique(row[known], return_index=True)
    for grid, some in zip(grids, np.split(known, first[1:]), strict=True):
        weight = minutes[some] if minutes[some].any() else None
        mean[grid] = np.average(metres[some], weights=weight)
        far[grid] = np.percentile(metres[some], FAR)
    return mean, far
