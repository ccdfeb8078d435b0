"""What changes hands between two plans: customers and buildings by giving and receiving grid."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import service as assignments
from app.assignments.service import Decided
from app.planes.service import Plane
from app.plans import service
from app.plans.model import GridTable, Plan

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Move:
    """Customers and buildings that go from one grid to another; a grid is None where there was or is none."""

    giver: uuid.UUID | None
    receiver: uuid.UUID | None
    customers: int
    buildings: int


@dataclass(frozen=True)
class Pair:
    """Two plans of a plane to be compared as of a day; without ``old`` everything is new."""

    plane: Plane
    old: Plan | None
    new: Plan
    day: dt.date


async def pair(
    connection: AsyncConnection,
    plane: Plane,
    plan: Plan,
    against: uuid.UUID | None,
    today: dt.date,
) -> Pair:
    """The plan with the one it is to be compared with, on the first day it is in force (a draft: today).

    Without ``against``: what it takes over from when it is published, else its base, else the plan in force.
    """
    terms = await service.terms_of(connection, plan.plan_id)
    day = terms[0].valid_from if terms else today
    if against is not None:
        return Pair(plane, await service.get(connection, against), plan, day)
    if terms:
        eve = day - dt.timedelta(days=1)
        return Pair(plane, await service.in_force(connection, plane.plane_id, eve), plan, day)
    if plan.base_plan_id is not None:
        return Pair(plane, await service.get(connection, plan.base_plan_id), plan, day)
    return Pair(plane, await service.in_force(connection, plane.plane_id, today), plan, day)


async def decided(
    connection: AsyncConnection, org_id: uuid.UUID, two: Pair
) -> tuple[Decided | None, Decided]:
    """What everybody has under the old plan (none without one) and under the new."""
    new = await assignments.under_plan(connection, org_id, two.plane, two.new.plan_id, two.day)
    old = None
    if two.old is not None:
        old = await assignments.under_plan(connection, org_id, two.plane, two.old.plan_id, two.day)
    return old, new


async def moves(connection: AsyncConnection, org_id: uuid.UUID, two: Pair) -> list[Move]:
    """Every pair of grids between which something moves, the greatest first."""
    return compare(*await decided(connection, org_id, two))


@dataclass(frozen=True)
class Changes:
    """What changes hands, one row each; ``giver`` and ``receiver`` are numbers of ``grids``, whose last is
    None: no grid.
    """

    grids: Sequence[uuid.UUID | None]
    account_pk: Ints
    account_giver: Ints
    account_receiver: Ints
    building_pk: Ints
    building_giver: Ints
    building_receiver: Ints


def changes(old: Decided | None, new: Decided) -> Changes:
    """The customers and buildings that two sets of decisions put into different grids."""
    grids = sorted({*(old.table.grid_ids if old else ()), *new.table.grid_ids})
    number = {grid_id: at for at, grid_id in enumerate(grids)}
    none = len(grids)

    def numbered(table: GridTable, rows: npt.NDArray[np.int32]) -> Ints:
        """Grid rows as numbers in ``grids``; the last number is no grid."""
        known = np.array([*(number[grid_id] for grid_id in table.grid_ids), none], np.int64)
        return known[rows]

    def moved(new_pk: Ints, new_grid: Ints, old_pk: Ints, old_grid: Ints) -> tuple[Ints, Ints, Ints]:
        before = np.full(len(new_pk), none, np.int64)
        _, here, there = np.intersect1d(new_pk, old_pk, assume_unique=True, return_indices=True)
        before[here] = old_grid[there]
        rows = before != new_grid
        return new_pk[rows], before[rows], new_grid[rows]

    nothing = np.empty(0, np.int64)
    customers = moved(
        new.account_pk,
        numbered(new.table, new.grid),
        old.account_pk if old else nothing,
        numbered(old.table, old.grid) if old else nothing,
    )
    buildings = moved(
        new.building_pk,
        numbered(new.table, new.building_grid),
        old.building_pk if old else nothing,
        numbered(old.table, old.building_grid) if old else nothing,
    )
    return Changes([*grids, None], *customers, *buildings)


def compare(old: Decided | None, new: Decided) -> list[Move]:
    """The moves between two sets of decisions."""
    found = changes(old, new)
    size = len(found.grids)

    def counted(giver: Ints, receiver: Ints) -> dict[int, int]:
        keys, counts = np.unique(giver * size + receiver, return_counts=True)
        return dict(zip(keys.tolist(), counts.tolist(), strict=True))

    customers = counted(found.account_giver, found.account_receiver)
    buildings = counted(found.building_giver, found.building_receiver)
    out = [
        Move(found.grids[key // size], found.grids[key % size], customers.get(key, 0), buildings.get(key, 0))
        for key in {*customers, *buildings}
    ]
    return sorted(out, key=lambda one: (-one.customers, -one.buildings, str(one.giver), str(one.receiver)))
