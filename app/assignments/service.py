"""Which grid everything belongs to: deciding again what a change touches, and writing only what differs."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.assignments import gather, locators, merging, on_day, repository, timeline
from app.assignments.buildings import NO_BUILDINGS, BuildingGrids, grids_of, joined
from app.assignments.decide import RULE_NAMES, STATUS_NAMES, evidence
from app.assignments.locators import Ground
from app.assignments.merging import Values, Written
from app.assignments.on_day import Decided as Decided
from app.assignments.on_day import under_plan as under_plan
from app.assignments.timeline import Cut, Spans
from app.places import facts as place_facts
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.storage.dated import moment
from app.storage.locks import one_writer
from geo.precedence import Rule, parse_rules

Keys = NDArray[np.int64]
Tell = Callable[[float, str | None], None]

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
        (0, on_day.building_chunks(connection, buildings), _reassign_buildings),
        (1, on_day.account_chunks(connection, accounts), _reassign_accounts),
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
    clusters = await on_day.clusters(run.connection, run.plane, found, run.since, None)
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
            on_day.settled, run.rules, found, clusters, is_covered, ground, placed, piece
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


async def _house(run: _Run, ground: Ground, keys: Keys) -> BuildingGrids:
    """The grids of these buildings (and of others asked before) in a plan; each is placed once in a run."""
    plan_id = ground.table.plan_id
    placed = run.housed.get(plan_id) or NO_BUILDINGS
    missing = keys[placed.rows(keys) < 0]
    if len(missing):
        some = await place_facts.buildings_of(run.connection, missing)
        placed = joined([placed, await anyio.to_thread.run_sync(grids_of, ground, some)])
        run.housed[plan_id] = placed
    return placed


def _grid_bytes(ground: Ground) -> NDArray[np.object_]:
    """The grid of each row as 16 bytes; the last (row −1) is none."""
    out = np.empty(len(ground.table) + 1, dtype=object)
    out[:-1] = [grid_id.bytes for grid_id in ground.table.grid_ids]
    return out


def _no_spans() -> Spans:
    return Spans(_NONE, np.empty(0, np.int32), np.empty(0, np.int32), _NONE)
