"""Competing claims of a plane's grids, read set-wise as of a day."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.dated import on_day
from app.storage.rows import records

Kind = Literal["account-lists", "cluster-owners", "party-and-site", "party-lists"]

# Only grids that the plan has can claim anything. Lists claim an account itself or through its party; a party
# is looked at only for accounts that are on a list themselves.
_OF_ACCOUNTS = """
    WITH own AS (
        SELECT d.account_pk, d.list, g.code AS grid, NULL AS party, d.valid_from, d.valid_to
        FROM list_entries d JOIN plan_grids g ON g.plan_id = :plan AND g.grid_id = d.grid_id
        WHERE d.plane_id = :plane AND d.account_pk IS NOT NULL AND {entry}
    ), claims AS (
        SELECT * FROM own
        UNION ALL
        SELECT f.account_pk, d.list, g.code, d.party_id, greatest(d.valid_from, f.valid_from),
               least(d.valid_to, f.valid_to)
        FROM list_entries d JOIN plan_grids g ON g.plan_id = :plan AND g.grid_id = d.grid_id
        JOIN account_profiles f ON f.org_id = d.org_id AND f.party_id = d.party_id AND {profile}
        WHERE d.plane_id = :plane AND {entry} AND f.account_pk IN (SELECT account_pk FROM own)
    ), subjects AS (
        SELECT c.account_pk AS key, a.account_id AS id, a.name
        FROM claims c JOIN accounts a ON a.account_pk = c.account_pk
        GROUP BY 1, 2, 3 HAVING {having}
    )
"""
_TWO_LISTS = "count(DISTINCT c.grid) FILTER (WHERE c.party IS NULL) > 1"
_ELSEWHERE = "count(DISTINCT c.grid) FILTER (WHERE c.party IS NULL) = 1 AND count(DISTINCT c.grid) > 1"
_OF_PARTIES = """
    WITH claims AS (
        SELECT d.party_id, d.list, g.code AS grid, d.party_id AS party, d.valid_from, d.valid_to
        FROM list_entries d JOIN plan_grids g ON g.plan_id = :plan AND g.grid_id = d.grid_id
        WHERE d.plane_id = :plane AND d.party_id IS NOT NULL AND {entry}
    ), subjects AS (
        SELECT c.party_id AS key, r.party_id AS id, r.name
        FROM claims c JOIN parties r ON r.party_id = c.party_id
        GROUP BY 1, 2, 3 HAVING count(DISTINCT c.grid) > 1
    )
"""
_OF_CLUSTERS = """
    WITH claims AS (
        SELECT d.cluster_pk, NULL AS list, g.code AS grid, NULL AS party, d.valid_from, d.valid_to
        FROM cluster_owners d JOIN plan_grids g ON g.plan_id = :plan AND g.grid_id = d.grid_id
        WHERE d.plane_id = :plane AND {entry}
    ), subjects AS (
        SELECT c.cluster_pk AS key, m.cluster_id AS id, m.name
        FROM claims c JOIN clusters m ON m.cluster_pk = c.cluster_pk
        GROUP BY 1, 2, 3 HAVING count(DISTINCT c.grid) > 1
    )
"""
_PAGE = """
    SELECT s.id, s.name, c.list, c.grid, c.party, c.valid_from, c.valid_to
    FROM (SELECT * FROM subjects WHERE id COLLATE "C" > :after ORDER BY id COLLATE "C" LIMIT :limit) s
    JOIN claims c ON c.{key} = s.key
    ORDER BY s.id COLLATE "C", c.list COLLATE "C", c.grid COLLATE "C", c.party COLLATE "C"
"""
_COUNT = "SELECT count(*) FROM subjects"
_KINDS: dict[Kind, tuple[str, str, str]] = {
    "account-lists": (_OF_ACCOUNTS, _TWO_LISTS, "account_pk"),
    "cluster-owners": (_OF_CLUSTERS, "", "cluster_pk"),
    "party-and-site": (_OF_ACCOUNTS, _ELSEWHERE, "account_pk"),
    "party-lists": (_OF_PARTIES, "", "party_id"),
}
KINDS: tuple[Kind, ...] = tuple(_KINDS)
_ANSWERS = """
    SELECT a.account_id AS id, d.status, d.rule, g.code AS grid
    FROM accounts a
    JOIN assignments d ON d.org_id = a.org_id AND d.account_pk = a.account_pk AND d.plane_id = :plane
         AND {held}
    LEFT JOIN plan_grids g ON g.plan_id = :plan AND g.grid_id = d.grid_id
    WHERE a.account_id = ANY(CAST(:ids AS text[]))
"""
_CONCERNED = {
    "cluster-owners": """
        SELECT c.cluster_id AS id, count(*) AS accounts
        FROM clusters c JOIN cluster_members d ON d.org_id = c.org_id AND d.cluster_pk = c.cluster_pk
        WHERE c.cluster_id = ANY(CAST(:ids AS text[])) AND {held} GROUP BY 1
    """,
    "party-lists": """
        SELECT d.party_id AS id, count(*) AS accounts FROM account_profiles d
        WHERE d.party_id = ANY(CAST(:ids AS text[])) AND {held} GROUP BY 1
    """,
}


@dataclass(frozen=True)
class Asked:
    """A plane and its plan on a day, as known at a moment (none: now)."""

    plane_id: uuid.UUID
    plan_id: uuid.UUID
    at: dt.date
    known_at: dt.datetime | None

    @property
    def params(self) -> dict[str, Any]:
        """What every query here asks for."""
        then = {} if self.known_at is None else {"known_at": self.known_at}
        return {"plane": self.plane_id, "plan": self.plan_id, "at": self.at, **then}


def _query(asked: Asked, kind: Kind, rest: str) -> str:
    subjects, having, key = _KINDS[kind]
    words = {"entry": on_day("d", asked.known_at), "profile": on_day("f", asked.known_at), "having": having}
    return subjects.format(**words) + rest.format(key=key)


async def claims(
    connection: AsyncConnection, asked: Asked, kind: Kind, after: str, limit: int
) -> list[dict[str, Any]]:
    """All claims on the first ``limit`` subjects of a conflict of this kind behind ``after``, by subject."""
    query = text(_query(asked, kind, _PAGE))
    return records(await connection.execute(query, asked.params | {"after": after, "limit": limit}))


async def count(connection: AsyncConnection, asked: Asked, kind: Kind) -> int:
    """How many conflicts of this kind there are."""
    found = await connection.execute(text(_query(asked, kind, _COUNT)), asked.params)
    return int(found.scalar_one())


async def answers(connection: AsyncConnection, asked: Asked, ids: list[str]) -> dict[str, dict[str, Any]]:
    """What is stored of these accounts: status, rule and grid."""
    query = text(_ANSWERS.format(held=on_day("d", asked.known_at)))
    rows = records(await connection.execute(query, asked.params | {"ids": ids}))
    return {row["id"]: row for row in rows}


async def concerned(connection: AsyncConnection, asked: Asked, kind: Kind, ids: list[str]) -> dict[str, int]:
    """How many accounts are of each of these parties or clusters."""
    query = text(_CONCERNED[kind].format(held=on_day("d", asked.known_at)))
    rows = records(await connection.execute(query, asked.params | {"ids": ids}))
    return {row["id"]: row["accounts"] for row in rows}
