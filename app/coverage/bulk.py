"""Many places at once: whose are they, by place alone or by all the rules of a plane. Nothing is stored."""

import datetime as dt
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from app.assignments.decide import Known, settle
from app.assignments.locators import Ground
from app.coverage import answer, footing
from app.coverage.answer import ASSIGNED, OUTSIDE, POINT, REJECTED, UNASSIGNED, Answer
from app.coverage.columns import Question
from app.coverage.footing import Footing
from app.coverage.known import known_of
from app.policies import service as policies
from app.standing.asking import Asking
from geo.geocodes import GeocodePolicy
from geo.precedence import Rule, parse_rules

_NONE = np.array([None], dtype=object)

AT_ONCE = 2_000
"""So many places are answered sooner than a thread begins to."""


async def assign(
    asking: Asking, asked: Question, at: dt.date | None, known_at: str | None, *, with_cells: bool
) -> Answer:
    """Whose the places are on a day, as known then."""
    if known_at is None:
        return await _assign(await footing.confirmed(asking, asked.plane, at), asked, with_cells)
    async with footing.read(asking, asked.plane, at, known_at) as stands:
        return await _assign(stands, asked, with_cells)


async def _assign(stands: Footing, asked: Question, with_cells: bool) -> Answer:
    plane, ground, day = stands.plane, stands.ground, stands.day
    if ground is None:
        told = answer.nothing(asked, f"no plan of plane {plane.code} is in force on {day}")
        return answer.with_cells(told, asked) if with_cells else told
    if not asked.by_rules:
        if len(asked) <= AT_ONCE:
            return by_place(asked, ground, plane.kind, with_cells)
        return await anyio.to_thread.run_sync(by_place, asked, ground, plane.kind, with_cells)
    rules, reason = parse_rules(plane.rules), asked.reason.copy()
    async with stands.connection() as connection:
        known = await known_of(connection, plane, ground, asked, day, stands.known_at, reason)
        policy = await policies.geocodes(connection, day, stands.known_at)
    return await anyio.to_thread.run_sync(by_rules, asked, ground, rules, known, policy, reason, with_cells)


def by_place(asked: Question, ground: Ground, kind: str, with_cells: bool) -> Answer:
    """Whose exact places are when nothing else is known: what the rule ``point`` says, and no more."""
    n = len(asked)
    found = ground.locate(asked.lng, asked.lat)
    inside = found.grid >= 0
    outside = np.flatnonzero(~inside & ~asked.rejected)
    nearest, distance = np.full(n, -1, np.int32), np.full(n, np.nan)
    if kind == "place" and len(outside):
        nearest[outside], distance[outside] = ground.nearest(asked.lng[outside], asked.lat[outside])
    status = np.where(inside, ASSIGNED, OUTSIDE if kind == "place" else UNASSIGNED)
    rule = np.where(inside, POINT, -1)
    columns = (found.grid, status, rule, found.tie, nearest, distance)
    return _told(asked, ground, columns, asked.reason, with_cells)


def by_rules(
    asked: Question,
    ground: Ground,
    rules: tuple[Rule, ...],
    known: Known,
    policy: GeocodePolicy | None,
    reason: NDArray[np.object_],
    with_cells: bool,
) -> Answer:
    """Whose places are by a plane's rules."""
    outcome = settle(rules, ground, known, policy)
    decided = outcome.decision
    columns = (
        decided.grid, decided.status, decided.rule, decided.tie, outcome.nearest, outcome.distance_m,
    )  # fmt: skip
    return _told(asked, ground, columns, reason, with_cells)


def _told(
    asked: Question,
    ground: Ground,
    columns: tuple[Any, Any, Any, Any, Any, Any],
    reason: NDArray[np.object_],
    with_cells: bool,
) -> Answer:
    rejected = asked.rejected
    grid, status, rule, tie, nearest, distance = columns
    told = Answer(
        str(ground.table.plan_id),
        asked.ids,
        np.concatenate([ground.codes, _NONE]),
        np.where(rejected, -1, grid),
        np.where(rejected, REJECTED, status),
        np.where(rejected, -1, rule),
        tie & ~rejected,
        np.where(rejected, -1, nearest),
        np.where(rejected, np.nan, np.round(distance, 3)),
        reason,
    )
    return answer.with_cells(told, asked) if with_cells else told
