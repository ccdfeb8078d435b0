"""From dated facts of accounts to rows that can be decided: one for each span in which nothing changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.accounts.facts import AccountFacts, Accounts, Dated, Places
from app.assignments import timeline
from app.assignments.buildings import BuildingGrids
from app.assignments.decide import Known
from app.assignments.locators import Ground
from app.assignments.timeline import Cut
from app.places.facts import Owners
from geo.precedence import resolve_conflicts


@dataclass(frozen=True)
class ClusterFacts:
    """Who owns the clusters that the accounts are in, and what the organisation calls them."""

    owners: Owners
    ids: Mapping[int, str]


def changes(facts: AccountFacts, owners: Owners) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The (account, day) on which a fact of an account begins or ends, its cluster's owner included."""
    dated: Sequence[Dated] = (facts.places, facts.entries, facts.members, facts.locks)
    subjects = [column for one in dated for column in (one.account, one.account)]
    days = [column for one in dated for column in (one.start, one.end)]
    member, owner = _pairs(facts.members.cluster_pk, owners.cluster_pk)
    subjects += [facts.members.account[member]] * 2
    days += [owners.start[owner], owners.end[owner]]
    return np.concatenate(subjects), np.concatenate(days).astype(np.int32)


def _pairs(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of rows with equal keys."""
    order = np.argsort(right, kind="stable")
    low = np.searchsorted(right[order], left, side="left")
    count = np.searchsorted(right[order], left, side="right") - low
    one = np.repeat(np.arange(len(left)), count)
    offset = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    return one, order[low[one] + offset]


def covered(accounts: Accounts, covers: Mapping[str, Sequence[str]]) -> NDArray[np.bool_]:
    """Which accounts the plane is for: each named attribute must be one of the values given."""
    inside = np.ones(len(accounts), bool)
    for name, values in covers.items():
        if values:
            allowed = set(values)
            inside &= np.array([value in allowed for value in getattr(accounts, name)], bool)
    return inside


def place_of(places: Places, subject: NDArray[np.int64], day: NDArray[np.int32]) -> NDArray[np.intp]:
    """The row of the place of each (account, day), −1 for none."""
    return timeline.as_of(places.account, places.start, places.end, subject, day)


def known(
    facts: AccountFacts,
    clusters: ClusterFacts,
    is_covered: NDArray[np.bool_],
    ground: Ground,
    buildings: BuildingGrids,
    cut: Cut,
) -> Known:
    """What is known on each row of ``cut`` (rows of one plan, sorted), as the plan of ``ground`` names it."""
    subject, day = cut.subject, cut.start
    place = place_of(facts.places, subject, day)
    at = np.maximum(place, 0)
    has_place = place >= 0
    columns: dict[str, Any] = {"covered": is_covered[subject]}
    if len(facts.places.account) == 0:
        lng = lat = np.full(len(subject), np.nan)
    else:
        lng = np.where(has_place, facts.places.lng[at], np.nan)
        lat = np.where(has_place, facts.places.lat[at], np.nan)
        columns["level"] = np.where(has_place, facts.places.level[at], 0).astype(np.int8)
        columns["radius_m"] = np.where(has_place, facts.places.radius_m[at], np.nan)
        building_pk = np.where(has_place, facts.places.building_pk[at], -1)
        columns |= building_columns(buildings, building_pk)
    locks = facts.locks
    lock = timeline.as_of(locks.account, locks.start, locks.end, subject, day)
    columns["lock"] = _picked(rows_of(ground, locks.grid_id), lock)
    columns |= _clusters(facts, clusters, ground, subject, day)
    columns |= _lists(facts, ground, subject, day)
    return Known.of(lng, lat, **columns)


def building_columns(buildings: BuildingGrids, building_pk: NDArray[np.int64]) -> dict[str, Any]:
    """The building columns of ``Known`` for rows in these buildings (−1: in none)."""
    row = np.where(building_pk >= 0, buildings.rows(building_pk), -1)
    has = row >= 0
    out: dict[str, Any] = {"has_building": has, "building": _picked(buildings.grid, row)}
    share, ids = np.full(len(row), np.nan), np.full(len(row), None, dtype=object)
    share[has], ids[has] = buildings.share[row[has]], buildings.building_id[row[has]]
    return out | {"building_share": share, "building_id": ids}


def rows_of(ground: Ground, grid_ids: NDArray[np.void]) -> NDArray[np.int32]:
    """Row of the plan's grid table for each grid (16 raw bytes), −1 where the plan has no such grid."""
    return np.array([ground.row_of.get(grid_id, -1) for grid_id in grid_ids.tolist()], np.int32)


def _picked(values: NDArray[np.int32], row: NDArray[np.intp]) -> NDArray[np.int32]:
    out = np.full(len(row), -1, np.int32)
    out[row >= 0] = values[row[row >= 0]]
    return out


def _clusters(
    facts: AccountFacts,
    clusters: ClusterFacts,
    ground: Ground,
    subject: NDArray[np.int64],
    day: NDArray[np.int32],
) -> dict[str, Any]:
    members, owners = facts.members, clusters.owners
    member = timeline.as_of(members.account, members.start, members.end, subject, day)
    rows = np.flatnonzero(member >= 0)
    cluster_pk = members.cluster_pk[member[rows]]
    names, numbers = np.unique(np.concatenate([cluster_pk, owners.cluster_pk]), return_inverse=True)
    of_rows, of_owners = np.split(numbers.astype(np.int64), [len(cluster_pk)])
    owner = timeline.as_of(of_owners, owners.start, owners.end, of_rows, day[rows])
    grid = np.full(len(subject), -1, np.int32)
    grid[rows] = _picked(rows_of(ground, owners.grid_id), owner)
    ids = np.full(len(subject), None, dtype=object)
    ids[rows] = [clusters.ids.get(key) for key in names[of_rows].tolist()]
    return {"cluster": grid, "cluster_id": ids}


def _lists(
    facts: AccountFacts, ground: Ground, subject: NDArray[np.int64], day: NDArray[np.int32]
) -> dict[str, Any]:
    entries = facts.entries
    entry, row = timeline.during(entries.account, entries.start, entries.end, subject, day)
    grid = rows_of(ground, entries.grid_id)[entry] if len(entry) else np.empty(0, np.int32)
    here = grid >= 0
    return listed(
        len(subject), ground, row[here], grid[here], entries.list_name[entry[here]],
        entries.party_id[entry[here]],
    )  # fmt: skip


def listed(
    n: int,
    ground: Ground,
    row: NDArray[np.intp],
    grid: NDArray[np.int32],
    list_name: NDArray[np.object_],
    party_id: NDArray[np.object_],
) -> dict[str, Any]:
    """The list columns of ``Known`` for n rows from claims (``row`` is claimed by ``grid``).

    Of several lists the first by name decides, then the lowest grid code; the others stay in the evidence.
    """
    out = np.full(n, -1, np.int32)
    told = np.full(n, None, dtype=object)
    codes = ground.codes[grid]
    winner, disputed = resolve_conflicts(row, codes, list_name)
    out[row[winner]] = grid[winner]
    rivals: dict[int, list[dict[str, str]]] = {}
    won = dict(zip(row[winner].tolist(), winner.tolist(), strict=True))
    for claim in np.flatnonzero(disputed).tolist():
        if grid[claim] != out[row[claim]]:
            rivals.setdefault(int(row[claim]), []).append({"list": list_name[claim], "grid": codes[claim]})
    for at, claim in won.items():
        one: dict[str, Any] = {"list": list_name[claim]}
        if party_id[claim] is not None:
            one["party"] = party_id[claim]
        if at in rivals:
            one["competing"] = sorted(rivals[at], key=lambda rival: (rival["list"], rival["grid"]))
        told[at] = one
    return {"listed": out, "list_evidence": told}
