"""What is known of many accounts over a span of days, as columns.

The dated columns hold one row for each span in which a fact holds; ``account`` is a row number of
``Accounts``. Ask for one day (``until`` the day after) and each account has at most one profile, place,
cluster and lock. Days are int32 since 1970-01-01, an open end is ``app.storage.columns.OPEN``; grids are 16
raw bytes. ``known_at``: what was known then, else what is known now.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts_repository as repository
from app.accounts.facts_repository import Span
from app.accounts.facts_repository import keys_after as keys_after
from app.accounts.facts_repository import keys_of as keys_of
from app.accounts.facts_repository import names_of as names_of

Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Accounts:
    """n accounts, ascending by key."""

    account_pk: Keys
    account_id: NDArray[np.object_]
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
class Profiles(Dated):
    """What kind of customers accounts are; None where nothing is known."""

    segment: NDArray[np.object_]
    tier: NDArray[np.object_]
    net_status: NDArray[np.object_]
    party_id: NDArray[np.object_]


@dataclass(frozen=True)
class Places(Dated):
    """Where accounts are. ``level`` is an index into ``geo.geocodes.LEVELS``; ``building_pk`` and
    ``region_pk`` (the ground within which a coarse place is) −1: none.
    """

    lng: NDArray[np.float64]
    lat: NDArray[np.float64]
    level: NDArray[np.int8]
    radius_m: NDArray[np.float64]
    building_pk: NDArray[np.int64]
    region_pk: NDArray[np.int64]


@dataclass(frozen=True)
class Entries(Dated):
    """Entries of named lists; ``party_id`` where the account's party is on the list, else None.

    A party's entry counts on the days on which the account is of the party.
    """

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
    profiles: Profiles
    places: Places
    entries: Entries
    members: Members
    locks: Locks


@dataclass(frozen=True)
class PartyEntries:
    """Entries of named lists that parties have over spans of days."""

    party_id: NDArray[np.object_]
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    grid_id: NDArray[np.void]
    list_name: NDArray[np.object_]


async def accounts_of(
    connection: AsyncConnection, keys: Keys, known_at: dt.datetime | None = None
) -> Accounts:
    """The accounts with these keys, ascending; keys that are not there are left out."""
    return Accounts(**await repository.accounts(connection, keys, known_at))


async def profiles_of(
    connection: AsyncConnection,
    accounts: Accounts,
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> Profiles:
    """Profiles that hold on some day from ``since`` up to, not including, ``until``."""
    found = await repository.profiles(connection, accounts.account_pk, Span(since, until, known_at))
    return Profiles(
        **_dated(accounts, found),
        segment=found["segment"],
        tier=found["tier"],
        net_status=found["net_status"],
        party_id=found["party_id"],
    )


async def places_of(
    connection: AsyncConnection,
    accounts: Accounts,
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> Places:
    """Places that hold on some day from ``since`` up to, not including, ``until``."""
    found = await repository.places(connection, accounts.account_pk, Span(since, until, known_at))
    return Places(
        **_dated(accounts, found),
        lng=found["lng"],
        lat=found["lat"],
        level=found["level"].astype(np.int8),
        radius_m=found["radius_m"],
        building_pk=found["building_pk"],
        region_pk=found["region_pk"],
    )


async def party_entries(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    parties: list[str],
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> PartyEntries:
    """Entries of these parties in the plane's named lists on some day from ``since`` up to ``until``."""
    found = await repository.party_entries(connection, plane_id, parties, Span(since, until, known_at))
    return PartyEntries(
        found["party_id"], found["valid_from"], found["valid_to"], found["grid_id"], found["list"]
    )


async def read(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    keys: Keys,
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> AccountFacts:
    """All facts of these accounts that hold in the plane on some day from ``since`` up to ``until``."""
    accounts, span = await accounts_of(connection, keys, known_at), Span(since, until, known_at)
    profiles = await profiles_of(connection, accounts, since, until, known_at)
    parties = sorted({party for party in profiles.party_id.tolist() if party is not None})
    entries = await repository.entries(connection, plane_id, accounts.account_pk, span)
    own = Entries(
        **_dated(accounts, entries),
        grid_id=entries["grid_id"],
        list_name=entries["list"],
        party_id=np.full(len(entries["list"]), None, dtype=object),
    )
    if parties:
        theirs = await party_entries(connection, plane_id, parties, since, until, known_at)
        own = _together(own, through_parties(profiles, theirs))
    members = await repository.members(connection, accounts.account_pk, span)
    locks = await repository.locks(connection, plane_id, accounts.account_pk, span)
    return AccountFacts(
        accounts,
        profiles,
        await places_of(connection, accounts, since, until, known_at),
        own,
        Members(**_dated(accounts, members), cluster_pk=members["cluster_pk"]),
        Locks(**_dated(accounts, locks), grid_id=locks["grid_id"]),
    )


def through_parties(profiles: Profiles, entries: PartyEntries) -> Entries:
    """What accounts are on through their party, over the days on which they are of it."""
    numbers = {party: row for row, party in enumerate(dict.fromkeys(entries.party_id.tolist()))}
    of_profile = np.array([numbers.get(party, -1) for party in profiles.party_id.tolist()], np.int64)
    of_entry = np.array([numbers[party] for party in entries.party_id.tolist()], np.int64)
    order = np.argsort(of_entry, kind="stable")
    low = np.searchsorted(of_entry[order], of_profile, side="left")
    count = np.searchsorted(of_entry[order], of_profile, side="right") - low
    profile = np.repeat(np.arange(len(of_profile)), count)
    entry = order[low[profile] + np.arange(len(profile)) - np.repeat(np.cumsum(count) - count, count)]
    start = np.maximum(profiles.start[profile], entries.start[entry])
    end = np.minimum(profiles.end[profile], entries.end[entry])
    kept = start < end
    profile, entry = profile[kept], entry[kept]
    return Entries(
        profiles.account[profile],
        start[kept],
        end[kept],
        entries.grid_id[entry],
        entries.list_name[entry],
        entries.party_id[entry],
    )


def _together(one: Entries, other: Entries) -> Entries:
    return Entries(*(np.concatenate([getattr(one, f.name), getattr(other, f.name)]) for f in fields(Entries)))


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
        none if regions is None else regions,
        parties or [],
    )


def _dated(accounts: Accounts, found: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {
        "account": np.searchsorted(accounts.account_pk, found["account_pk"]),
        "start": found["valid_from"],
        "end": found["valid_to"],
    }
