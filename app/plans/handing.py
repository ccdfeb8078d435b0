"""Who and what changes hands between two plans, one by one, with the step of the redraw that moves it."""

import bisect
import datetime as dt
import itertools
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import anyio.to_thread
import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.places import facts as place_facts
from app.plans import comparison, moves, steps
from app.plans.moves import Changes, Pair
from app.plans.steps import StepLand

What = Literal["customer", "building"]
Ints = npt.NDArray[np.int64]
Key = tuple[int, str, str]

SIDE = ("grid", "grid_name", "person", "person_name")
NO_STEP = 1_000_000_000
"""Behind all steps."""
LISTS_KEPT, LONGEST_KEPT = 4, 200_000
"""Lists and their rows that are kept for the pages behind the first."""
COLUMNS = (
    *("step", "what", "id", "name", "building"),
    *(f"{side}_{part}" for side in ("from", "to") for part in SIDE),
)
"""Of the list as a table."""


@dataclass(frozen=True)
class Stepped:
    """Changes with the step of each (0: none) and the building that a customer is in (None: none)."""

    changes: Changes
    lands: Sequence[StepLand]
    account_step: Ints
    account_id: npt.NDArray[np.object_]
    account_building: npt.NDArray[np.object_]
    building_step: Ints
    building_id: npt.NDArray[np.object_]


async def stepped(connection: AsyncConnection, two: Pair, found: Changes) -> Stepped:
    """By which steps things change hands; by none where the old plan is not the one that was redrawn."""
    lands: Sequence[StepLand] = ()
    if two.old is not None and two.old.plan_id == two.new.base_plan_id:
        lands = await steps.of_plan(connection, two.new.plan_id)
    until = two.day + dt.timedelta(days=1)
    accounts = await account_facts.accounts_of(connection, found.account_pk)
    places = await account_facts.places_of(connection, accounts, two.day, until)
    lng, lat = (np.full(len(found.account_pk), np.nan) for _ in range(2))
    housed = np.full(len(found.account_pk), -1, np.int64)
    lng[places.account], lat[places.account] = places.lng, places.lat
    housed[places.account] = places.building_pk
    keys = np.unique(np.concatenate([found.building_pk, housed[housed >= 0]]))
    buildings = await place_facts.buildings_of(connection, keys, two.day, until)
    inside = await anyio.to_thread.run_sync(shapely.point_on_surface, buildings.ground)
    stands = shapely.get_x(inside), shapely.get_y(inside)
    row = np.searchsorted(buildings.building_pk, housed)
    known = np.flatnonzero(np.isin(housed, buildings.building_pk))
    # A customer stands where its building stands.
    lng[known], lat[known] = stands[0][row[known]], stands[1][row[known]]
    of_account = np.full(len(housed), None, dtype=object)
    of_account[known] = buildings.building_id[row[known]]
    own = np.searchsorted(buildings.building_pk, found.building_pk)

    def decide() -> tuple[Ints, Ints]:
        return (
            steps.steps_of(lands, found.grids, found.account_giver, found.account_receiver, lng, lat),
            steps.steps_of(
                lands,
                found.grids,
                found.building_giver,
                found.building_receiver,
                stands[0][own],
                stands[1][own],
            ),
        )

    by_account, by_building = await anyio.to_thread.run_sync(decide)
    return Stepped(
        found, lands, by_account, accounts.account_id, of_account, by_building, buildings.building_id[own]
    )


@dataclass(frozen=True)
class _Row:
    step: int
    what: What
    id: str
    pk: int
    building: str | None
    giver: uuid.UUID | None
    receiver: uuid.UUID | None

    @property
    def key(self) -> Key:
        return self.step or NO_STEP, self.what, self.id


_lists: OrderedDict[tuple[Any, ...], list[_Row]] = OrderedDict()


async def page(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    two: Pair,
    *,
    step: int | None,
    what: What | None,
    grid: str | None,
    after: Key | None,
    limit: int,
) -> list[dict[str, Any]]:
    """What changes hands, ordered by step (last what no step moves), buildings before customers, then by id,
    from behind ``after`` (a :func:`key`). ``grid``: only what it gives or receives.

    The first page is of now. Those behind it are of the same list as long as it is kept.
    """
    rows = await _listed(connection, org_id, two, anew=after is None)
    givers, receivers = await comparison.sides(connection, two)

    def chosen() -> list[_Row]:
        """The rows of the page; the list may be long, so not on the loop."""
        first = 0 if after is None else bisect.bisect_right(rows, after, key=lambda row: row.key)
        wanted = (
            row
            for row in itertools.islice(rows, first, None)
            if (step is None or row.step == step)
            and (what is None or row.what == what)
            and (grid is None or grid in (givers[row.giver]["grid"], receivers[row.receiver]["grid"]))
        )
        return list(itertools.islice(wanted, limit))

    shown = await anyio.to_thread.run_sync(chosen)
    names = {
        "building": await place_facts.building_names(connection, _keys(shown, "building")),
        "customer": await account_facts.names_of(connection, _keys(shown, "customer")),
    }
    return [
        {
            "step": row.step or None,
            "what": row.what,
            "id": row.id,
            "name": names[row.what].get(row.pk),
            "building": row.building,
            "from": givers[row.giver],
            "to": receivers[row.receiver],
        }
        for row in shown
    ]


async def _listed(connection: AsyncConnection, org_id: uuid.UUID, two: Pair, *, anew: bool) -> list[_Row]:
    """All that changes hands, in order."""
    plans = [(plan.plan_id, plan.version, plan.stamp) for plan in (two.old, two.new) if plan is not None]
    name = (org_id, two.day, *plans)
    if not anew and name in _lists:
        return _lists[name]
    found = await stepped(connection, two, moves.changes(*await moves.decided(connection, org_id, two)))
    rows = await anyio.to_thread.run_sync(_rows, found)
    _lists.pop(name, None)
    if len(rows) <= LONGEST_KEPT:
        _lists[name] = rows
    while len(_lists) > LISTS_KEPT:
        _lists.popitem(last=False)
    return rows


def key(row: Mapping[str, Any]) -> Key:
    """What the list is ordered by."""
    return row["step"] or NO_STEP, row["what"], row["id"]


def as_table(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows without anything inside anything, for CSV."""
    return [
        {name: row[name] for name in COLUMNS[:5]}
        | {f"{side}_{part}": row[side][part] for side in ("from", "to") for part in SIDE}
        for row in rows
    ]


def _rows(found: Stepped) -> list[_Row]:
    changes, grids = found.changes, found.changes.grids
    buildings = zip(
        found.building_step.tolist(), found.building_id, changes.building_pk.tolist(),
        changes.building_giver.tolist(), changes.building_receiver.tolist(), strict=True,
    )  # fmt: skip
    customers = zip(
        found.account_step.tolist(), found.account_id, changes.account_pk.tolist(), found.account_building,
        changes.account_giver.tolist(), changes.account_receiver.tolist(), strict=True,
    )  # fmt: skip
    rows = [
        *(_Row(step, "building", id_, pk, None, grids[a], grids[b]) for step, id_, pk, a, b in buildings),
        *(
            _Row(step, "customer", id_, pk, home, grids[a], grids[b])
            for step, id_, pk, home, a, b in customers
        ),
    ]
    return sorted(rows, key=lambda row: row.key)


def _keys(rows: Sequence[_Row], what: What) -> Ints:
    return np.unique(np.array([row.pk for row in rows if row.what == what], np.int64))
