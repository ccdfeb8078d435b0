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
from app.assignments import eras, gather, merging, on_day, repository, timeline
from app.assignments.buildings import NO_BUILDINGS, BuildingGrids, grids_of, joined, some_of
from app.assignments.decide import RULE_NAMES, STATUS_NAMES, evidence
from app.assignments.eras import Era
from app.assignments.locators import Ground
from app.assignments.merging import How, Values, Written
from app.assignments.on_day import Decided as Decided
from app.assignments.on_day import under_plan as under_plan
from app.assignments.timeline import Cut, Spans
from app.places import facts as place_facts
from app.places.facts import Buildings
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.storage.dated import moment
from app.storage.locks import one_writer

Keys = NDArray[np.int64]
Tell = Callable[[float, str | None], None]

_NONE: Keys = np.empty(0, np.int64)
_NO_RULE: Any = None


@dataclass(frozen=True)
class Reassigned:
    """What a reassignment did in one plane: how many were decided again, and what was written.

    ``by_status`` and ``by_rule`` count the accounts decided, each on the first day decided. ``moves`` is the
    effect: how many accounts went from which status and rule to which (None: nothing was decided), each on
    the first day on which status, rule or grid differ; the greatest first.
    """

    plane: str
    accounts: int = 0
    buildings: int = 0
    inserted: int = 0
    superseded: int = 0
    by_status: dict[str, int] = field(default_factory=dict)
    by_rule: dict[str, int] = field(default_factory=dict)
    moves: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Run:
    """One reassignment of one plane, from a day on."""

    connection: AsyncConnection
    org_id: uuid.UUID
    plane: Plane
    since: dt.date
    eras: list[Era]
    now: dt.datetime
    tell: Callable[[], None]
    housed: dict[uuid.UUID, BuildingGrids] = field(default_factory=dict)
    asked: dict[uuid.UUID, Keys] = field(default_factory=dict)
    by_status: Counter[str] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)

    @property
    def since_day(self) -> int:
        return timeline.day_number(self.since)

    async def merge(
        self, table: repository.Table, subjects: Keys, parts: list[Spans], values: Values
    ) -> Written:
        wanted = timeline.coalesce(sum(parts, start=_no_spans()))
        return await merging.merge(
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
    and need not be named. Decided, day by day, by the plan, the plane's rules and covers, and the policy of
    geocodes that hold then, from ``since`` on and as far as anything is known. Days before ``since`` keep
    their answers. Holds the plane's lock until the transaction ends. ``tell`` is called often; it may raise
    to stop.
    """
    await one_writer(connection, plane.plane_id)
    done = [0, 0]
    total = 0

    def told() -> None:
        if tell is not None:
            tell(sum(done) / max(total, 1), f"{done[1]:,} customers assigned in plane {plane.code}")

    found = await eras.eras(connection, plane, since)
    run = _Run(connection, org_id, plane, since, found, await moment(connection), told)
    if accounts is not None and buildings is not None and len(buildings):
        inside = await account_facts.touched_by(connection, since, buildings=buildings)
        accounts = np.union1d(accounts, inside)
    total = sum(
        [
            await repository.count(connection, repository.BUILDINGS) if buildings is None else len(buildings),
            await repository.count(connection, repository.ACCOUNTS) if accounts is None else len(accounts),
        ]
    )
    written = [Written(), Written()]
    for kind, chunks, work in (
        (0, on_day.building_chunks(connection, buildings), _reassign_buildings),
        (1, on_day.account_chunks(connection, accounts), _reassign_accounts),
    ):
        async for keys in chunks:
            written[kind] += await work(run, keys)
            done[kind] += len(keys)
            told()
    both = written[0] + written[1]
    return Reassigned(
        plane.code,
        done[1],
        done[0],
        both.inserted,
        both.superseded,
        dict(run.by_status),
        dict(run.by_rule),
        [
            {"before": _how(before), "after": _how(after), "accounts": number}
            for (before, after), number in written[1].moved.most_common()
        ],
    )


async def reassign_touched(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    since: dt.date,
    accounts: Keys,
    buildings: Keys,
    tell: Tell | None = None,
) -> list[Reassigned]:
    """Decide what a change touched again in every plane that has a plan in force at ``since`` or later."""
    # Always in this order: two writers that each hold a plane never wait for each other.
    concerned = [
        plane
        for plane in sorted(await planes.every(connection), key=lambda plane: plane.plane_id)
        if await plans.terms(connection, plane.plane_id, since)
    ]

    def part(number: int) -> Tell | None:
        if tell is None:
            return None
        return lambda progress, note: tell((number + progress) / len(concerned), note)

    return [
        await reassign(connection, org_id, plane, since, accounts, buildings, part(number))
        for number, plane in enumerate(concerned)
    ]


async def _reassign_buildings(run: _Run, keys: Keys) -> Written:
    some = await place_facts.buildings_of(run.connection, keys, run.since)
    subjects = np.unique(keys)
    values, parts = Values(), []
    for era in run.eras if run.plane.kind == "place" else []:
        run.tell()
        placed = await _house(run, era.ground, some)
        placed = placed.take(np.isin(placed.building_pk, keys))
        placed = placed.take((placed.start < era.end) & (placed.end > era.start))
        grid = placed.grid
        value = values.of(
            np.where(grid >= 0, "assigned", "outside").astype(object),
            _grid_bytes(era.ground)[grid],
            np.where(grid >= 0, "building", _NO_RULE),
            placed.tie,
            placed.share,
            placed.evidence,
        )
        start = np.maximum(placed.start, era.start).astype(np.int32)
        end = np.minimum(placed.end, era.end).astype(np.int32)
        parts.append(Spans(np.searchsorted(subjects, placed.building_pk), start, end, value))
    return await run.merge(repository.BUILDINGS, subjects, parts, values)


async def _reassign_accounts(run: _Run, keys: Keys) -> Written:
    found = await account_facts.read(run.connection, run.plane.plane_id, keys, run.since)
    around = await on_day.around_of(run.connection, run.plane, found, run.since)
    cut = timeline.cut(
        found.accounts.first_day,
        run.since_day,
        [era.days for era in run.eras],
        *gather.changes(found, around),
    )
    values, parts = Values(), []
    counted = np.zeros(len(found.accounts), bool)
    for number, era in enumerate(run.eras):
        run.tell()
        rows = np.flatnonzero(cut.term == number)
        piece = Cut(cut.subject[rows], cut.start[rows], cut.end[rows], cut.term[rows])
        placed = await _house(run, era.ground, around.buildings)
        outcome = await anyio.to_thread.run_sync(on_day.settled, found, around, era, placed, piece)
        told = await anyio.to_thread.run_sync(evidence, era.ground, outcome)
        decision = outcome.decision
        status, rule = STATUS_NAMES[decision.status], RULE_NAMES[decision.rule]
        value = values.of(status, _grid_bytes(era.ground)[decision.grid], rule, decision.tie, None, told)
        parts.append(Spans(piece.subject, piece.start, piece.end, value))
        first = np.r_[True, piece.subject[1:] != piece.subject[:-1]][: len(rows)] & ~counted[piece.subject]
        counted[piece.subject] = True
        run.by_status.update(status[first].tolist())
        run.by_rule.update(one for one in rule[first].tolist() if one is not None)
    return await run.merge(repository.ACCOUNTS, found.accounts.account_pk, parts, values)


async def _house(run: _Run, ground: Ground, some: Buildings) -> BuildingGrids:
    """The grids of these buildings (and of others asked before) in a plan; each is placed once in a run."""
    plan_id = ground.table.plan_id
    placed, asked = run.housed.get(plan_id, NO_BUILDINGS), run.asked.get(plan_id, _NONE)
    new = ~np.isin(some.building_pk, asked)
    if new.any():
        placed = joined([placed, await anyio.to_thread.run_sync(grids_of, ground, some_of(some, new))])
        run.housed[plan_id] = placed
        run.asked[plan_id] = np.union1d(asked, some.building_pk)
    return placed


def _how(how: How) -> dict[str, Any] | None:
    return None if how is None else {"status": how[0], "rule": how[1]}


def _grid_bytes(ground: Ground) -> NDArray[np.object_]:
    """The grid of each row as 16 bytes; the last (row −1) is none."""
    out = np.empty(len(ground.table) + 1, dtype=object)
    out[:-1] = [grid_id.bytes for grid_id in ground.table.grid_ids]
    return out


def _no_spans() -> Spans:
    return Spans(_NONE, np.empty(0, np.int32), np.empty(0, np.int32), _NONE)
