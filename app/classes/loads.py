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
    rows = held.rows(table)
    here = rows >= 0
    keys, rows = held.account_pk[here], rows[here]
    was, will = np.array(before, dtype=object), np.array(after, dtype=object)
    differs = was != will
    sums = np.zeros((3, len(table)))
    for start in range(0, len(keys), CHUNK):
        some, at = keys[start : start + CHUNK], rows[start : start + CHUNK]
        weights = await workload.weigh(connection, some, was[at], policy, ["customers", "minutes"], {}, day)
        later = weights[:, 1].copy()
        changed = differs[at]
        if changed.any():
            anew = await workload.weigh(
                connection, some[changed], will[at[changed]], policy, ["minutes"], {}, day
            )
            later[changed] = anew[:, 0]
        for number, values in enumerate((weights[:, 0], weights[:, 1], later)):
            sums[number] += np.bincount(at, values, minlength=len(table))
    return Loads(sums[0], sums[1], sums[2])
