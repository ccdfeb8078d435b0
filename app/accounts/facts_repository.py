"""What is known of accounts, read set-wise into columns."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import OPEN, Kind, as_array, by_index, read_columns
from app.storage.dated import between, known
from geo.geocodes import LEVELS

Keys = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

# Keys are asked for by ANY, through indexes, and nothing is joined: as long as the statistics know nothing
# yet of a fresh organisation, a join is a nested loop over all keys times all rows.
_ACCOUNTS = """
    SELECT account_pk, account_id FROM accounts
    WHERE account_pk = ANY(CAST(:accounts AS bigint[])) ORDER BY account_pk
"""
_FIRST_DAYS = """
    SELECT d.account_pk, min(d.valid_from) AS first_day FROM account_places d
    WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND {known} GROUP BY d.account_pk
"""
_PROFILES = """
    SELECT d.account_pk, d.valid_from, d.valid_to, d.segment, d.tier, d.net_status, d.party_id
    FROM account_profiles d WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND {holds}
"""
_PLACES = """
    SELECT d.account_pk, d.valid_from, d.valid_to, ST_X(d.geometry) AS lng, ST_Y(d.geometry) AS lat,
           array_position(CAST(:levels AS text[]), d.geocode_level) - 1 AS level, d.radius_m, d.building_pk,
           d.region_pk
    FROM account_places d WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND {holds}
"""
_ENTRIES = """
    SELECT d.account_pk, d.valid_from, d.valid_to, d.grid_id, d.list FROM list_entries d
    WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND d.plane_id = :plane AND {holds}
"""
_PARTY_ENTRIES = """
    SELECT d.party_id, d.valid_from, d.valid_to, d.grid_id, d.list FROM list_entries d
    WHERE d.party_id = ANY(CAST(:parties AS text[])) AND d.plane_id = :plane AND {holds}
"""
_MEMBERS = """
    SELECT d.account_pk, d.valid_from, d.valid_to, d.cluster_pk FROM cluster_members d
    WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND {holds}
"""
_LOCKS = """
    SELECT d.account_pk, d.valid_from, d.valid_to, d.grid_id FROM account_locks d
    WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND d.plane_id = :plane AND {holds}
"""
_TOUCHED = """
    SELECT DISTINCT account_pk FROM (
        SELECT account_pk FROM account_places
        WHERE superseded_at IS NULL AND coalesce(valid_to, 'infinity') > CAST(:since AS date)
          AND building_pk = ANY(CAST(:buildings AS bigint[]))
        UNION ALL
        SELECT account_pk FROM account_places
        WHERE superseded_at IS NULL AND coalesce(valid_to, 'infinity') > CAST(:since AS date)
          AND region_pk = ANY(CAST(:regions AS bigint[]))
        UNION ALL
        SELECT account_pk FROM cluster_members
        WHERE superseded_at IS NULL AND coalesce(valid_to, 'infinity') > CAST(:since AS date)
          AND cluster_pk = ANY(CAST(:clusters AS bigint[]))
        UNION ALL
        SELECT account_pk FROM account_profiles
        WHERE superseded_at IS NULL AND coalesce(valid_to, 'infinity') > CAST(:since AS date)
          AND party_id = ANY(CAST(:parties AS text[]))
    ) touched
"""


@dataclass(frozen=True)
class Span:
    """The days (``until`` not included, none: all that come) and the knowledge (none: now's) asked about."""

    since: dt.date
    until: dt.date | None = None
    known_at: dt.datetime | None = None


async def _dated(
    connection: AsyncConnection, query: str, kinds: dict[str, Kind], span: Span, **params: Any
) -> Columns:
    """The rows of a query that hold in the span."""
    if span.known_at is not None:
        params["known_at"] = span.known_at
    dated: dict[str, Kind] = {"valid_from": "day", "valid_to": "day"}
    return await read_columns(
        connection,
        query.format(holds=between("d", span.known_at)),
        kinds | dated,
        since=span.since,
        until=span.until,
        **params,
    )


async def _of_accounts(
    connection: AsyncConnection, query: str, kinds: dict[str, Kind], span: Span, keys: Keys, **params: Any
) -> Columns:
    """The same for rows of accounts."""
    async with by_index(connection, keys):
        return await _dated(connection, query, kinds, span, accounts=as_array(keys), **params)


async def accounts(connection: AsyncConnection, keys: Keys, known_at: dt.datetime | None) -> Columns:
    """The accounts themselves, and the first day any place of theirs is known."""
    kinds: dict[str, Kind] = {"account_pk": "int64", "account_id": "text"}
    async with by_index(connection, keys):
        found = await read_columns(connection, _ACCOUNTS, kinds, accounts=as_array(keys))
    then = {} if known_at is None else {"known_at": known_at}
    query = _FIRST_DAYS.format(known=known("d", known_at))
    kinds = {"account_pk": "int64", "first_day": "day"}
    async with by_index(connection, keys):
        first = await read_columns(connection, query, kinds, accounts=as_array(keys), **then)
    day = np.full(len(found["account_pk"]), OPEN, first["first_day"].dtype)
    placed = np.isin(first["account_pk"], found["account_pk"])
    day[np.searchsorted(found["account_pk"], first["account_pk"][placed])] = first["first_day"][placed]
    return {**found, "first_day": day}


async def profiles(connection: AsyncConnection, keys: Keys, span: Span) -> Columns:
    """What kind of customers they are."""
    kinds: dict[str, Kind] = {"account_pk": "int64"}
    kinds |= dict.fromkeys(("segment", "tier", "net_status", "party_id"), "text")
    return await _of_accounts(connection, _PROFILES, kinds, span, keys)


async def places(connection: AsyncConnection, keys: Keys, span: Span) -> Columns:
    """Where they are."""
    kinds: dict[str, Kind] = {
        "account_pk": "int64",
        "lng": "float64",
        "lat": "float64",
        "level": "int64",
        "radius_m": "float64",
        "building_pk": "int64",
        "region_pk": "int64",
    }
    return await _of_accounts(connection, _PLACES, kinds, span, keys, levels=list(LEVELS))


async def entries(connection: AsyncConnection, plane_id: uuid.UUID, keys: Keys, span: Span) -> Columns:
    """Their own entries of the plane's named lists."""
    kinds: dict[str, Kind] = {"account_pk": "int64", "grid_id": "uuid", "list": "text"}
    return await _of_accounts(connection, _ENTRIES, kinds, span, keys, plane=plane_id)


async def party_entries(
    connection: AsyncConnection, plane_id: uuid.UUID, parties: list[str], span: Span
) -> Columns:
    """Entries of parties in the plane's named lists."""
    kinds: dict[str, Kind] = {"party_id": "text", "grid_id": "uuid", "list": "text"}
    return await _dated(connection, _PARTY_ENTRIES, kinds, span, parties=parties, plane=plane_id)


async def members(connection: AsyncConnection, keys: Keys, span: Span) -> Columns:
    """Their memberships of clusters."""
    kinds: dict[str, Kind] = {"account_pk": "int64", "cluster_pk": "int64"}
    return await _of_accounts(connection, _MEMBERS, kinds, span, keys)


async def locks(connection: AsyncConnection, plane_id: uuid.UUID, keys: Keys, span: Span) -> Columns:
    """Their locks in the plane."""
    kinds: dict[str, Kind] = {"account_pk": "int64", "grid_id": "uuid"}
    return await _of_accounts(connection, _LOCKS, kinds, span, keys, plane=plane_id)


async def touched(
    connection: AsyncConnection,
    since: dt.date,
    buildings: Keys,
    clusters: Keys,
    regions: Keys,
    parties: list[str],
) -> Keys:
    """Accounts that on some day from ``since`` are in one of these buildings, clusters or regions, or of one
    of these parties.
    """
    found = await read_columns(
        connection,
        _TOUCHED,
        {"account_pk": "int64"},
        since=since,
        buildings=as_array(buildings),
        clusters=as_array(clusters),
        regions=as_array(regions),
        parties=parties,
    )
    return found["account_pk"]


async def keys_after(connection: AsyncConnection, last: int, limit: int) -> Keys:
    """Account keys in order, behind ``last``."""
    page = "SELECT account_pk FROM accounts WHERE account_pk > :last ORDER BY account_pk LIMIT :limit"
    return (await read_columns(connection, page, {"account_pk": "int64"}, last=last, limit=limit))[
        "account_pk"
    ]


async def names_of(connection: AsyncConnection, keys: Keys) -> dict[int, str | None]:
    """What these accounts are called."""
    query = text("SELECT account_pk, name FROM accounts WHERE account_pk = ANY(CAST(:accounts AS bigint[]))")
    found = await connection.execute(query, {"accounts": as_array(keys)})
    return {row.account_pk: row.name for row in found}


async def keys_of(connection: AsyncConnection, ids: list[str]) -> dict[str, int]:
    """The keys of accounts by the organisation's own ids; unknown ids are left out."""
    rows = await connection.execute(
        text("SELECT account_id, account_pk FROM accounts WHERE account_id = ANY(CAST(:ids AS text[]))"),
        {"ids": ids},
    )
    return {row.account_id: row.account_pk for row in rows}
