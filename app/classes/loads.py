"""Customers and minutes of every grid of a plane on a day, by the class that each grid has."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import workload
from app.assignments import holdings
from app.plans.service import GridTable
from app.policies import service as policies

CHUNK = 100_000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Loads:
    """Of each grid of a table: its customers, and its minutes under two sets of classes."""

    customers: Floats
    before: Floats
    after: Floats


async def loads(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    table: GridTable,
    day: dt.date,
    before: Sequence[str],
    after: Sequence[str],
) -> Loads:
    """Customers and minutes by grid, with the grids' classes as they are and as they would be."""
    policy = await policies.workload(connection, day)
    held = await holdings.held(connection, plane_id, day)
    row, n = held.rows(table), len(table)
    keys, row = held.account_pk[row >= 0], row[row >= 0]
    was, will = np.array(before, dtype=object), np.array(after, dtype=object)
    minutes = np.zeros((2, n))
    for start in range(0, len(keys), CHUNK):
        some, at = keys[start : start + CHUNK], row[start : start + CHUNK]
        for total, classes in zip(minutes, (was, will), strict=True):
            weighed = await workload.weigh(connection, some, classes[at], policy, ["minutes"], {}, day)
            total += np.bincount(at, weighed[:, 0], minlength=n)
    return Loads(np.bincount(row, minlength=n).astype(np.float64), minutes[0], minutes[1])
