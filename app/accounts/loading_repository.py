"""Merging staged parties, accounts, named lists and metrics."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import (
    Account,
    AccountLock,
    AccountPlace,
    AccountProfile,
    ClusterMember,
    ListEntry,
    Metric,
    Party,
)
from app.storage.columns import read_columns
from app.storage.dated import overlay, until_next_change
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
_WANTED_ACCOUNTS = text(
    """
    CREATE TEMPORARY TABLE wanted_accounts ON COMMIT DROP AS
    SELECT s.id AS account_id,
           CASE WHEN 'name' = ANY(:given) THEN s.name ELSE a.name END AS name,
           CASE WHEN 'uscc' = ANY(:given) THEN s.uscc ELSE a.uscc END AS uscc,
           coalesce(s.confirmed, a.confirmed_on) AS confirmed_on,
           coalesce(a.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes
    FROM staged s LEFT JOIN accounts a ON a.account_id = s.id
    WHERE s.reason IS NULL
    """
)
_CHANGED = text(
    """
    CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
    SELECT a.account_pk FROM merged m JOIN accounts a USING (account_id)
    """
)
_CHANGED_TOO = text("INSERT INTO changed SELECT account_pk FROM overlay_changed")
_TOUCHED_TOO = text("INSERT INTO touched SELECT account_pk FROM overlay_changed")
# Before its first profile an account is taken to have been what it was at first.
_WANTED_PROFILES = text(
    """
    CREATE TEMPORARY TABLE wanted_profiles ON COMMIT DROP AS
    SELECT a.account_pk,
           CASE WHEN 'segment' = ANY(:given) THEN s.segment ELSE p.segment END AS segment,
           CASE WHEN 'tier' = ANY(:given) THEN s.tier ELSE p.tier END AS tier,
           CASE WHEN 'net_status' = ANY(:given) THEN s.net_status ELSE p.net_status END AS net_status,
           CASE WHEN 'party' = ANY(:given) THEN s.party ELSE p.party_id END AS party_id,
           CASE WHEN 'visits' = ANY(:given) THEN s.visits ELSE p.visits END AS visits,
           CASE WHEN 'prospects' = ANY(:given) THEN s.prospects ELSE p.prospects END AS prospects,
           CASE WHEN 'opportunities' = ANY(:given) THEN s.opportunities ELSE p.opportunities
                END AS opportunities,
           CASE WHEN 'complaints' = ANY(:given) THEN s.complaints ELSE p.complaints END AS complaints,
           CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to, false AS gone
    FROM staged s
    JOIN accounts a ON a.account_id = s.id
    LEFT JOIN (
        SELECT DISTINCT ON (d.account_pk) d.*
        FROM account_profiles d
        WHERE d.superseded_at IS NULL AND coalesce(d.valid_to, 'infinity') > :since
          AND d.account_pk IN (SELECT k.account_pk FROM accounts k JOIN staged n ON n.id = k.account_id)
        ORDER BY d.account_pk, d.valid_from
    ) p ON p.account_pk = a.account_pk
    WHERE s.reason IS NULL
    """
)
# What rules and covers ask of a profile; the rest (visits, complaints …) moves nobody.
_TOUCHED = text(
    """
    CREATE TEMPORARY TABLE touched ON COMMIT DROP AS
    SELECT w.account_pk FROM wanted_profiles w
    WHERE NOT EXISTS (
        SELECT FROM account_profiles d
        WHERE d.account_pk = w.account_pk AND d.superseded_at IS NULL
          AND d.valid_from <= w.valid_from
          AND coalesce(d.valid_to, 'infinity') >= coalesce(w.valid_to, 'infinity')
          AND (d.segment, d.tier, d.net_status, d.party_id)
              IS NOT DISTINCT FROM (w.segment, w.tier, w.net_status, w.party_id))
    """
)
# A file that says nothing of the building, the region or the geocode leaves them as they are where the
# coordinates are the same; at other coordinates they say nothing any more. An address stays until another
# is given: coordinates are found anew for addresses, more often than customers move.
_WANTED_PLACES = text(
    """
    CREATE TEMPORARY TABLE wanted_places ON COMMIT DROP AS
    SELECT a.account_pk, s.received_lng, s.received_lat, CAST(:crs AS text) AS datum, s.point AS geometry,
           s.h3,
           coalesce(CASE WHEN 'geocode_level' = ANY(:given) THEN s.geocode_level ELSE p.geocode_level END,
                    'point') AS geocode_level,
           CASE WHEN 'radius_m' = ANY(:given) THEN s.radius_m ELSE p.radius_m END AS radius_m,
           CASE WHEN 'building' = ANY(:given) THEN b.building_pk ELSE p.building_pk END AS building_pk,
           CASE WHEN 'region' = ANY(:given) THEN r.region_pk ELSE p.region_pk END AS region_pk,
           CASE WHEN 'address' = ANY(:given) THEN s.address ELSE q.address END AS address,
           CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to, false AS gone
    FROM staged s
    JOIN accounts a ON a.account_id = s.id
    LEFT JOIN buildings b ON b.building_id = s.building
    LEFT JOIN regions r ON r.region_id = s.region
    LEFT JOIN account_places q ON q.org_id = a.org_id AND q.account_pk = a.account_pk
         AND q.superseded_at IS NULL AND q.valid_from <= :since
         AND (q.valid_to IS NULL OR :since < q.valid_to)
    LEFT JOIN account_places p ON p.org_id = q.org_id AND p.place_id = q.place_id
         AND p.received_lng = s.received_lng AND p.received_lat = s.received_lat AND p.datum = :crs
    WHERE s.reason IS NULL
    """
)
_WANTED_MEMBERS = text(
    """
    CREATE TEMPORARY TABLE wanted_members ON COMMIT DROP AS
    SELECT a.account_pk, c.cluster_pk, CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to,
           c.cluster_pk IS NULL AS gone
    FROM staged s
    JOIN accounts a ON a.account_id = s.id
    LEFT JOIN clusters c ON c.cluster_id = s.cluster
    WHERE s.reason IS NULL
    """
)
# Every plane that is looked at says something: the grid of this code, or that the lock is gone.
_WANTED_LOCKS = text(
    """
    CREATE TEMPORARY TABLE wanted_locks ON COMMIT DROP AS
    SELECT p.plane_id, a.account_pk, g.grid_id, CAST(:since AS date) AS valid_from,
           CAST(NULL AS date) AS valid_to, g.grid_id IS NULL AS gone
    FROM staged s
    JOIN accounts a ON a.account_id = s.id
    CROSS JOIN (SELECT DISTINCT plane_id FROM known_grids) p
    LEFT JOIN known_grids g ON g.plane_id = p.plane_id AND g.code = s.locked_grid
    WHERE s.reason IS NULL AND (g.grid_id IS NOT NULL OR EXISTS (
        SELECT FROM account_locks l WHERE l.org_id = a.org_id AND l.plane_id = p.plane_id
          AND l.account_pk = a.account_pk AND l.superseded_at IS NULL))
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


async def registry_numbers(connection: AsyncConnection) -> list[tuple[int, str]]:
    """Row and registry number of each accepted row that has one."""
    query = text("SELECT row, uscc FROM staged WHERE reason IS NULL AND uscc IS NOT NULL ORDER BY row")
    return [(row.row, row.uscc) for row in await connection.execute(query)]


async def merge_parties(connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str]) -> int:
    """Add and change the staged parties; how many."""
    await connection.execute(_WANTED_PARTIES, {"given": list(given)})
    table: Any = Party.__table__
    values = ["name", "uscc", "attributes"]
    return sum(await merge(connection, org_id, table, ["party_id"], values, "wanted_parties"))


async def merge_accounts(connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str]) -> None:
    """Add and change the staged accounts, but for their dated facts."""
    await connection.execute(_WANTED_ACCOUNTS, {"given": list(given)})
    table: Any = Account.__table__
    values = ["name", "uscc", "confirmed_on", "attributes"]
    await merge(connection, org_id, table, ["account_id"], values, "wanted_accounts")
    await connection.execute(_CHANGED)


async def merge_profiles(
    connection: AsyncConnection, org_id: uuid.UUID, since: dt.date, given: Sequence[str]
) -> None:
    """From ``since`` until the next known change the staged accounts are what the file says."""
    await connection.execute(_WANTED_PROFILES, {"given": list(given), "since": since})
    table: Any = AccountProfile.__table__
    values = ["segment", "tier", "net_status", "party_id"]
    values += ["visits", "prospects", "opportunities", "complaints"]
    await until_next_change(connection, table, ["account_pk"], "wanted_profiles")
    await connection.execute(_TOUCHED)
    await overlay(connection, org_id, table, ["account_pk"], values, "wanted_profiles")
    await connection.execute(_CHANGED_TOO)


async def merge_places(
    connection: AsyncConnection, org_id: uuid.UUID, since: dt.date, given: Sequence[str], crs: str
) -> None:
    """From ``since`` the staged accounts are where the file says; one that moved gets a new dated place."""
    await connection.execute(_WANTED_PLACES, {"given": list(given), "since": since, "crs": crs})
    table: Any = AccountPlace.__table__
    values = ["received_lng", "received_lat", "datum", "geometry", "h3"]
    values += ["geocode_level", "radius_m", "building_pk", "region_pk", "address"]
    await until_next_change(connection, table, ["account_pk"], "wanted_places")
    await overlay(connection, org_id, table, ["account_pk"], values, "wanted_places")
    await connection.execute(_CHANGED_TOO)
    await connection.execute(_TOUCHED_TOO)


async def merge_members(connection: AsyncConnection, org_id: uuid.UUID, since: dt.date) -> None:
    """From ``since`` the staged accounts are in the clusters that the file says, or in none."""
    await connection.execute(_WANTED_MEMBERS, {"since": since})
    table: Any = ClusterMember.__table__
    await until_next_change(connection, table, ["account_pk"], "wanted_members")
    await overlay(connection, org_id, table, ["account_pk"], ["cluster_pk"], "wanted_members")
    await connection.execute(_CHANGED_TOO)
    await connection.execute(_TOUCHED_TOO)


async def merge_locks(connection: AsyncConnection, org_id: uuid.UUID, since: dt.date) -> None:
    """From ``since`` the staged accounts are locked to the grids that the file says, or to none."""
    await connection.execute(_WANTED_LOCKS, {"since": since})
    table: Any = AccountLock.__table__
    key = ["plane_id", "account_pk"]
    await until_next_change(connection, table, key, "wanted_locks")
    await overlay(connection, org_id, table, key, ["grid_id"], "wanted_locks")
    await connection.execute(_CHANGED_TOO)
    await connection.execute(_TOUCHED_TOO)


async def changed(connection: AsyncConnection) -> int:
    """How many accounts changed in anything."""
    found = await connection.execute(text("SELECT count(DISTINCT account_pk) FROM changed"))
    return int(found.scalar_one())


async def touched(connection: AsyncConnection) -> Keys:
    """The accounts of which anything changed that may decide where they belong."""
    query = "SELECT DISTINCT account_pk FROM touched"
    return (await read_columns(connection, query, {"account_pk": "int64"}))["account_pk"]


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
