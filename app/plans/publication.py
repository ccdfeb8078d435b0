"""Putting a plan in force from a day, and out of it: terms, owners and assignments in one transaction.

Both are jobs. A worker that dies in the middle leaves nothing behind, and the job is taken up again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.assignments import service as assignments
from app.audit import service as audit
from app.audit.service import By
from app.jobs.runner import Handler, Work
from app.orgs import service as orgs
from app.planes import service as planes
from app.plans import calendar, documents, owners, repository, service
from app.plans.calendar import Change
from app.plans.model import Plan
from app.plans.release import Release, may_begin, may_withdraw
from app.storage.locks import one_writer


async def publish(work: Work) -> dict[str, Any]:
    """Job handler: put a validated plan in force from a day. Parameters: :class:`Release`."""
    return await _release(work, "plan.publish", _begin)


async def withdraw(work: Work) -> dict[str, Any]:
    """Job handler: take a plan out of force; the one before it holds again. Parameters: :class:`Release`."""
    return await _release(work, "plan.withdraw", _end)


async def _begin(work: Work, plan: Plan, release: Release) -> list[Change]:
    day = may_begin(plan, release, await orgs.today(work.connection, work.org_id))
    await owners.refuse_away(work.connection, plan.plan_id, day)
    change = await calendar.begin(work.connection, work.org_id, plan, day)
    await repository.change(work.connection, plan.plan_id, "published")
    return [change]


async def _end(work: Work, plan: Plan, release: Release) -> list[Change]:
    connection = work.connection
    day = may_withdraw(plan, release, await orgs.today(connection, work.org_id))
    changes = await calendar.withdraw(connection, work.org_id, plan, day)
    # A plan that was never in force may still be published for another day.
    held = await service.terms_of(connection, plan.plan_id)
    await repository.change(connection, plan.plan_id, "published" if held else "validated")
    return changes


async def _release(
    work: Work, action: str, change: Callable[[Work, Plan, Release], Awaitable[Sequence[Change]]]
) -> dict[str, Any]:
    release = Release.from_json(work.params)
    connection = work.connection
    plane = await planes.by_id(connection, (await service.get(connection, release.plan_id)).plane_id)
    # The plane before the plan, always: two releases then wait for each other instead of locking up.
    await one_writer(connection, plane.plane_id)
    plan = await service.get(connection, release.plan_id, lock=True)
    before = await documents.summary(connection, plan, plane)
    changes = await change(work, plan, release)
    await owners.follow(connection, work.org_id, plane.plane_id, changes)
    work.check()
    since = min(one.valid_from for one in changes)
    done = await assignments.reassign(connection, work.org_id, plane, since, tell=work.step)
    after = await documents.document(connection, await service.get(connection, plan.plan_id), plane)
    await audit.record(
        connection,
        By(work.org_id, work.actor, release.request_id),
        action,
        "plan",
        str(plan.plan_id),
        reason=release.reason,
        before=before,
        after={key: value for key, value in after.items() if key != "report"},
    )
    return {"plan": after, "reassigned": asdict(done)}


HANDLERS: Mapping[str, Handler] = {"publish": publish, "withdraw": withdraw}
