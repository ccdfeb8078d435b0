"""What it takes to put a plan in force from a day, or out of it; asked before the job and inside it."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import Conflict, Invalid, Stale
from app.plans.model import Plan


@dataclass(frozen=True)
class Release:
    """A publication or a withdrawal as asked for.

    ``day`` None is the organisation's today. ``if_match`` is the request's If-Match, as it came.
    """

    plan_id: uuid.UUID
    day: dt.date | None = None
    reason: str | None = None
    if_match: str | None = None
    request_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For a job's parameters."""
        return {
            "plan": str(self.plan_id),
            "day": self.day.isoformat() if self.day else None,
            "reason": self.reason,
            "if_match": self.if_match,
            "request_id": self.request_id,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Release":
        """The reverse of :meth:`to_json`."""
        day = document["day"]
        return cls(
            plan_id=uuid.UUID(document["plan"]),
            day=dt.date.fromisoformat(day) if day else None,
            reason=document["reason"],
            if_match=document["if_match"],
            request_id=document["request_id"],
        )


def match(plan: Plan, if_match: str | None) -> None:
    """Raise :class:`Stale` when the caller has seen another version than the plan's."""
    if if_match is None or if_match.strip() == "*":
        return
    seen = {tag.strip().removeprefix("W/") for tag in if_match.split(",")}
    if plan.etag not in seen:
        raise Stale(
            f"The plan {plan.name!r} is at version {plan.version} by now and you have seen {if_match}; "
            "read it again, then decide.",
            etag=plan.etag,
        )


def may_begin(plan: Plan, release: Release, today: dt.date) -> dt.date:
    """The day from which the plan may be in force; raises why not."""
    if plan.status in ("published", "archived"):
        raise Conflict(
            f"The plan {plan.name!r} is {plan.status} already; make a new draft with it as its base.",
            kind="plan-published",
        )
    if plan.status != "validated":
        raise Conflict(
            f"The plan {plan.name!r} is a draft; validate it, then publish it.", kind="plan-not-validated"
        )
    match(plan, release.if_match)
    return _not_silently_past(release, today, "publish")


def may_withdraw(plan: Plan, release: Release, today: dt.date) -> dt.date:
    """The day from which the plan may be out of force; raises why not."""
    if plan.status in ("draft", "validated"):
        raise Conflict(
            f"The plan {plan.name!r} is not published; there is nothing to withdraw.",
            kind="plan-not-in-force",
        )
    match(plan, release.if_match)
    return _not_silently_past(release, today, "withdraw")


def _not_silently_past(release: Release, today: dt.date, verb: str) -> dt.date:
    day = release.day or today
    if day < today and not release.reason:
        raise Invalid(
            f"{day} is past (today is {today}) and answers for it would change; "
            f"to {verb} from then, give a `reason`.",
            kind="date-in-past",
        )
    return day
