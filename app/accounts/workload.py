"""What accounts weigh: customers, minutes by the organisation's policy, or a measure that was loaded."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts_repository
from app.accounts import workload_repository as repository
from app.errors import Invalid
from geo.workload import MEASURES, Accounts, Part, WorkloadPolicy, breakdown, minutes_of

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


async def parts(
    connection: AsyncConnection,
    keys: Keys,
    classes: NDArray[np.object_],
    policy: WorkloadPolicy,
    day: dt.date,
    known_at: dt.datetime | None = None,
) -> dict[str, Part]:
    """The parts of the minutes of accounts on a day, as known then; ``classes`` are of the ground of each.

    ``keys`` ascending. Raises :class:`app.errors.Invalid` for a tier that the policy has no visits for: it
    came after the policy did.
    """
    known = await on_day(connection, keys, day, known_at)
    unknown = sorted({tier for tier in known.tier.tolist() if tier and tier not in policy.visits})
    if unknown:
        here = np.flatnonzero(known.tier == unknown[0])
        first = (await facts_repository.accounts(connection, keys[here[:1]], known_at))["account_id"][0]
        raise Invalid(
            f"The workload policy in force on {day} has no visits for tier {unknown[0]!r}, which "
            f"{len(here):,} of these customers have, such as {first!r}; give it some with "
            "PUT /v1/policies/workload, or correct the customers.",
            kind="unknown-tier",
            tier=unknown[0],
            customers=len(here),
        )
    return breakdown(known, policy, classes)


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

    ``keys`` ascending. Raises as :func:`parts`.
    """
    columns: dict[str, NDArray[np.float64]] = {"customers": np.ones(len(keys))}
    if "minutes" in names:
        found = await parts(connection, keys, classes, policy, day)
        columns["minutes"] = minutes_of(found)
    for name, month in months.items():
        columns[name] = await repository.measure(connection, keys, name, month)
    return np.column_stack([columns[name] for name in names])


async def in_use(
    connection: AsyncConnection, what: Literal["tier", "segment"], since: dt.date, until: dt.date | None
) -> dict[str, int]:
    """How many accounts have each tier or segment on some day from ``since`` up to ``until``."""
    return await repository.in_use(connection, what, since, until)
