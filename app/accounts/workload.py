"""What accounts weigh: customers, minutes by the organisation's policy, or a measure that was loaded."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import workload_repository as repository
from app.errors import Invalid
from geo.workload import MEASURES, Accounts, WorkloadPolicy, weights

Keys = NDArray[np.int64]


async def known_measures(
    connection: AsyncConnection, names: Sequence[str], day: dt.date
) -> dict[str, dt.date]:
    """The loaded ones of these measures with the month that counts on the day; raises for an unknown one."""
    loaded = await repository.measures(connection, day)
    unknown = [name for name in names if name not in MEASURES and name not in loaded]
    if unknown:
        raise Invalid(
            f"There is no measure {unknown[0]!r}; there are {', '.join([*MEASURES, *sorted(loaded)])}. "
            "Load it as metrics first.",
            kind="unknown-measure",
        )
    return {name: loaded[name] for name in names if name not in MEASURES}


async def on_day(
    connection: AsyncConnection, keys: Keys, day: dt.date, known_at: dt.datetime | None = None
) -> Accounts:
    """What of these accounts (ascending by key) weighs on a day, as known then."""
    return Accounts(**await repository.counts(connection, keys, day, known_at))


async def weigh(
    connection: AsyncConnection,
    keys: Keys,
    classes: NDArray[np.object_],
    policy: WorkloadPolicy,
    names: Sequence[str],
    months: dict[str, dt.date],
    day: dt.date,
) -> NDArray[np.float64]:
    """The named measures of accounts on a day, (n, k); ``classes`` are of the ground that each is on.

    ``keys`` ascending. Raises :class:`geo.errors.InputError` for a tier or class unknown to the policy.
    """
    columns: dict[str, NDArray[np.float64]] = {"customers": np.ones(len(keys))}
    if "minutes" in names:
        columns |= weights(await on_day(connection, keys, day), policy, classes)
    for name, month in months.items():
        columns[name] = await repository.measure(connection, keys, name, month)
    return np.column_stack([columns[name] for name in names])


async def in_use(
    connection: AsyncConnection, what: Literal["tier", "segment"], since: dt.date, until: dt.date | None
) -> dict[str, int]:
    """How many accounts have each tier or segment on some day from ``since`` up to ``until``."""
    return await repository.in_use(connection, what, since, until)
