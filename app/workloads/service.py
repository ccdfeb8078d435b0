"""The work in a plane's grids on a day, as known then: summed by grid, and grid by grid with its reasons."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import workload as accounts
from app.assignments import holdings
from app.errors import NotFound
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import GridTable, Plan
from app.policies import service as policies
from geo.workload import PARTS, Part, WorkloadPolicy, minutes_of, sum_by

CHUNK = 100_000
Floats = NDArray[np.float64]
Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Basis:
    """What the work of a plane's grids is reckoned by on a day."""

    plan: Plan
    table: GridTable
    classes: list[str]
    policy: WorkloadPolicy


@dataclass(frozen=True)
class GridWork:
    """Of each grid of the table: its customers, how many visits … they ask for, and the minutes a month."""

    basis: Basis
    customers: Floats
    count: dict[str, Floats]
    minutes: dict[str, Floats]

    @property
    def total(self) -> Floats:
        """Minutes a month of all parts."""
        return np.asarray(sum(self.minutes.values(), start=np.zeros(len(self.customers))))


@dataclass(frozen=True)
class OneGrid:
    """The customers of one grid, ascending by key, each with the parts of its minutes."""

    basis: Basis
    row: int
    account_pk: Keys
    tier: NDArray[np.object_]
    parts: dict[str, Part]

    @property
    def minutes(self) -> Floats:
        """Minutes a month of each customer."""
        return minutes_of(self.parts)


async def basis(
    connection: AsyncConnection, plane: Plane, day: dt.date, known_at: dt.datetime | None = None
) -> Basis:
    """The plan, classes and policy that hold on a day, as known then; raises where no plan is in force."""
    plan = await plans.in_force(connection, plane.plane_id, day, known_at)
    if plan is None:
        raise NotFound(
            f"No plan of plane {plane.code!r} is in force on {day}; publish one from that day or earlier.",
            kind="no-plan-in-force",
        )
    table = await plans.grid_table(connection, plan.plan_id)
    classes = await plans.classes_on(connection, table, day, known_at)
    return Basis(plan, table, classes, await policies.workload(connection, day, known_at))


async def by_grid(
    connection: AsyncConnection, plane: Plane, day: dt.date, known_at: dt.datetime | None = None
) -> GridWork:
    """The work in every grid of a plane on a day, as known then."""
    on = await basis(connection, plane, day, known_at)
    held = await holdings.held(connection, plane.plane_id, day, known_at)
    row, n = held.rows(on.table), len(on.table)
    keys, row = held.account_pk[row >= 0], row[row >= 0]
    customers = np.bincount(row, minlength=n).astype(np.float64)
    count = {name: np.zeros(n) for name in PARTS}
    minutes = {name: np.zeros(n) for name in PARTS}
    classes = np.array(on.classes, dtype=object)
    for start in range(0, len(keys), CHUNK):
        some, at = keys[start : start + CHUNK], row[start : start + CHUNK]
        parts = await accounts.parts(connection, some, classes[at], on.policy, day, known_at)
        for total, chunk in (
            (count, {name: part.count for name, part in parts.items()}),
            (minutes, {name: part.minutes for name, part in parts.items()}),
        ):
            for name, values in sum_by(at, chunk, n).items():
                total[name] += values
    return GridWork(on, customers, count, minutes)


async def of_grid(
    connection: AsyncConnection,
    plane: Plane,
    code: str,
    day: dt.date,
    known_at: dt.datetime | None = None,
) -> OneGrid:
    """The work in one grid on a day, as known then."""
    on = await basis(connection, plane, day, known_at)
    _, row = plans.row_of(on.table, code, plane.code, day)
    held = await holdings.held(connection, plane.plane_id, day, known_at, on.table.grid_ids[row])
    known = await accounts.on_day(connection, held.account_pk, day, known_at)
    classes = np.full(len(held.account_pk), on.classes[row], dtype=object)
    parts = await accounts.parts(connection, held.account_pk, classes, on.policy, day, known_at)
    return OneGrid(on, row, held.account_pk, known.tier, parts)
