"""What accounts weigh, read set-wise into columns."""

import datetime as dt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import distinct, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import AccountProfile
from app.storage.columns import as_array, read_columns
from app.storage.dated import on_day

Keys = NDArray[np.int64]

# Keys are asked for by ANY and nothing is joined: as long as the statistics know nothing yet of a fresh
# organisation, a join is a nested loop over all keys times all rows.
_COUNTS = """
    SELECT p.account_pk, p.tier, p.visits, p.prospects, p.opportunities, p.complaints
    FROM account_profiles p WHERE p.account_pk = ANY(CAST(:accounts AS bigint[])) AND {holds}
"""
_MEASURE = """
    SELECT t.account_pk, coalesce(m.value, 0) AS value
    FROM unnest(CAST(:accounts AS bigint[])) AS t (account_pk)
    LEFT JOIN metrics m ON m.account_pk = t.account_pk AND m.measure = :measure AND m.month = :month
    ORDER BY t.account_pk
"""


async def counts(
    connection: AsyncConnection, keys: Keys, day: dt.date, known_at: dt.datetime | None
) -> dict[str, NDArray[Any]]:
    """Tier and monthly counts of these accounts (ascending) on a day; None and NaN where nothing is known."""
    kinds: Any = {"account_pk": "int64", "tier": "text"}
    numbers = ("visits", "prospects", "opportunities", "complaints")
    kinds |= dict.fromkeys(numbers, "float64")
    then = {} if known_at is None else {"known_at": known_at}
    query = _COUNTS.format(holds=on_day("p", known_at))
    found = await read_columns(connection, query, kinds, accounts=as_array(keys), at=day, **then)
    row = np.searchsorted(keys, found["account_pk"])
    out: dict[str, NDArray[Any]] = {"tier": np.full(len(keys), None, dtype=object)}
    out |= {name: np.full(len(keys), np.nan) for name in numbers}
    for name, values in out.items():
        values[row] = found[name]
    return out


async def in_use(
    connection: AsyncConnection, what: Literal["tier", "segment"], since: dt.date, until: dt.date | None
) -> dict[str, int]:
    """How many accounts have each tier or segment on some day from ``since`` up to ``until``."""
    value = {"tier": AccountProfile.tier, "segment": AccountProfile.segment}[what]
    query = select(value, func.count(distinct(AccountProfile.account_pk))).where(
        value.is_not(None),
        AccountProfile.superseded_at.is_(None),
        AccountProfile.valid_to.is_(None) | (AccountProfile.valid_to > since),
    )
    if until is not None:
        query = query.where(AccountProfile.valid_from < until)
    return {str(row[0]): int(row[1]) for row in await connection.execute(query.group_by(value))}


async def measures(connection: AsyncConnection, day: dt.date) -> dict[str, dt.date]:
    """The measures there are, each with its latest month that began by the day."""
    query = text("SELECT measure, max(month) AS month FROM metrics WHERE month <= :day GROUP BY measure")
    return {row.measure: row.month for row in await connection.execute(query, {"day": day})}


async def measure(connection: AsyncConnection, keys: Keys, name: str, month: dt.date) -> NDArray[np.float64]:
    """A measure of these accounts (ascending) in a month; 0 where none was loaded."""
    kinds: Any = {"account_pk": "int64", "value": "float64"}
    found = await read_columns(connection, _MEASURE, kinds, accounts=keys.tolist(), measure=name, month=month)
    return found["value"]
