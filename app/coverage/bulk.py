"""Many places at once: whose are they, by place alone or by all the rules of a plane. Nothing is stored."""

import datetime as dt
from typing import Any

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments.decide import RULE_NAMES, STATUS_NAMES, Known, settle
from app.assignments.locators import Ground
from app.coverage.choosing import ground_of
from app.coverage.columns import Question
from app.coverage.known import known_of
from app.planes import service as planes
from app.policies import service as policies
from geo.cells import cells, to_text
from geo.geocodes import GeocodePolicy
from geo.precedence import Rule, parse_rules

Document = dict[str, Any]


async def assign(
    connection: AsyncConnection,
    question: Question,
    day: dt.date,
    known_at: dt.datetime | None = None,
    *,
    with_cells: bool,
) -> Document:
    """Columns of one length: id, grid, status, rule, tie, nearest_grid, distance_m, reason (and h3)."""
    plane = await planes.get(connection, question.plane, day, known_at)
    ground = await ground_of(connection, plane, day, known_at=known_at)
    if ground is None:
        return _nothing(question, f"no plan of plane {plane.code} is in force on {day}", with_cells)
    rules: tuple[Rule, ...] = (Rule.POINT,) if plane.kind == "place" else ()
    reason = question.reason.copy()
    if question.by_rules:
        rules = parse_rules(plane.rules)
        known = await known_of(connection, plane, ground, question, day, known_at, reason)
    else:
        known = Known.of(question.lng, question.lat)
    policy = await policies.geocodes(connection, day, known_at)
    rejected = np.array([why is not None for why in question.reason], bool)
    return await anyio.to_thread.run_sync(
        _answer, question, ground, rules, known, policy, rejected, reason, with_cells
    )


def _answer(
    question: Question,
    ground: Ground,
    rules: tuple[Rule, ...],
    known: Known,
    policy: GeocodePolicy,
    rejected: NDArray[np.bool_],
    reason: NDArray[np.object_],
    with_cells: bool,
) -> Document:
    outcome = settle(rules, ground, known, policy)
    decision = outcome.decision
    codes = np.empty(len(ground.codes) + 1, dtype=object)
    codes[:-1] = ground.codes
    status, rule = STATUS_NAMES[decision.status], RULE_NAMES[decision.rule]
    grid, nearest = codes[decision.grid], codes[outcome.nearest]
    distance = np.round(outcome.distance_m, 3)
    tie = decision.tie.copy()
    status[rejected], grid[rejected], rule[rejected], nearest[rejected] = "rejected", None, None, None
    distance[rejected], tie[rejected] = np.nan, False
    return {
        "plan": str(ground.table.plan_id),
        "id": question.ids,
        "grid": grid.tolist(),
        "status": status.tolist(),
        "rule": rule.tolist(),
        "tie": tie,
        "nearest_grid": nearest.tolist(),
        "distance_m": distance,
        "reason": reason.tolist(),
    } | _cells(question, with_cells)


def _nothing(question: Question, why: str, with_cells: bool) -> Document:
    n = len(question)
    rejected = [reason is not None for reason in question.reason]
    return {
        "plan": None,
        "id": question.ids,
        "grid": [None] * n,
        "status": ["rejected" if one else "unassigned" for one in rejected],
        "rule": [None] * n,
        "tie": [False] * n,
        "nearest_grid": [None] * n,
        "distance_m": [None] * n,
        "reason": [reason or why for reason in question.reason],
    } | _cells(question, with_cells)


def _cells(question: Question, with_cells: bool) -> Document:
    if not with_cells:
        return {}
    return {"h3": [text or None for text in to_text(cells(question.lng, question.lat)).tolist()]}
