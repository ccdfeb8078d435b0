"""What is currently known of many accounts over a span of days, as columns.

The dated columns hold one row for each span in which a fact holds; ``account`` is a row number of
``Accounts``. Ask for one day (``until`` the day after) and each account has at most one place, cluster and
lock. Days are int32 since 1970-01-01, an open end is ``app.storage.columns.OPEN``; grids are 16 raw bytes.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts_repository as repository
from app.accounts.facts_repository import keys_after as keys_after
from app.accounts.facts_repository import keys_of as keys_of
from app.accounts.facts_repository import party_entries as party_entries

Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Accounts:
    """n accounts, ascending by key; texts are object arrays with None where nothing is known."""

    account_pk: Keys
    account_id: NDArray[np.object_]
    segment: NDArray[np.object_]
    tier: NDArray[np.object_]
    net_status: NDArray[np.object_]
    party_id: NDArray[np.object_]
    first_day: NDArray[np.int32]
    """The first day on which the account has a place; OPEN: never."""

    def __len__(self) -> int:
        return len(self.account_pk)


@dataclass(frozen=True)
class Dated:
    """Facts in spans of days."""

    account: NDArray[np.int64]
    start: NDArray[np.int32]
    end: NDArray[np.int32]


@dataclass(frozen=True)
class Places(Dated):
    """Where accounts are. ``level`` is an index into ``geo.geocodes.LEVELS``; ``building_pk`` −1: none."""

    lng: NDArray[np.float64]
    lat: NDArray[np.float64]
    level: NDArray[np.int8]
    radius_m: NDArray[np.float64]
    building_pk: NDArray[np.int64]


@dataclass(frozen=True)
class Entries(Dated):
    """Entries of named lists; ``party_id`` where the account's party is on the list, else None."""

    grid_id: NDArray[np.void]
    list_name: NDArray[np.object_]
    party_id: NDArray[np.object_]


@dataclass(frozen=True)
class Members(Dated):
    """Memberships of clusters."""

    cluster_pk: Keys


@dataclass(frozen=True)
class Locks(Dated):
    """Locks to a grid."""

    grid_id: NDArray[np.void]


@dataclass(frozen=True)
class AccountFacts:
    """All that a plane's rules may ask of accounts."""

    accounts: Accounts
    places: Places
    entries: Entries
    members: Members
    locks: Locks


async def accounts_of(connection: AsyncConnection, keys: Keys) -> Accounts:
    """The accounts with these keys, ascending; keys that are not there are left out."""
    return Accounts(**await repository.accounts(connection, keys))


async def places_of(
    connection: AsyncConnection, accounts: Accounts, since: dt.date, until: dt.date | None = None
) -> Places:
    """Places that hold on some day from ``since`` up to, not including, ``until``."""
    found = await repository.places(connection, accounts.account_pk, since, until)
    return Places(
        **_dated(accounts, found),
        lng=found["lng"],
        lat=found["lat"],
        level=found["level"].astype(np.int8),
        radius_m=found["radius_m"],
        building_pk=found["building_pk"],
    )


async def read(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    keys: Keys,
    since: dt.date,
    until: dt.date | None = None,
) -> AccountFacts:
    """All facts of these accounts that hold in the plane on some day from ``since`` up to ``until``."""
    accounts = await accounts_of(connection, keys)
    entries = await repository.entries(connection, plane_id, accounts.account_pk, since, until)
    members = await repository.members(connection, accounts.account_pk, since, until)
    locks = await repository.locks(connection, plane_id, accounts.account_pk, since, until)
    return AccountFacts(
        accounts,
        await places_of(connection, accounts, since, until),
        Entries(
            **_dated(accounts, entries),
            grid_id=entries["grid_id"],
            list_name=entries["list"],
            party_id=entries["party_id"],
        ),
        Members(**_dated(accounts, members), cluster_pk=members["cluster_pk"]),
        Locks(**_dated(accounts, locks), grid_id=locks["grid_id"]),
    )


async def touched_by(
    connection: AsyncConnection,
    since: dt.date,
    *,
    buildings: Keys | None = None,
    clusters: Keys | None = None,
    parties: list[str] | None = None,
    regions: Keys | None = None,
) -> Keys:
    """Accounts that a change of these buildings, clusters, parties or regions may move from ``since`` on."""
    none = np.empty(0, np.int64)
    return await repository.touched(
        connection,
        since,
        none if buildings is None else buildings,
        none if clusters is None else clusters,
        parties or [],
        none if regions is None else regions,
    )


def _dated(accounts: Accounts, found: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {
        "account": np.searchsorted(accounts.account_pk, found["account_pk"]),
        "start": found["valid_from"],
        "end": found["valid_to"],
    }
