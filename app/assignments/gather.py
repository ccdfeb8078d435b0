"""From dated facts of accounts to rows that can be decided: one for each span in which nothing changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.accounts.facts import AccountFacts, Dated, Profiles
from app.assignments import timeline
from app.assignments.buildings import BuildingGrids
from app.assignments.claims import listed as listed
from app.assignments.claims import owned as owned
from app.assignments.claims import rows_of as rows_of
from app.assignments.decide import Known
from app.assignments.eras import Era
from app.assignments.locators import Ground
from app.assignments.regions import RegionGrids
from app.assignments.timeline import Cut
from app.geocodes.service import COARSE, Piles
from app.places.facts import Buildings, Owners, Regions

Days = NDArray[np.int32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Around:
    """What the facts of accounts refer to, over the same days."""

    owners: Owners
    cluster_ids: Mapping[int, str]
    buildings: Buildings
    regions: Regions
    piles: Piles
    """Of the accounts' places, row by row."""


def changes(facts: AccountFacts, around: Around) -> tuple[Ints, Days]:
    """The (account, day) on which a fact of an account, or of what it refers to, begins or ends."""
    places, piles = facts.places, around.piles
    dated: Sequence[Dated] = (facts.profiles, places, facts.entries, facts.members, facts.locks)
    spans = [(one.account, one.start, one.end) for one in dated]
    spans.append((places.account[piles.row], piles.start, piles.end))
    for own, keys, other, those in (
        (facts.members, facts.members.cluster_pk, around.owners.cluster_pk, around.owners),
        (places, places.building_pk, around.buildings.building_pk, around.buildings),
        (places, places.region_pk, around.regions.region_pk, around.regions),
    ):
        one, two = timeline.pairs(keys, other)
        spans.append((own.account[one], those.start[two], those.end[two]))
    subjects = [subject for subject, _, _ in spans for _ in range(2)]
    days = [day for _, start, end in spans for day in (start, end)]
    return np.concatenate(subjects).astype(np.int64), np.concatenate(days).astype(np.int32)


def known(
    facts: AccountFacts,
    around: Around,
    era: Era,
    buildings: BuildingGrids,
    regions: RegionGrids,
    cut: Cut,
) -> Known:
    """What is known on each row of ``cut`` (rows of one era, sorted), as the plan of the era names it."""
    subject, day, ground = cut.subject, cut.start, era.ground
    columns: dict[str, Any] = {"covered": _covered(facts.profiles, era.covers, subject, day)}
    places = facts.places
    place = timeline.as_of(places.account, places.start, places.end, subject, day)
    lng = picked(places.lng, place, np.nan)
    lat = picked(places.lat, place, np.nan)
    columns["level"] = picked(places.level, place, 0)
    columns["radius_m"] = picked(places.radius_m, place, np.nan)
    building_pk = picked(places.building_pk, place, -1)
    columns |= building_columns(buildings, building_pk, day)
    row = regions.rows(picked(places.region_pk, place, -1), day)
    columns |= {
        "has_region": row >= 0,
        "region": picked(regions.grid, row, -1),
        "region_id": picked(regions.regions.region_id, row, None),
        "region_around": picked(regions.around, row, None),
    }
    columns["piled"] = _piled(around.piles, place, day) & (building_pk < 0) & (row < 0)
    locks = facts.locks
    lock = timeline.as_of(locks.account, locks.start, locks.end, subject, day)
    columns["lock"] = picked(rows_of(ground, locks.grid_id), lock, -1)
    columns |= _clusters(facts, around, ground, subject, day)
    columns |= _lists(facts, ground, subject, day)
    return Known.of(lng, lat, **columns)


def building_columns(buildings: BuildingGrids, building_pk: Ints, day: Days) -> dict[str, Any]:
    """The building columns of ``Known`` for rows in these buildings (−1: in none), each on its day."""
    row = buildings.rows(building_pk, day)
    return {
        "has_building": row >= 0,
        "building": picked(buildings.grid, row, -1),
        "building_share": picked(buildings.share, row, np.nan),
        "building_id": picked(buildings.building_id, row, None),
    }


def picked(values: NDArray[Any], row: NDArray[np.intp], nothing: Any) -> NDArray[Any]:
    """The value in each row, ``nothing`` where the row is −1."""
    out = np.full(len(row), nothing, values.dtype)
    out[row >= 0] = values[row[row >= 0]]
    return out


def _covered(
    profiles: Profiles, covers: Mapping[str, Sequence[str]], subject: Ints, day: Days
) -> NDArray[np.bool_]:
    """Whom the plane is for on the day: each named attribute must be one of the values given."""
    inside = np.ones(len(subject), bool)
    row = timeline.as_of(profiles.account, profiles.start, profiles.end, subject, day)
    for name, values in covers.items():
        if values:
            allowed = set(values)
            suits = np.array([value in allowed for value in getattr(profiles, name)], bool)
            inside &= picked(suits, row, False)
    return inside


def _piled(piles: Piles, place: NDArray[np.intp], day: Days) -> NDArray[np.bool_]:
    coarse = np.flatnonzero(piles.verdict == COARSE)
    found = timeline.as_of(piles.row[coarse], piles.start[coarse], piles.end[coarse], place, day)
    out: NDArray[np.bool_] = found >= 0
    return out


def _clusters(
    facts: AccountFacts, around: Around, ground: Ground, subject: Ints, day: Days
) -> dict[str, Any]:
    members, owners = facts.members, around.owners
    member = timeline.as_of(members.account, members.start, members.end, subject, day)
    rows = np.flatnonzero(member >= 0)
    cluster_pk = members.cluster_pk[member[rows]]
    one, owner = timeline.pairs(cluster_pk, owners.cluster_pk)
    on = day[rows[one]]
    holds = (owners.start[owner] <= on) & (on < owners.end[owner])
    row, grid = rows[one[holds]], rows_of(ground, owners.grid_id)[owner[holds]]
    ids = np.full(len(subject), None, dtype=object)
    ids[rows] = [around.cluster_ids.get(key) for key in cluster_pk.tolist()]
    return owned(ids, ground, row, grid)


def _lists(facts: AccountFacts, ground: Ground, subject: Ints, day: Days) -> dict[str, Any]:
    entries = facts.entries
    entry, row = timeline.during(entries.account, entries.start, entries.end, subject, day)
    grid = rows_of(ground, entries.grid_id)[entry]
    return listed(
        len(subject), ground, row, grid, entries.list_name[entry], entries.party_id[entry]
    )  # fmt: skip
