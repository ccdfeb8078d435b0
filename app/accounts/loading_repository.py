"""Merging staged parties, named lists and metrics."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import ListEntry, Metric, Party
from app.storage.columns import read_columns
from app.storage.dated import overlay
from app.storage.merge import merge

Keys = NDArray[np.int64]

# A column that the file lacks stays as it is.
_WANTED_PARTIES = text(
    """
    CREATE TEMPORARY TABLE wanted_parties ON COMMIT DROP AS
    SELECT s.id AS party_id, s.name,
           CASE WHEN 'uscc' = ANY(:given) THEN s.uscc ELSE p.uscc END AS uscc,
           coalesce(p.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN parties p ON p.party_id = s.id
    WHERE s.reason IS NULL
    """
)
_ONE_OWNER = text(
    """
    UPDATE staged SET reason = concat_ws('; ', reason,
        CASE WHEN account IS NULL THEN 'account or party is missing'
             ELSE 'account and party are both given: one of them is owned by name' END)
    WHERE num_nonnulls(account, party) <> 1
    """
)
_COMPLETE_LISTS = text(
    "UPDATE staged SET list = coalesce(list, ''), valid_from = coalesce(valid_from, :since) "
    "WHERE list IS NULL OR valid_from IS NULL"
)
_WANTED_ACCOUNT_ENTRIES = text(
    """
    CREATE TEMPORARY TABLE wanted_account_entries ON COMMIT DROP AS
    SELECT CAST(:plane AS uuid) AS plane_id, s.list, a.account_pk, g.grid_id, s.valid_from, s.valid_to,
           false AS gone
    FROM staged s JOIN accounts a ON a.account_id = s.account JOIN known_grids g ON g.code = s.grid
    WHERE s.reason IS NULL
    """
)
_WANTED_PARTY_ENTRIES = text(
    """
    CREATE TEMPORARY TABLE wanted_party_entries ON COMMIT DROP AS
    SELECT CAST(:plane AS uuid) AS plane_id, s.list, s.party AS party_id, g.grid_id, s.valid_from, s.valid_to,
           false AS gone
    FROM staged s JOIN known_grids g ON g.code = s.grid
    WHERE s.reason IS NULL AND s.party IS NOT NULL
    """
)
_WANTED_METRICS = text(
    """
    CREATE TEMPORARY TABLE wanted_metrics ON COMMIT DROP AS
    SELECT a.account_pk, s.month, s.measure, s.value
    FROM staged s JOIN accounts a ON a.account_id = s.account
    WHERE s.reason IS NULL
    """
)


async def registry_numbers(connection: AsyncConnection) -> AsyncIterator[tuple[int, str]]:
    """Row and registry number of each accepted row that has one, by row."""
    query = text("SELECT row, uscc FROM staged WHERE reason IS NULL AND uscc IS NOT NULL ORDER BY row")
    async with connection.stream(query) as rows:
        async for row in rows:
            yield row.row, row.uscc


async def merge_parties(connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str]) -> int:
    """Add and change the staged parties; how many."""
    await connection.execute(_WANTED_PARTIES, {"given": list(given)})
    table: Any = Party.__table__
    values = ["name", "uscc", "attributes"]
    return sum(await merge(connection, org_id, table, ["party_id"], values, "wanted_parties"))


async def refuse_without_one_owner(connection: AsyncConnection) -> None:
    """Refuse rows of a named list that name neither an account nor a party, or both."""
    await connection.execute(_ONE_OWNER)


async def complete_lists(connection: AsyncConnection, since: dt.date) -> None:
    """Fill in what a row need not say: a list without a name, from ``since``."""
    await connection.execute(_COMPLETE_LISTS, {"since": since})


@dataclass(frozen=True)
class WrittenLists:
    """What a file of named lists changed: how many entries, whose, and from which day on (none: nothing)."""

    changed: int
    accounts: Keys
    parties: list[str]
    since: dt.date | None


async def merge_lists(connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID) -> WrittenLists:
    """Lay the staged entries over what is known."""
    table: Any = ListEntry.__table__
    key, changed, days = ["plane_id", "list"], 0, []
    accounts: Keys = np.empty(0, np.int64)
    parties: list[str] = []
    for who, statement, source in (
        ("account_pk", _WANTED_ACCOUNT_ENTRIES, "wanted_account_entries"),
        ("party_id", _WANTED_PARTY_ENTRIES, "wanted_party_entries"),
    ):
        await connection.execute(statement, {"plane": plane_id})
        changed += await overlay(connection, org_id, table, [*key, who], ["grid_id"], source)
        if who == "account_pk":
            query = "SELECT DISTINCT account_pk FROM overlay_changed"
            accounts = (await read_columns(connection, query, {"account_pk": "int64"}))["account_pk"]
        else:
            rows = await connection.execute(text("SELECT DISTINCT party_id FROM overlay_changed"))
            parties = [row.party_id for row in rows]
        first = (await connection.execute(text("SELECT min(valid_from) FROM overlay_changed"))).scalar_one()
        days += [first] if first is not None else []
    return WrittenLists(changed, accounts, parties, min(days, default=None))


async def merge_metrics(connection: AsyncConnection, org_id: uuid.UUID) -> int:
    """Add and change the staged measures; how many."""
    await connection.execute(_WANTED_METRICS)
    table: Any = Metric.__table__
    key = ["account_pk", "month", "measure"]
    return sum(await merge(connection, org_id, table, key, ["value"], "wanted_metrics"))
