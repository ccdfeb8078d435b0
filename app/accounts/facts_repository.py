"""What is currently known of accounts, read set-wise into columns."""

import datetime as dt
import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import OPEN, as_array, read_columns
from geo.geocodes import LEVELS

Keys = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]

# Keys are asked for by ANY and nothing is joined: as long as the statistics know nothing yet of a fresh
# organisation, a join is a nested loop over all keys times all rows.
_ACCOUNTS = """
    SELECT account_pk, account_id, segment, tier, net_status, party_id FROM accounts
    WHERE account_pk = ANY(CAST(:accounts AS bigint[])) ORDER BY account_pk
"""
_FIRST_DAYS = """
    SELECT account_pk, min(valid_from) AS first_day FROM account_places
    WHERE account_pk = ANY(CAST(:accounts AS bigint[])) AND superseded_at IS NULL GROUP BY account_pk
"""
_PLACES = """
    SELECT d.account_pk, d.valid_from, d.valid_to, ST_X(d.geometry) AS lng, ST_Y(d.geometry) AS lat,
           array_position(CAST(:levels AS text[]), d.geocode_level) - 1 AS level, d.radius_m, d.building_pk
    FROM account_places d
    WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND d.superseded_at IS NULL
      AND coalesce(d.valid_to, 'infinity') > CAST(:since AS date)
      AND d.valid_from < coalesce(CAST(:until AS date), 'infinity')
"""
_ENTRIES = """
    SELECT d.account_pk, d.valid_from, d.valid_to, d.grid_id, d.list, NULL AS party_id
    FROM list_entries d
    WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND d.plane_id = :plane AND d.superseded_at IS NULL
      AND coalesce(d.valid_to, 'infinity') > CAST(:since AS date)
      AND d.valid_from < coalesce(CAST(:until AS date), 'infinity')
    UNION ALL
    SELECT a.account_pk, d.valid_from, d.valid_to, d.grid_id, d.list, d.party_id
    FROM accounts a JOIN list_entries d ON d.party_id = a.party_id
    WHERE a.account_pk = ANY(CAST(:accounts AS bigint[])) AND d.plane_id = :plane AND d.superseded_at IS NULL
      AND coalesce(d.valid_to, 'infinity') > CAST(:since AS date)
      AND d.valid_from < coalesce(CAST(:until AS date), 'infinity')
"""
_MEMBERS = """
    SELECT d.account_pk, d.valid_from, d.valid_to, d.cluster_pk
    FROM cluster_members d
    WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND d.superseded_at IS NULL
      AND coalesce(d.valid_to, 'infinity') > CAST(:since AS date)
      AND d.valid_from < coalesce(CAST(:until AS date), 'infinity')
"""
_LOCKS = """
    SELECT d.account_pk, d.valid_from, d.valid_to, d.grid_id
    FROM account_locks d
    WHERE d.account_pk = ANY(CAST(:accounts AS bigint[])) AND d.plane_id = :plane AND d.superseded_at IS NULL
      AND coalesce(d.valid_to, 'infinity') > CAST(:since AS date)
      AND d.valid_from < coalesce(CAST(:until AS date), 'infinity')
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
        SELECT account_pk FROM accounts WHERE party_id = ANY(CAST(:parties AS text[]))
    ) touched
"""


async def accounts(connection: AsyncConnection, keys: Keys) -> Columns:
    """The accounts themselves, and the first day any place of theirs is known."""
    kinds: Any = {"account_pk": "int64"}
    texts = dict.fromkeys(("account_id", "segment", "tier", "net_status", "party_id"), "text")
    found = await read_columns(connection, _ACCOUNTS, kinds | texts, accounts=as_array(keys))
    first = await read_columns(connection, _FIRST_DAYS, kinds | {"first_day": "day"}, accounts=as_array(keys))
    day = np.full(len(found["account_pk"]), OPEN, first["first_day"].dtype)
    placed = np.isin(first["account_pk"], found["account_pk"])
    day[np.searchsorted(found["account_pk"], first["account_pk"][placed])] = first["first_day"][placed]
    return {**found, "first_day": day}


async def places(connection: AsyncConnection, keys: Keys, since: dt.date, until: dt.date | None) -> Columns:
    """Their places that hold on some day from ``since`` up to ``until``."""
    return await read_columns(
        connection,
        _PLACES,
        {
            "account_pk": "int64",
            "valid_from": "day",
            "valid_to": "day",
            "lng": "float64",
            "lat": "float64",
            "level": "int64",
            "radius_m": "float64",
            "building_pk": "int64",
        },
        accounts=as_array(keys),
        levels=list(LEVELS),
        since=since,
        until=until,
    )


async def entries(
    connection: AsyncConnection, plane_id: uuid.UUID, keys: Keys, since: dt.date, until: dt.date | None
) -> Columns:
    """Entries of the plane's named lists, the account's own and its party's (``party_id`` says whose)."""
    kinds: Any = {
        "account_pk": "int64",
        "valid_from": "day",
        "valid_to": "day",
        "grid_id": "uuid",
        "list": "text",
        "party_id": "text",
    }
    return await read_columns(
        connection, _ENTRIES, kinds, accounts=as_array(keys), plane=plane_id, since=since, until=until
    )


async def members(connection: AsyncConnection, keys: Keys, since: dt.date, until: dt.date | None) -> Columns:
    """Their memberships of clusters."""
    kinds: Any = {"account_pk": "int64", "valid_from": "day", "valid_to": "day", "cluster_pk": "int64"}
    return await read_columns(connection, _MEMBERS, kinds, accounts=as_array(keys), since=since, until=until)


async def locks(
    connection: AsyncConnection, plane_id: uuid.UUID, keys: Keys, since: dt.date, until: dt.date | None
) -> Columns:
    """Their locks in the plane."""
    kinds: Any = {"account_pk": "int64", "valid_from": "day", "valid_to": "day", "grid_id": "uuid"}
    return await read_columns(
        connection, _LOCKS, kinds, accounts=as_array(keys), plane=plane_id, since=since, until=until
    )


async def touched(
    connection: AsyncConnection,
    since: dt.date,
    buildings: Keys,
    clusters: Keys,
    parties: list[str],
    regions: Keys,
) -> Keys:
    """Accounts that are in one of the buildings, clusters or regions on some day from ``since``, or of a
    party.
    """
    found = await read_columns(
        connection,
        _TOUCHED,
        {"account_pk": "int64"},
        since=since,
        buildings=as_array(buildings),
        clusters=as_array(clusters),
        parties=parties,
        regions=as_array(regions),
    )
    return found["account_pk"]


async def keys_after(connection: AsyncConnection, last: int, limit: int) -> Keys:
    """Account keys in order, behind ``last``."""
    page = "SELECT account_pk FROM accounts WHERE account_pk > :last ORDER BY account_pk LIMIT :limit"
    return (await read_columns(connection, page, {"account_pk": "int64"}, last=last, limit=limit))[
        "account_pk"
    ]


async def keys_of(connection: AsyncConnection, ids: list[str]) -> dict[str, int]:
    """The keys of accounts by the organisation's own ids; unknown ids are left out."""
    rows = await connection.execute(
        text("SELECT account_id, account_pk FROM accounts WHERE account_id = ANY(CAST(:ids AS text[]))"),
        {"ids": ids},
    )
    return {row.account_id: row.account_pk for row in rows}


async def party_entries(
    connection: AsyncConnection, plane_id: uuid.UUID, parties: list[str], day: dt.date
) -> Columns:
    """Entries of the plane's named lists that hold for parties on a day."""
    query = """
        SELECT party_id, grid_id, list FROM list_entries d
        WHERE plane_id = :plane AND party_id = ANY(CAST(:parties AS text[])) AND superseded_at IS NULL
          AND valid_from <= CAST(:day AS date) AND coalesce(valid_to, 'infinity') > CAST(:day AS date)
    """
    kinds: Any = {"party_id": "text", "grid_id": "uuid", "list": "text"}
    return await read_columns(connection, query, kinds, plane=plane_id, parties=parties, day=day)
