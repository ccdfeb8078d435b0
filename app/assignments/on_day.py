"""Deciding as of one day without storing anything, and what that shares with a reassignment."""

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.accounts.facts import AccountFacts
from app.assignments import eras, gather, regions, timeline
from app.assignments.buildings import NO_BUILDINGS, BuildingGrids, grids_of, joined
from app.assignments.decide import RULE_NAMES, STATUS_NAMES, Outcome, settle
from app.assignments.eras import Era
from app.assignments.gather import Around
from app.assignments.timeline import Cut
from app.geocodes import service as geocodes
from app.places import facts as place_facts
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import GridTable

CHUNK = 100_000

Keys = NDArray[np.int64]
Page = Callable[[AsyncConnection, int, int], Awaitable[Keys]]


@dataclass(frozen=True)
class Decided:
    """What every account and building would have under a plan on a day; nothing of it is stored.

    Grids are row numbers of ``table``, −1 for none; ``status`` and ``rule`` are the API's words (rule: None
    where none decided); ``reason`` is an index into ``geo.precedence.REASONS``.
    """

    table: GridTable
    account_pk: Keys
    grid: NDArray[np.int32]
    status: NDArray[np.object_]
    rule: NDArray[np.object_]
    tie: NDArray[np.bool_]
    reason: NDArray[np.int8]
    building_pk: Keys
    building_grid: NDArray[np.int32]
    building_share: NDArray[np.float64]
    building_tie: NDArray[np.bool_]


async def under_plan(
    connection: AsyncConnection, org_id: uuid.UUID, plane: Plane, plan_id: uuid.UUID, day: dt.date
) -> Decided:
    """What every account and building would have under the plan (a draft too) on that day."""
    era = await eras.under(connection, plane, await plans.get(connection, plan_id), day)
    ground, until = era.ground, day + dt.timedelta(days=1)
    housed = [NO_BUILDINGS]
    async for keys in building_chunks(connection, None):
        some = await place_facts.buildings_of(connection, keys, day, until)
        housed.append(await anyio.to_thread.run_sync(grids_of, ground, some))
    buildings = joined(housed)
    accounts, decisions = [np.empty(0, np.int64)], []
    async for keys in account_chunks(connection, None):
        found, cut, outcome = await decide_on(connection, plane, era, keys, day, buildings=buildings)
        decisions.append(outcome.decision)
        accounts.append(found.accounts.account_pk[cut.subject])

    def column(name: str, kind: type) -> NDArray[Any]:
        return np.concatenate([np.empty(0, kind), *(getattr(one, name) for one in decisions)]).astype(kind)

    return Decided(
        table=ground.table,
        account_pk=np.concatenate(accounts),
        grid=column("grid", np.int32),
        status=STATUS_NAMES[column("status", np.int8)],
        rule=RULE_NAMES[column("rule", np.int8)],
        tie=column("tie", np.bool_),
        reason=column("reason", np.int8),
        building_pk=buildings.building_pk,
        building_grid=buildings.grid,
        building_share=buildings.share,
        building_tie=buildings.tie,
    )


async def decide_on(
    connection: AsyncConnection,
    plane: Plane,
    era: Era,
    keys: Keys,
    day: dt.date,
    known_at: dt.datetime | None = None,
    buildings: BuildingGrids | None = None,
) -> tuple[AccountFacts, Cut, Outcome]:
    """These accounts as of one day: the facts, a row for each account that has a place by then, the outcome.

    ``buildings``: where all buildings are, if that is known already.
    """
    number, until = timeline.day_number(day), day + dt.timedelta(days=1)
    found = await account_facts.read(connection, plane.plane_id, keys, day, until, known_at)
    no_change = np.empty(0, np.int64), np.empty(0, np.int32)
    cut = timeline.cut(found.accounts.first_day, number, [(number, number + 1)], *no_change)
    today = np.flatnonzero(cut.start == number)
    cut = Cut(cut.subject[today], cut.start[today], cut.end[today], cut.term[today])
    around = await around_of(connection, plane, found, day, until, known_at)
    if buildings is None:
        buildings = await anyio.to_thread.run_sync(grids_of, era.ground, around.buildings)
    outcome = await anyio.to_thread.run_sync(settled, found, around, era, buildings, cut)
    return found, cut, outcome


def settled(found: AccountFacts, around: Around, era: Era, placed: BuildingGrids, cut: Cut) -> Outcome:
    """Decide the rows of ``cut``, all of one era. Heavy: run it in a thread."""
    held = regions.grids_of(era.ground, around.regions)
    known = gather.known(found, around, era, placed, held, cut)
    return settle(era.rules, era.ground, known, era.geocodes)


async def around_of(
    connection: AsyncConnection,
    plane: Plane,
    found: AccountFacts,
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> Around:
    """What is known of the clusters, buildings, regions and piles that these accounts are in."""
    asked = since, until, known_at
    places, clusters = found.places, np.unique(found.members.cluster_pk)
    return Around(
        await place_facts.owners_of(connection, plane.plane_id, clusters, *asked),
        await place_facts.cluster_ids(connection, clusters),
        await place_facts.buildings_of(connection, _named(places.building_pk), *asked),
        await place_facts.regions_of(connection, _named(places.region_pk), *asked),
        await geocodes.piles_of(connection, places.lng, places.lat, *asked),
    )


def _named(keys: Keys) -> Keys:
    return np.unique(keys[keys >= 0])


async def account_chunks(connection: AsyncConnection, keys: Keys | None) -> AsyncIterator[Keys]:
    """These account keys (None: all), ascending, in pieces that memory can hold."""
    async for chunk in _chunks(connection, keys, account_facts.keys_after):
        yield chunk


async def building_chunks(connection: AsyncConnection, keys: Keys | None) -> AsyncIterator[Keys]:
    """These building keys (None: all), ascending, in pieces that memory can hold."""
    async for chunk in _chunks(connection, keys, place_facts.building_keys_after):
        yield chunk


async def _chunks(connection: AsyncConnection, keys: Keys | None, page: Page) -> AsyncIterator[Keys]:
    if keys is not None:
        keys = np.unique(keys)
        for start in range(0, len(keys), CHUNK):
            yield keys[start : start + CHUNK]
        return
    last = -1
    while len(some := await page(connection, last, CHUNK)):
        yield some
        last = int(some[-1])
