"""Many places at once: whose are they, by place alone or by all the rules of a plane. Nothing is stored."""

import datetime as dt

import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from app.assignments.decide import Known, settle
from app.assignments.locators import Ground
from app.coverage import answer
from app.coverage.answer import REJECTED, Answer
from app.coverage.asking import Asking
from app.coverage.columns import Question
from app.coverage.footing import footing
from app.coverage.known import known_of
from app.policies import service as policies
from geo.geocodes import GeocodePolicy
from geo.precedence import Rule, parse_rules

_NONE = np.array([None], dtype=object)

AT_ONCE = 2_000
"""So many places are answered sooner than a thread begins to."""


async def assign(
    asking: Asking, asked: Question, at: dt.date | None, known_at: str | None, *, with_cells: bool
) -> Answer:
    """Whose the places are on a day, as known then."""
    async with footing(asking, asked.plane, at, known_at) as stands:
        plane, ground, day = stands.plane, stands.ground, stands.day
        if ground is None:
            told = answer.nothing(asked, f"no plan of plane {plane.code} is in force on {day}")
            return answer.with_cells(told, asked) if with_cells else told
        rules: tuple[Rule, ...] = (Rule.POINT,) if plane.kind == "place" else ()
        policy, reason = None, asked.reason
        if asked.by_rules:
            rules, reason = parse_rules(plane.rules), asked.reason.copy()
            async with stands.connection() as connection:
                known = await known_of(connection, plane, ground, asked, day, stands.known_at, reason)
                policy = await policies.geocodes(connection, day, stands.known_at)
        else:
            known = Known.of(asked.lng, asked.lat)
        parts = (asked, ground, rules, known, policy, reason, with_cells)
        if len(asked) <= AT_ONCE and not asked.by_rules:
            return _answer(*parts)
        return await anyio.to_thread.run_sync(_answer, *parts)


def _answer(
    asked: Question,
    ground: Ground,
    rules: tuple[Rule, ...],
    known: Known,
    policy: GeocodePolicy | None,
    reason: NDArray[np.object_],
    with_cells: bool,
) -> Answer:
    outcome = settle(rules, ground, known, policy)
    decision, rejected = outcome.decision, asked.rejected
    told = Answer(
        str(ground.table.plan_id),
        asked.ids,
        np.concatenate([ground.codes, _NONE]),
        np.where(rejected, -1, decision.grid),
        np.where(rejected, REJECTED, decision.status),
        np.where(rejected, -1, decision.rule),
        decision.tie & ~rejected,
        np.where(rejected, -1, outcome.nearest),
        np.where(rejected, np.nan, np.round(outcome.distance_m, 3)),
        reason,
    )
    return answer.with_cells(told, asked) if with_cells else told
