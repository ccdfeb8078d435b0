"""What is known of the rows of a bulk question: what they say, and what their account is known for.

A column that was sent is believed row by row; where it is empty or was not sent, an account that is named
speaks for itself (tier, segment, net status, party, cluster market, lists, lock). The place is always the
question's own.
"""

import datetime as dt
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.accounts.facts import AccountFacts
from app.assignments import gather, timeline
from app.assignments.buildings import grids_of
from app.assignments.decide import Known
from app.assignments.locators import Ground
from app.coverage.columns import Question
from app.geocodes import service as geocodes
from app.places import facts as place_facts
from app.planes.service import COVERED_BY, Plane

Words = list[str | None]
Objects = NDArray[np.object_]


async def known_of(
    connection: AsyncConnection,
    plane: Plane,
    ground: Ground,
    question: Question,
    day: dt.date,
    known_at: dt.datetime | None,
    reason: Objects,
) -> Known:
    """The rows as the plan of ``ground`` names them; ids that nobody knows are said in ``reason``."""
    until = day + dt.timedelta(days=1)
    keys = await account_facts.keys_of(connection, _distinct(question.texts.get("account")))
    account_pk = _keys(question, "account", keys, reason)
    facts = await account_facts.read(
        connection, plane.plane_id, np.unique(account_pk[account_pk >= 0]), day, until, known_at
    )
    account = np.where(account_pk >= 0, np.searchsorted(facts.accounts.account_pk, account_pk), -1)
    columns: dict[str, Any] = {"level": question.level, "radius_m": question.radius_m}
    columns["covered"] = _covered(plane, question, facts, account)
    columns["lock"] = _of_account(gather.rows_of(ground, facts.locks.grid_id), facts.locks.account, account)
    columns |= await _clusters(connection, plane, ground, question, facts, account, day, known_at, reason)
    columns |= await _lists(connection, plane, ground, question, facts, account, day, known_at)
    if "building" in question.texts:
        keys = await place_facts.building_keys_of(connection, _distinct(question.texts["building"]))
        building_pk = _keys(question, "building", keys, reason)
        asked = np.unique(building_pk[building_pk >= 0])
        some = await place_facts.buildings_of(connection, asked, day, until, known_at)
        placed = await anyio.to_thread.run_sync(grids_of, ground, some)
        columns |= gather.building_columns(placed, building_pk, _days(day, len(question)))
    piles = await geocodes.piles_of(connection, question.lng, question.lat, day, until, known_at)
    columns["piled"] = np.zeros(len(question), bool)
    columns["piled"][piles.row[piles.verdict == geocodes.COARSE]] = True
    columns["piled"] &= ~columns.get("has_building", np.zeros(len(question), bool))
    return Known.of(question.lng, question.lat, **columns)


def _covered(
    plane: Plane, question: Question, facts: AccountFacts, account: NDArray[np.intp]
) -> NDArray[np.bool_]:
    inside = np.ones(len(question), bool)
    for name in COVERED_BY:
        allowed = set(plane.covers.get(name, []))
        if allowed:
            values = _said_or_known(question.texts.get(name), _profile(facts, name), account)
            inside &= np.array([value in allowed for value in values], bool)
    return inside


async def _clusters(
    connection: AsyncConnection,
    plane: Plane,
    ground: Ground,
    question: Question,
    facts: AccountFacts,
    account: NDArray[np.intp],
    day: dt.date,
    known_at: dt.datetime | None,
    reason: Objects,
) -> dict[str, Any]:
    cluster_pk = np.full(len(question), -1, np.int64)
    if len(facts.members.account):
        cluster_pk = _of_account(facts.members.cluster_pk, facts.members.account, account)
    said = question.texts.get("cluster")
    keys = await place_facts.cluster_keys_of(connection, _distinct(said))
    own = _keys(question, "cluster", keys, reason)
    if said is not None:
        cluster_pk = np.where([value is not None for value in said], own, cluster_pk)
    asked = np.unique(cluster_pk[cluster_pk >= 0])
    until = day + dt.timedelta(days=1)
    owners = await place_facts.owners_of(connection, plane.plane_id, asked, day, until, known_at)
    names = await place_facts.cluster_ids(connection, asked)
    row, owner = timeline.pairs(cluster_pk, owners.cluster_pk)
    ids = _objects([names.get(key) for key in cluster_pk.tolist()])
    return gather.owned(ids, ground, row, gather.rows_of(ground, owners.grid_id)[owner])


async def _lists(
    connection: AsyncConnection,
    plane: Plane,
    ground: Ground,
    question: Question,
    facts: AccountFacts,
    account: NDArray[np.intp],
    day: dt.date,
    known_at: dt.datetime | None,
) -> dict[str, Any]:
    party = _said_or_known(question.texts.get("party"), _profile(facts, "party_id"), account)
    entries = facts.entries
    by_account: dict[Any, list[tuple[Any, ...]]] = {}
    grids = gather.rows_of(ground, entries.grid_id).tolist()
    for one, grid, name, of_party in zip(
        entries.account.tolist(), grids, entries.list_name, entries.party_id, strict=True
    ):
        if of_party is None:  # what its party is on comes from the row's own party below
            by_account.setdefault(one, []).append((grid, name, None))
    until = day + dt.timedelta(days=1)
    theirs = await account_facts.party_entries(
        connection, plane.plane_id, _distinct(party), day, until, known_at
    )
    by_party: dict[Any, list[tuple[Any, ...]]] = {}
    grids = gather.rows_of(ground, theirs.grid_id).tolist()
    for of_party, grid, name in zip(theirs.party_id, grids, theirs.list_name, strict=True):
        by_party.setdefault(of_party, []).append((grid, name, of_party))
    claims = [
        (row, *claim)
        for row, (one, of_party) in enumerate(zip(account.tolist(), party, strict=True))
        for claim in (*by_account.get(one, ()), *by_party.get(of_party, ()))
        if claim[0] >= 0
    ]
    row, grid, name, of_party = (_objects([claim[i] for claim in claims]) for i in range(4))
    return gather.listed(len(question), ground, row.astype(np.intp), grid.astype(np.int32), name, of_party)


def _days(day: dt.date, n: int) -> NDArray[np.int32]:
    return np.full(n, timeline.day_number(day), np.int32)


def _profile(facts: AccountFacts, name: str) -> Objects:
    """A column of the profiles of the day, for each account; None for one that has none."""
    out = _objects([None] * len(facts.accounts))
    out[facts.profiles.account] = getattr(facts.profiles, name)
    return out


def _said_or_known(said: Words | None, stored: Objects, account: NDArray[np.intp]) -> Words:
    known: Words = [stored[row] if row >= 0 else None for row in account.tolist()]
    if said is None:
        return known
    return [own if own is not None else other for own, other in zip(said, known, strict=True)]


def _of_account(values: NDArray[Any], owner: NDArray[np.int64], account: NDArray[np.intp]) -> NDArray[Any]:
    """The value of the fact that each row's account has on the day, −1 for none."""
    known = dict(zip(owner.tolist(), values.tolist(), strict=True))
    return np.array([known.get(row, -1) for row in account.tolist()], values.dtype)


def _keys(question: Question, name: str, keys: dict[str, int], reason: Objects) -> NDArray[np.int64]:
    said = question.texts.get(name)
    if said is None:
        return np.full(len(question), -1, np.int64)
    for row, value in enumerate(said):
        if value is not None and value not in keys and reason[row] is None:
            reason[row] = f"no {name} {value!r} is known"
    return np.array([-1 if value is None else keys.get(value, -1) for value in said], np.int64)


def _distinct(values: Words | None) -> list[str]:
    return sorted({value for value in values or [] if value is not None})


def _objects(values: list[Any]) -> Objects:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
