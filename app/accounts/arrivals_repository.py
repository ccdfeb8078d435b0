"""Merging staged accounts: who arrives, and what holds of them from a day on.

A fresh account has no history, so that what is said of it is written as it stands; of a known one it is laid
over what is known. Both come from one statement for each kind of fact. Rows of the tables are looked up by
key for each staged row, never joined: what an import costs goes by its rows, not by those of the tables,
and hangs on nothing that the planner does not know yet of tables filled a moment ago.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import AccountLock, AccountPlace, AccountProfile, ClusterMember
from app.storage.columns import read_columns
from app.storage.dated import moment, overlay, until_next_change

Keys = NDArray[np.int64]

# A column that the file lacks stays as it is.
_SAID = {
    "name": "CASE WHEN 'name' = ANY(:given) THEN s.name ELSE a.name END",
    "uscc": "CASE WHEN 'uscc' = ANY(:given) THEN s.uscc ELSE a.uscc END",
    "confirmed_on": "coalesce(s.confirmed, a.confirmed_on)",
    "attributes": "coalesce(a.attributes, '{}') || CAST(s.attributes AS jsonb)",
}
_ARRIVE = """
CREATE TEMPORARY TABLE arrivals ON COMMIT DROP AS
SELECT s.row, s.id AS account_id, a.account_pk, a.at,
       ({name}, {uscc}, {confirmed_on}, {attributes})
       IS DISTINCT FROM (a.name, a.uscc, a.confirmed_on, a.attributes) AS differs
FROM staged s
LEFT JOIN LATERAL (SELECT t.*, t.ctid AS at FROM accounts t WHERE t.account_id = s.id OFFSET 0) a ON true
WHERE s.reason IS NULL
"""
_ADD = """
WITH written AS (
    INSERT INTO accounts AS t (org_id, account_id, name, uscc, confirmed_on, attributes)
    SELECT :org, r.account_id, {name}, {uscc}, {confirmed_on}, {attributes}
    FROM arrivals r JOIN staged s USING (row) LEFT JOIN accounts a ON false
    WHERE r.account_pk IS NULL ORDER BY r.row
    RETURNING t.account_id, t.account_pk
)
INSERT INTO added SELECT account_id, account_pk FROM written
"""
_CHANGE = """
UPDATE accounts a SET name = {name}, uscc = {uscc}, confirmed_on = {confirmed_on},
                      attributes = {attributes}, updated_at = clock_timestamp()
FROM arrivals r JOIN staged s USING (row)
WHERE r.differs AND a.account_pk = r.account_pk
  AND a.ctid = ANY(ARRAY(SELECT at FROM arrivals WHERE account_pk IS NOT NULL AND differs))
"""
_LOADED = text(
    """
    CREATE TEMPORARY TABLE loaded ON COMMIT DROP AS
    SELECT r.row, coalesce(r.account_pk, n.account_pk) AS account_pk, r.account_pk IS NULL AS fresh
    FROM arrivals r LEFT JOIN added n USING (account_id)
    """
)
_CHANGED = text(
    """
    CREATE TEMPORARY TABLE changed ON COMMIT DROP AS
    SELECT account_pk FROM arrivals WHERE account_pk IS NOT NULL AND differs
    """
)

# Before its first profile an account is taken to have been what it was at first.
_PROFILES = """
    SELECT l.account_pk,
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
    FROM loaded l
    JOIN staged s USING (row)
    LEFT JOIN LATERAL (
        SELECT d.* FROM account_profiles d
        WHERE NOT l.fresh AND d.account_pk = l.account_pk AND d.superseded_at IS NULL
          AND coalesce(d.valid_to, 'infinity') > :since
        ORDER BY d.valid_from LIMIT 1
    ) p ON true
    WHERE l.fresh = :fresh
"""
# What rules and covers ask of a profile; the rest (visits, complaints …) moves nobody.
_MOVING_PROFILES = text(
    """
    INSERT INTO touched
    SELECT w.account_pk FROM wanted_account_profiles w
    WHERE (
        SELECT true FROM account_profiles d
        WHERE d.account_pk = w.account_pk AND d.superseded_at IS NULL
          AND d.valid_from <= w.valid_from
          AND coalesce(d.valid_to, 'infinity') >= coalesce(w.valid_to, 'infinity')
          AND (d.segment, d.tier, d.net_status, d.party_id)
              IS NOT DISTINCT FROM (w.segment, w.tier, w.net_status, w.party_id) LIMIT 1) IS NULL
    """
)
# A file that says nothing of the building, the region or the geocode leaves them as they are where the
# coordinates are the same; at other coordinates they say nothing any more. An address stays until another
# is given: coordinates are found anew for addresses, more often than customers move.
_PLACES = """
    SELECT l.account_pk, s.received_lng, s.received_lat, CAST(:crs AS text) AS datum, s.point AS geometry,
           s.h3,
           coalesce(CASE WHEN 'geocode_level' = ANY(:given) THEN s.geocode_level ELSE p.geocode_level END,
                    'point') AS geocode_level,
           CASE WHEN 'radius_m' = ANY(:given) THEN s.radius_m ELSE p.radius_m END AS radius_m,
           CASE WHEN 'building' = ANY(:given) THEN b.building_pk ELSE p.building_pk END AS building_pk,
           CASE WHEN 'region' = ANY(:given) THEN r.region_pk ELSE p.region_pk END AS region_pk,
           CASE WHEN 'address' = ANY(:given) THEN s.address ELSE q.address END AS address,
           CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to, false AS gone
    FROM loaded l
    JOIN staged s USING (row)
    LEFT JOIN buildings b ON b.building_id = s.building
    LEFT JOIN regions r ON r.region_id = s.region
    LEFT JOIN LATERAL (
        SELECT d.* FROM account_places d
        WHERE NOT l.fresh AND d.account_pk = l.account_pk AND d.superseded_at IS NULL
          AND d.valid_from <= :since AND (d.valid_to IS NULL OR :since < d.valid_to)
        OFFSET 0
    ) q ON true
    LEFT JOIN LATERAL (
        SELECT q.*
        WHERE q.received_lng = s.received_lng AND q.received_lat = s.received_lat AND q.datum = :crs
    ) p ON true
    WHERE l.fresh = :fresh
"""
_MEMBERS = """
    SELECT l.account_pk, c.cluster_pk, CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to,
           c.cluster_pk IS NULL AS gone
    FROM loaded l
    JOIN staged s USING (row)
    LEFT JOIN clusters c ON c.cluster_id = s.cluster
    WHERE l.fresh = :fresh
"""
# Every plane that is looked at says something: the grid of this code, or that the lock is gone.
_LOCKS = """
    SELECT p.plane_id, l.account_pk, g.grid_id, CAST(:since AS date) AS valid_from,
           CAST(NULL AS date) AS valid_to, g.grid_id IS NULL AS gone
    FROM loaded l
    JOIN staged s USING (row)
    CROSS JOIN (SELECT DISTINCT plane_id FROM known_grids) p
    LEFT JOIN known_grids g ON g.plane_id = p.plane_id AND g.code = s.locked_grid
    WHERE l.fresh = :fresh AND (g.grid_id IS NOT NULL OR NOT l.fresh AND (
        SELECT true FROM account_locks k WHERE k.plane_id = p.plane_id
          AND k.account_pk = l.account_pk AND k.superseded_at IS NULL LIMIT 1))
"""


@dataclass(frozen=True)
class Arrived:
    """How many of the staged accounts are fresh, and how many were known before."""

    fresh: int
    known: int


async def arrive(connection: AsyncConnection, org_id: uuid.UUID, given: Sequence[str]) -> Arrived:
    """Add and change the staged accounts, but for their dated facts."""
    said = {"given": list(given)}
    await connection.execute(text(_ARRIVE.format(**_SAID)), said)
    await connection.execute(text("ANALYZE arrivals"))
    await connection.execute(
        text("CREATE TEMPORARY TABLE added (account_id text, account_pk bigint) ON COMMIT DROP")
    )
    fresh = (await connection.execute(text(_ADD.format(**_SAID)), said | {"org": org_id})).rowcount
    await connection.execute(text("ANALYZE added"))
    await connection.execute(text(_CHANGE.format(**_SAID)), said)
    await connection.execute(_LOADED)
    await connection.execute(text("ANALYZE loaded"))
    await connection.execute(_CHANGED)
    await connection.execute(text("CREATE TEMPORARY TABLE touched (account_pk bigint) ON COMMIT DROP"))
    known = await connection.execute(text("SELECT count(*) FROM loaded WHERE NOT fresh"))
    return Arrived(fresh, known.scalar_one())


async def merge_profiles(
    connection: AsyncConnection, org_id: uuid.UUID, arrived: Arrived, since: dt.date, given: Sequence[str]
) -> None:
    """From ``since`` until the next known change the staged accounts are what the file says."""
    values = ["segment", "tier", "net_status", "party_id"]
    values += ["visits", "prospects", "opportunities", "complaints"]
    table: Any = AccountProfile.__table__
    said = {"since": since, "given": list(given)}
    await _merge(connection, org_id, arrived, table, ["account_pk"], values, _PROFILES, said)


async def merge_places(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    arrived: Arrived,
    since: dt.date,
    given: Sequence[str],
    crs: str,
) -> None:
    """From ``since`` the staged accounts are where the file says; one that moved gets a new dated place."""
    values = ["received_lng", "received_lat", "datum", "geometry", "h3"]
    values += ["geocode_level", "radius_m", "building_pk", "region_pk", "address"]
    table: Any = AccountPlace.__table__
    said = {"since": since, "given": list(given), "crs": crs}
    await _merge(connection, org_id, arrived, table, ["account_pk"], values, _PLACES, said)


async def merge_members(
    connection: AsyncConnection, org_id: uuid.UUID, arrived: Arrived, since: dt.date
) -> None:
    """From ``since`` the staged accounts are in the clusters that the file says, or in none."""
    table: Any = ClusterMember.__table__
    said = {"since": since}
    await _merge(connection, org_id, arrived, table, ["account_pk"], ["cluster_pk"], _MEMBERS, said)


async def merge_locks(
    connection: AsyncConnection, org_id: uuid.UUID, arrived: Arrived, since: dt.date
) -> None:
    """From ``since`` the staged accounts are locked to the grids that the file says, or to none."""
    table: Any = AccountLock.__table__
    key, said = ["plane_id", "account_pk"], {"since": since}
    await _merge(connection, org_id, arrived, table, key, ["grid_id"], _LOCKS, said)


async def _merge(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    arrived: Arrived,
    table: Table,
    key: Sequence[str],
    values: Sequence[str],
    wanted: str,
    said: dict[str, Any],
) -> None:
    """Write the facts ``wanted`` of fresh accounts, and lay those of known ones over what is known."""
    if arrived.fresh:
        columns = ", ".join([*key, *values, "valid_from", "valid_to"])
        first = text(
            f"INSERT INTO {table.name} (org_id, {columns}, recorded_at) "  # noqa: S608 - names of ours
            f"SELECT :org, {columns}, :now FROM ({wanted}) w WHERE NOT gone ORDER BY account_pk"
        )
        now = await moment(connection)
        await connection.execute(first, said | {"fresh": True, "org": org_id, "now": now})
    if arrived.known:
        source = f"wanted_{table.name}"
        await connection.execute(
            text(f"CREATE TEMPORARY TABLE {source} ON COMMIT DROP AS {wanted}"), said | {"fresh": False}
        )
        await until_next_change(connection, table, key, source)
        if wanted is _PROFILES:
            await connection.execute(_MOVING_PROFILES)
        await overlay(connection, org_id, table, key, values, source)
        await connection.execute(text("INSERT INTO changed SELECT account_pk FROM overlay_changed"))
        if wanted is not _PROFILES:
            await connection.execute(text("INSERT INTO touched SELECT account_pk FROM overlay_changed"))


async def changed(connection: AsyncConnection, arrived: Arrived) -> int:
    """How many accounts are new or changed in anything."""
    found = await connection.execute(text("SELECT count(DISTINCT account_pk) FROM changed"))
    return arrived.fresh + int(found.scalar_one())


async def touched(connection: AsyncConnection) -> Keys:
    """The accounts that are new, or of which anything changed that may decide where they belong; in order."""
    query = "SELECT account_pk FROM loaded WHERE fresh UNION ALL SELECT account_pk FROM touched"
    found = await read_columns(connection, query, {"account_pk": "int64"})
    return np.unique(found["account_pk"])
