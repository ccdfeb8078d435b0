"""Which grid everything belongs to: deciding again what a change touches, and writing only what differs."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.accounts.facts import AccountFacts
from app.assignments import gather, locators, merging, repository, timeline
from app.assignments.buildings import BuildingGrids, grids_of, joined
from app.assignments.decide import RULE_NAMES, STATUS_NAMES, Outcome, evidence, settle
from app.assignments.gather import ClusterFacts
from app.assignments.locators import Ground
from app.assignments.merging import Values, Written
from app.assignments.timeline import Cut, Spans
from app.places import facts as place_facts
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import GridTable
from app.storage.dated import moment
from app.storage.locks import one_writer
from geo.precedence import Rule, parse_rules

CHUNK = 100_000

Keys = NDArray[np.int64]
Tell = Callable[[float, str | None], None]
Page = Callable[[AsyncConnection, int, int], Awaitable[Keys]]

_NONE: Keys = np.empty(0, np.int64)
_NO_RULE: Any = None


@dataclass(frozen=True)
class Reassigned:
    """What a reassignment did in one plane: how many were decided again, and what was written.

    ``by_status`` and ``by_rule`` count the accounts decided, each on the first day decided.
    """

    plane: str
    accounts: int = 0
    buildings: int = 0
    inserted: int = 0
    superseded: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    by_rule: dict[str, int] = field(default_factory=dict)


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


@dataclass
class _Run:
    """One reassignment of one plane, from a day on."""

    connection: AsyncConnection
    org_id: uuid.UUID
    plane: Plane
    rules: tuple[Rule, ...]
    since: dt.date
    terms: list[tuple[int, int]]
    grounds: list[Ground]
    now: dt.datetime
    housed: dict[uuid.UUID, BuildingGrids] = field(default_factory=dict)
    written: Written = field(default_factory=Written)
    by_status: Counter[str] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)

    @property
    def since_day(self) -> int:
        return timeline.day_number(self.since)

    async def merge(
        self, table: repository.Table, subjects: Keys, parts: list[Spans], values: Values
    ) -> None:
        wanted = timeline.coalesce(sum(parts, start=_no_spans()))
        self.written += await merging.merge(
            self.connection,
            table,
            self.org_id,
            self.plane.plane_id,
            self.since,
            self.now,
            subjects,
            wanted,
            values,
        )


async def reassign(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane: Plane,
    since: dt.date,
    accounts: Keys | None = None,
    buildings: Keys | None = None,
    tell: Tell | None = None,
) -> Reassigned:
    """Decide these accounts and buildings again from ``since`` on, and write what differs.

    ``accounts`` and ``buildings`` are keys (None: all; empty: none); accounts in a named building follow it
    and need not be named. Decided in the plan in force at ``since`` and in every plan in force later. Days
    before ``since`` keep their answers. Holds the plane's lock until the transaction ends.
    """
    await one_writer(connection, plane.plane_id)
    terms = await plans.terms(connection, plane.plane_id, since)
    grounds = [await locators.ground(connection, await plans.get(connection, term.plan_id)) for term in terms]
    run = _Run(
        connection,
        org_id,
        plane,
        parse_rules(plane.rules),
        since,
        [(timeline.day_number(term.valid_from), timeline.end_number(term.valid_to)) for term in terms],
        grounds,
        await moment(connection),
    )
    if accounts is not None and buildings is not None and len(buildings):
        inside = await account_facts.touched_by(connection, since, buildings=buildings)
        accounts = np.union1d(accounts, inside)
    total = sum(
        [
            await repository.count(connection, repository.BUILDINGS) if buildings is None else len(buildings),
            await repository.count(connection, repository.ACCOUNTS) if accounts is None else len(accounts),
        ]
    )
    done = [0, 0]
    for kind, chunks, work in (
        (0, _building_chunks(connection, buildings), _reassign_buildings),
        (1, _account_chunks(connection, accounts), _reassign_accounts),
    ):
        async for keys in chunks:
            await work(run, keys)
            done[kind] += len(keys)
            if tell is not None:
                tell(sum(done) / max(total, 1), f"{done[1]:,} customers assigned in plane {plane.code}")
    return Reassigned(
        plane.code,
        done[1],
        done[0],
        run.written.inserted,
        run.written.superseded,
        dict(run.by_status),
        dict(run.by_rule),
    )


async def reassign_touched(
    connection: AsyncConnection, org_id: uuid.UUID, since: dt.date, accounts: Keys, buildings: Keys
) -> list[Reassigned]:
    """Decide what a change touched again in every plane that has a plan in force at ``since`` or later."""
    # Always in this order: two writers that each hold a plane never wait for each other.
    return [
        await reassign(connection, org_id, plane, since, accounts, buildings)
        for plane in sorted(await planes.every(connection), key=lambda plane: plane.plane_id)
        if await plans.terms(connection, plane.plane_id, since)
    ]


async def under_plan(
    connection: AsyncConnection, org_id: uuid.UUID, plane: Plane, plan_id: uuid.UUID, day: dt.date
) -> Decided:
    """What every account and building would have under the plan (a draft too) on that day."""
    ground = await locators.ground(connection, await plans.get(connection, plan_id))
    housed = [_no_buildings()]
    async for keys in _building_chunks(connection, None):
        some = await place_facts.buildings_of(connection, keys)
        housed.append(await anyio.to_thread.run_sync(grids_of, ground, some))
    buildings = joined(housed)
    rules, number = parse_rules(plane.rules), timeline.day_number(day)
    accounts, outcomes = [_NONE], []
    async for keys in _account_chunks(connection, None):
        found = await account_facts.read(connection, plane.plane_id, keys, day, day + dt.timedelta(1))
        cut = timeline.cut(found.accounts.first_day, number, [(number, number + 1)], *_no_changes())
        clusters = await _clusters(connection, plane, found, day, day + dt.timedelta(1))
        is_covered = gather.covered(found.accounts, plane.covers)
        outcomes.append(
            await anyio.to_thread.run_sync(
                _settle, rules, found, clusters, is_covered, ground, buildings, cut
            )
        )
        accounts.append(found.accounts.account_pk[cut.subject])
    decisions = [outcome.decision for outcome in outcomes]

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


async def _reassign_buildings(run: _Run, keys: Keys) -> None:
    some = await place_facts.buildings_of(run.connection, keys)
    values, parts = Values(), []
    if run.plane.kind == "place":
        for (start, end), ground in zip(run.terms, run.grounds, strict=True):
            placed = await _house(run, ground, some.building_pk)
            row = placed.rows(some.building_pk)
            grid = placed.grid[row]
            value = values.of(
                np.where(grid >= 0, "assigned", "outside").astype(object),
                _grid_bytes(ground)[grid],
                np.where(grid >= 0, "building", _NO_RULE),
                placed.tie[row],
                placed.share[row],
                placed.evidence[row],
            )
            n = len(some)
            parts.append(Spans(np.arange(n), np.full(n, start, np.int32), np.full(n, end, np.int32), value))
    await run.merge(repository.BUILDINGS, some.building_pk, parts, values)


async def _reassign_accounts(run: _Run, keys: Keys) -> None:
    found = await account_facts.read(run.connection, run.plane.plane_id, keys, run.since)
    clusters = await _clusters(run.connection, run.plane, found, run.since, None)
    cut = timeline.cut(
        found.accounts.first_day, run.since_day, run.terms, *gather.changes(found, clusters.owners)
    )
    is_covered = gather.covered(found.accounts, run.plane.covers)
    values, parts = Values(), []
    counted = np.zeros(len(found.accounts), bool)
    for term, ground in enumerate(run.grounds):
        rows = np.flatnonzero(cut.term == term)
        piece = Cut(cut.subject[rows], cut.start[rows], cut.end[rows], cut.term[rows])
        place = gather.place_of(found.places, piece.subject, piece.start)
        here = np.unique(found.places.building_pk[place[place >= 0]])
        placed = await _house(run, ground, here[here >= 0])
        outcome = await anyio.to_thread.run_sync(
            _settle, run.rules, found, clusters, is_covered, ground, placed, piece
        )
        told = await anyio.to_thread.run_sync(evidence, ground, outcome)
        decision = outcome.decision
        status, rule = STATUS_NAMES[decision.status], RULE_NAMES[decision.rule]
        value = values.of(status, _grid_bytes(ground)[decision.grid], rule, decision.tie, None, told)
        parts.append(Spans(piece.subject, piece.start, piece.end, value))
        first = np.r_[True, piece.subject[1:] != piece.subject[:-1]][: len(rows)] & ~counted[piece.subject]
        counted[piece.subject] = True
        run.by_status.update(status[first].tolist())
        run.by_rule.update(one for one in rule[first].tolist() if one is not None)
    await run.merge(repository.ACCOUNTS, found.accounts.account_pk, parts, values)


def _settle(
    rules: Sequence[Rule],
    found: AccountFacts,
    clusters: ClusterFacts,
    is_covered: NDArray[np.bool_],
    ground: Ground,
    placed: BuildingGrids,
    cut: Cut,
) -> Outcome:
    return settle(rules, ground, gather.known(found, clusters, is_covered, ground, placed, cut))


async def _house(run: _Run, ground: Ground, keys: Keys) -> BuildingGrids:
    """The grids of these buildings (and of others asked before) in a plan; each is placed once in a run."""
    plan_id = ground.table.plan_id
    placed = run.housed.get(plan_id) or _no_buildings()
    missing = keys[placed.rows(keys) < 0]
    if len(missing):
        some = await place_facts.buildings_of(run.connection, missing)
        placed = joined([placed, await anyio.to_thread.run_sync(grids_of, ground, some)])
        run.housed[plan_id] = placed
    return placed


async def _clusters(
    connection: AsyncConnection, plane: Plane, found: AccountFacts, since: dt.date, until: dt.date | None
) -> ClusterFacts:
    keys = np.unique(found.members.cluster_pk)
    owners = await place_facts.owners_of(connection, plane.plane_id, keys, since, until)
    return ClusterFacts(owners, await place_facts.cluster_ids(connection, keys))


def _grid_bytes(ground: Ground) -> NDArray[np.object_]:
    """The grid of each row as 16 bytes; the last (row −1) is none."""
    out = np.empty(len(ground.table) + 1, dtype=object)
    out[:-1] = [grid_id.bytes for grid_id in ground.table.grid_ids]
    return out


async def _account_chunks(connection: AsyncConnection, keys: Keys | None) -> AsyncIterator[Keys]:
    async for chunk in _chunks(connection, keys, account_facts.keys_after):
        yield chunk


async def _building_chunks(connection: AsyncConnection, keys: Keys | None) -> AsyncIterator[Keys]:
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


def _no_spans() -> Spans:
    return Spans(_NONE, np.empty(0, np.int32), np.empty(0, np.int32), _NONE)


def _no_changes() -> tuple[Keys, NDArray[np.int32]]:
    return _NONE, np.empty(0, np.int32)


def _no_buildings() -> BuildingGrids:
    nothing = np.empty(0, dtype=object)
    return BuildingGrids(_NONE, nothing, np.empty(0, np.int32), np.empty(0, bool), np.empty(0), nothing)
