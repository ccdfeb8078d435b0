"""Days on which one plan, one version of the plane and one policy of geocodes hold: an era."""

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import locators, timeline
from app.assignments.locators import Ground
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import Plan
from app.policies import service as policies
from app.policies.kinds import GEOCODES
from app.policies.service import Span
from geo.geocodes import GeocodePolicy
from geo.precedence import Rule, parse_rules


@dataclass(frozen=True)
class Era:
    """Days (int32 since 1970-01-01, ``end`` not included) decided by the same plan, rules and policy."""

    start: int
    end: int
    plan: Plan
    ground: Ground
    rules: tuple[Rule, ...]
    covers: Mapping[str, Sequence[str]]
    """Whom the plane is for: values by attribute; everyone where nothing is named."""
    geocodes: GeocodePolicy

    @property
    def days(self) -> tuple[int, int]:
        """First day and end."""
        return self.start, self.end


async def eras(
    connection: AsyncConnection,
    plane: Plane,
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> list[Era]:
    """The eras of a plane from ``since`` up to, not including, ``until``, in order, as known then.

    Days without a plan in force are in none.
    """
    found: list[Era] = []
    limit = timeline.end_number(until)
    versions = await planes.versions(connection, plane.plane_id, since, known_at)
    trusted = await policies.spans(connection, GEOCODES.name, since, known_at)
    for term in await plans.terms(connection, plane.plane_id, since, known_at):
        if timeline.day_number(term.valid_from) >= limit:
            break
        plan = await plans.get(connection, term.plan_id)
        ground = await locators.ground(connection, plan)
        for version, policy in itertools.product(versions, trusted):
            start, end = _common(term, version, policy)
            end = min(end, limit)
            if start < end:
                found.append(
                    Era(start, end, plan, ground, parse_rules(version.rules), version.covers, _trust(policy))
                )
    return sorted(found, key=lambda era: era.start)


async def on(
    connection: AsyncConnection, plane: Plane, day: dt.date, known_at: dt.datetime | None = None
) -> Era | None:
    """The era of a day, as known then; None: no plan is in force."""
    found = await eras(connection, plane, day, day + dt.timedelta(days=1), known_at)
    return found[0] if found else None


async def under(connection: AsyncConnection, plane: Plane, plan: Plan, day: dt.date) -> Era:
    """What would decide that day if the plan (a draft too) were in force."""
    (version, *_) = await planes.versions(connection, plane.plane_id, day)
    return Era(
        timeline.day_number(day),
        timeline.day_number(day) + 1,
        plan,
        await locators.ground(connection, plan),
        parse_rules(version.rules),
        version.covers,
        await policies.geocodes(connection, day),
    )


class _Dated(Protocol):
    @property
    def valid_from(self) -> dt.date: ...
    @property
    def valid_to(self) -> dt.date | None: ...


def _common(*spans: _Dated) -> tuple[int, int]:
    """The days that all spans share."""
    starts = [timeline.day_number(span.valid_from) for span in spans]
    return max(starts), min(timeline.end_number(span.valid_to) for span in spans)


def _trust(policy: Span) -> GeocodePolicy:
    return GEOCODES.default if policy.document is None else GEOCODES.parse(policy.document)
