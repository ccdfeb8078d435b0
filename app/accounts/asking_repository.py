"""Accounts, parties and named lists as of a day, and over all days."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.dated import AsOf, known
from app.storage.rows import records

Rows = list[dict[str, Any]]

# What a grid is called on a day: as in the plan in force then, else in the latest that was published or made.
_CODE = """(
    SELECT g.code FROM plan_grids g
    JOIN plans n ON n.org_id = g.org_id AND n.plan_id = g.plan_id
    LEFT JOIN plan_terms t ON t.org_id = g.org_id AND t.plan_id = g.plan_id AND {known}
    WHERE g.org_id = d.org_id AND g.grid_id = d.grid_id AND {made}
    ORDER BY (t.valid_from <= {day} AND (t.valid_to IS NULL OR {day} < t.valid_to)) IS NOT TRUE,
             t.valid_from DESC NULLS LAST, n.created_at DESC
    LIMIT 1) AS grid"""
_EVER = "d.superseded_at"
# What was known then was not yet known to be wrong.
_THEN = "CAST(NULL AS timestamptz) AS superseded_at"
_SPAN = "d.valid_from, d.valid_to, d.recorded_at, {until}"
_PROFILES = """
    SELECT d.segment, d.tier, d.net_status, d.party_id AS party, d.visits, d.prospects, d.opportunities,
           d.complaints, {span}
    FROM account_profiles d WHERE d.account_pk = :key AND {when} ORDER BY d.valid_from, d.recorded_at
"""
_PLACES = """
    SELECT d.received_lng, d.received_lat, d.datum, ST_X(d.geometry) AS lng, ST_Y(d.geometry) AS lat, d.h3,
           d.geocode_level, d.radius_m, b.building_id AS building, r.region_id AS region, d.address, {span}
    FROM account_places d
    LEFT JOIN buildings b ON b.org_id = d.org_id AND b.building_pk = d.building_pk
    LEFT JOIN regions r ON r.org_id = d.org_id AND r.region_pk = d.region_pk
    WHERE d.account_pk = :key AND {when} ORDER BY d.valid_from, d.recorded_at
"""
_CLUSTERS = """
    SELECT c.cluster_id AS cluster, c.name, {span}
    FROM cluster_members d JOIN clusters c ON c.org_id = d.org_id AND c.cluster_pk = d.cluster_pk
    WHERE d.account_pk = :key AND {when} ORDER BY d.valid_from, d.recorded_at
"""
_LOCKS = """
    SELECT p.code AS plane, {code}, {span}
    FROM account_locks d JOIN planes p ON p.org_id = d.org_id AND p.plane_id = d.plane_id
    WHERE d.account_pk = :key AND {when} ORDER BY p.code COLLATE "C", d.valid_from, d.recorded_at
"""
_LISTS = """
    SELECT p.code AS plane, d.list, {code}, NULL AS party, {span}
    FROM list_entries d JOIN planes p ON p.org_id = d.org_id AND p.plane_id = d.plane_id
    WHERE d.account_pk = :key AND {when}
    UNION ALL
    SELECT p.code, d.list, {code}, d.party_id, greatest(d.valid_from, f.valid_from),
           least(d.valid_to, f.valid_to), greatest(d.recorded_at, f.recorded_at), {ended}
    FROM account_profiles f
    JOIN list_entries d ON d.org_id = f.org_id AND d.party_id = f.party_id
         AND d.valid_from < coalesce(f.valid_to, 'infinity')
         AND f.valid_from < coalesce(d.valid_to, 'infinity')
    JOIN planes p ON p.org_id = d.org_id AND p.plane_id = d.plane_id
    WHERE f.account_pk = :key AND {of} AND {when}
    ORDER BY plane, list, valid_from, recorded_at
"""
_ASSIGNMENTS = """
    SELECT p.code AS plane, {code}, d.status, d.rule, d.tie, {span}
    FROM assignments d JOIN planes p ON p.org_id = d.org_id AND p.plane_id = d.plane_id
    WHERE d.account_pk = :key AND {when} ORDER BY p.code COLLATE "C", d.valid_from, d.recorded_at
"""
FACTS = {
    "profiles": _PROFILES,
    "places": _PLACES,
    "clusters": _CLUSTERS,
    "lists": _LISTS,
    "locks": _LOCKS,
    "assignments": _ASSIGNMENTS,
}
_ONE = """
    SELECT account_pk, account_id AS id, name, uscc, confirmed_on AS confirmed, attributes, created_at
    FROM accounts WHERE account_id = :id
"""
# By key: that is the order of an index whatever is asked, and no page sorts all that there is.
_PAGE = """
    SELECT a.account_pk, a.account_id AS id, a.name, f.segment, f.tier, f.net_status, f.party_id AS party,
           ST_X(l.geometry) AS lng, ST_Y(l.geometry) AS lat, l.geocode_level, l.address,
           b.building_id AS building, c.cluster_id AS cluster {more}
    FROM accounts a
    JOIN account_profiles f ON f.org_id = a.org_id AND f.account_pk = a.account_pk AND {is_so}
    LEFT JOIN account_places l ON l.org_id = a.org_id AND l.account_pk = a.account_pk AND {is_there}
    LEFT JOIN buildings b ON b.org_id = l.org_id AND b.building_pk = l.building_pk
    LEFT JOIN cluster_members m ON m.org_id = a.org_id AND m.account_pk = a.account_pk AND {is_in}
    LEFT JOIN clusters c ON c.org_id = m.org_id AND c.cluster_pk = m.cluster_pk
    {held}
    WHERE a.account_pk > :after {filters}
    ORDER BY a.account_pk LIMIT :limit
"""
_HELD = """
    JOIN assignments d ON d.org_id = a.org_id AND d.account_pk = a.account_pk AND d.plane_id = :plane
         AND {is_held}
"""
_FILTERS = {
    "segment": "f.segment",
    "tier": "f.tier",
    "net_status": "f.net_status",
    "party": "f.party_id",
    "building": "b.building_id",
    "cluster": "c.cluster_id",
    "status": "d.status",
    "grid_id": "d.grid_id",
}
_WHERE_HELD = """
    SELECT d.account_pk, p.code AS plane, {code}, d.status, d.rule
    FROM assignments d JOIN planes p ON p.org_id = d.org_id AND p.plane_id = d.plane_id
    WHERE d.account_pk = ANY(CAST(:keys AS bigint[])) AND {when}
    ORDER BY d.account_pk, p.code COLLATE "C"
"""
_PARTIES = """
    SELECT r.party_id AS id, r.name, r.uscc, r.attributes,
           (SELECT count(*) FROM account_profiles f
            WHERE f.org_id = r.org_id AND f.party_id = r.party_id AND {is_so}) AS sites
    FROM parties r WHERE {where} ORDER BY r.party_id COLLATE "C" LIMIT :limit
"""
_ENTRIES = """
    SELECT d.entry_id, p.code AS plane, d.list, a.account_id AS account, d.party_id AS party, {code}, {span}
    FROM list_entries d
    JOIN planes p ON p.org_id = d.org_id AND p.plane_id = d.plane_id
    LEFT JOIN accounts a ON a.org_id = d.org_id AND a.account_pk = d.account_pk
    WHERE d.entry_id > :after AND {when} {filters} ORDER BY d.entry_id LIMIT :limit
"""
_ENTRY_FILTERS = {
    "plane": "p.code",
    "list": "d.list",
    "account": "a.account_id",
    "party": "d.party_id",
    "grid_id": "d.grid_id",
}


@dataclass(frozen=True)
class Wanted:
    """Which accounts or entries are asked for: values that columns must have (None: any)."""

    plane_id: uuid.UUID | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def sql(self, columns: dict[str, str]) -> str:
        """The conditions, each value a parameter."""
        return "".join(f" AND {columns[name]} = :{name}" for name in self.given)

    @property
    def given(self) -> dict[str, Any]:
        """The values that are asked for."""
        return {name: value for name, value in self.values.items() if value is not None}


async def one(connection: AsyncConnection, account_id: str) -> dict[str, Any] | None:
    """The account with this id, but for its dated facts."""
    found = records(await connection.execute(text(_ONE), {"id": account_id}))
    return found[0] if found else None


async def facts_on(connection: AsyncConnection, key: int, asked: AsOf, name: str) -> Rows:
    """The account's facts of one kind (a key of ``FACTS``) on a day."""
    query = _dated(FACTS[name], asked.known_at, asked.holds("d"), ":at", of=asked.holds("f"))
    return records(await connection.execute(text(query), asked.params | {"key": key}))


async def history(connection: AsyncConnection, key: int, known_at: dt.datetime | None, name: str) -> Rows:
    """All spans of the account's facts of one kind: those known then, or (none) all that ever were."""
    params: dict[str, Any] = {"key": key}
    when = "true"
    if known_at is not None:
        params["known_at"], when = known_at, known("d", known_at)
    query = _dated(FACTS[name], known_at, when, "d.valid_from", of=known("f", known_at))
    return records(await connection.execute(text(query), params))


def _dated(query: str, known_at: dt.datetime | None, when: str, day: str, **words: str) -> str:
    """A query whose rows hold ``when``, and whose grids are called as on the ``day``."""
    span = _SPAN.format(until=_EVER if known_at is None else _THEN)
    return query.format(when=when, code=_code(day, known_at), span=span, ended=span.split(", ")[-1], **words)


def _code(day: str, known_at: dt.datetime | None) -> str:
    made = "true" if known_at is None else "n.created_at <= :known_at"
    return _CODE.format(day=day, known=known("t", known_at), made=made)


async def page(connection: AsyncConnection, asked: AsOf, wanted: Wanted, after: int, limit: int) -> Rows:
    """Accounts behind the key ``after``; with a plane also grid, status and rule."""
    words = {
        "is_so": asked.holds("f"),
        "is_there": asked.holds("l"),
        "is_in": asked.holds("m"),
        "more": "",
        "held": "",
        "filters": wanted.sql(_FILTERS),
    }
    params = asked.params | wanted.given | {"after": after, "limit": limit}
    if wanted.plane_id is not None:
        words["more"] = ", d.status, d.rule, " + _code(":at", asked.known_at)
        words["held"] = _HELD.format(is_held=asked.holds("d"))
        params["plane"] = wanted.plane_id
    return records(await connection.execute(text(_PAGE.format(**words)), params))


async def held(connection: AsyncConnection, keys: list[int], asked: AsOf) -> Rows:
    """Whose these accounts are in each plane on a day."""
    query = _dated(_WHERE_HELD, asked.known_at, asked.holds("d"), ":at")
    return records(await connection.execute(text(query), asked.params | {"keys": keys}))


async def parties(connection: AsyncConnection, asked: AsOf, after: str, limit: int, name: str | None) -> Rows:
    """Parties behind ``after``, by id, with how many sites each has; those whose name holds a text."""
    where = 'r.party_id COLLATE "C" > :after'
    params = asked.params | {"after": after, "limit": limit}
    if name is not None:
        where += " AND strpos(lower(r.name), lower(:name)) > 0"
        params["name"] = name
    query = _PARTIES.format(is_so=asked.holds("f"), where=where)
    return records(await connection.execute(text(query), params))


async def party(connection: AsyncConnection, asked: AsOf, party_id: str) -> dict[str, Any] | None:
    """One party."""
    query = _PARTIES.format(is_so=asked.holds("f"), where="r.party_id = :party")
    found = records(await connection.execute(text(query), asked.params | {"party": party_id, "limit": 1}))
    return found[0] if found else None


async def entries(connection: AsyncConnection, asked: AsOf, wanted: Wanted, after: int, limit: int) -> Rows:
    """Entries of named lists that hold on a day, in the order in which they were written."""
    query = _dated(_ENTRIES, asked.known_at, asked.holds("d"), ":at", filters=wanted.sql(_ENTRY_FILTERS))
    params = asked.params | wanted.given | {"after": after, "limit": limit}
    return records(await connection.execute(text(query), params))
