"""A redraw as a job: from a plan to drafts with their reports."""

import asyncio
import contextlib
import datetime as dt
import uuid
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import workload
from app.audit import service as audit
from app.audit.service import By
from app.errors import Conflict, Invalid
from app.jobs import service as jobs
from app.jobs.runner import Work
from app.orgs import service as orgs
from app.planes import service as planes
from app.plans import service as plans
from app.plans.service import GridTable, Plan
from app.rebalances import child
from app.rebalances.drafts import Base, write
from app.rebalances.gather import gather
from app.rebalances.schemas import RebalanceWanted
from app.rebalances.selection import Selection, select
from geo.redraw import Goal, Redrawn, redraw_grids

Made = TypeVar("Made")

KIND = "rebalance"
GATHERED, DRAWN = 0.15, 0.9


async def submit(
    connection: AsyncConnection, org_id: uuid.UUID, plan_id: uuid.UUID, wanted: RebalanceWanted, actor: str
) -> uuid.UUID:
    """A job that redraws the plan's grids; what can be told at once to be wrong is refused at once."""
    plan = await plans.get(connection, plan_id)
    plane = await planes.by_id(connection, plan.plane_id)
    if plane.kind != "place":
        raise Invalid(
            f"Plane {plane.code!r} is of lists: its grids have no ground to redraw.", kind="no-ground"
        )
    _tolerances(wanted)
    day = await _day(connection, org_id, plan)
    await _selected(connection, plan, wanted, day)
    await workload.known_measures(connection, wanted.weights, day)
    params = {"plan": str(plan_id), "wanted": wanted.model_dump(by_alias=True)}
    return await jobs.submit(connection, org_id, KIND, params, actor)


async def run(work: Work) -> dict[str, Any]:
    """The job: gather, redraw in a child process, write the drafts.

    The plan is read in a transaction of its own, so that none is open while the child seeks; nothing is
    written before it has found. A plan that was changed meanwhile is a conflict.
    """
    wanted = RebalanceWanted.model_validate(work.params["wanted"])
    plan_id = uuid.UUID(work.params["plan"])
    work.tell(0.02, "reading customers, buildings and lines", stage="gathering")
    base = await stoppable(work, _read(work, plan_id, wanted))
    goal = Goal(
        measures=wanted.weights,
        tolerance=_tolerances(wanted),
        max_moved=wanted.max_moved,
        prefer=wanted.prefer,
        frontier=wanted.frontier,
        seed=wanted.seed,
        time_limit=wanted.time_limit,
    )
    made = await child.run(redraw_grids, base.gathered.ground, goal, work=work, share=(GATHERED, DRAWN))
    return await stoppable(work, _write_all(work, base, wanted, made))


async def _read(work: Work, plan_id: uuid.UUID, wanted: RebalanceWanted) -> Base:
    async with work.database.transaction(work.org_id, timeout_s=0) as connection:
        plan = await plans.get(connection, plan_id)
        plane = await planes.by_id(connection, plan.plane_id)
        day = await _day(connection, work.org_id, plan)
        table, selection = await _selected(connection, plan, wanted, day)
        gathered = await gather(connection, work.org_id, plane, table, selection, wanted, day)
    return Base(plan, plane, table, selection, gathered, day)


async def _selected(
    connection: AsyncConnection, plan: Plan, wanted: RebalanceWanted, day: dt.date
) -> tuple[GridTable, Selection]:
    table = await plans.grid_table(connection, plan.plan_id)
    if len(table) == 0:
        raise Invalid(f"The plan {plan.name!r} has no grids to redraw.", kind="empty-plan")
    return table, await select(connection, table, wanted, day)


async def _write_all(work: Work, base: Base, wanted: RebalanceWanted, made: Redrawn) -> dict[str, Any]:
    now = await plans.grid_table(work.connection, base.plan.plan_id)
    if _said(now) != _said(base.table):
        raise Conflict(
            f"The plan {base.plan.name!r} was changed while it was being redrawn; ask for the redraw again.",
            kind="plan-changed",
        )
    names = _names(base.plan, wanted, len(made.plans))
    drafts = []
    for number, (drawn, name) in enumerate(zip(made.plans, names, strict=True)):
        work.tell(DRAWN + 0.1 * number / len(made.plans), f"writing the draft {name}", stage="writing")
        if wanted.frontier is not None:
            drawn.report["frontier"] = {"plan": number + 1, "of": len(made.plans), **made.summary[number]}
        drafts.append(await write(work, base, drawn, name))
    if wanted.frontier is None:
        return {"plan": drafts[0], "report": made.plans[0].report}
    rows = [{"plan": i + 1, **row} for i, row in enumerate(made.summary)]
    return {
        "plan": drafts[0],
        "plans": drafts,
        "report": {"plans": [drawn.report for drawn in made.plans], "frontier": rows},
    }


def _said(table: GridTable) -> tuple[Any, ...]:
    """What a redraw rests on, of a plan's grids."""
    return (
        table.grid_ids,
        table.codes,
        table.own_classes,
        table.area_ids,
        table.locked.tolist(),
        table.shape_ids,
    )


async def finish(connection: AsyncConnection, by: By, job_id: uuid.UUID) -> dict[str, Any]:
    """Ask a redraw to take the best plan that it has found so far."""
    job = jobs.document(await jobs.finish(connection, job_id, KIND))
    await audit.record(connection, by, "job.finish", "job", str(job_id))
    return job


async def stoppable(work: Work, piece: Coroutine[Any, Any, Made]) -> Made:
    """The piece of work, ended within a second when somebody cancels the job."""
    doing = asyncio.ensure_future(piece)
    stop = asyncio.ensure_future(work.stop.wait())
    try:
        await asyncio.wait({doing, stop}, return_when=asyncio.FIRST_COMPLETED)
        work.check()
        return await doing
    finally:
        stop.cancel()
        if not doing.done():
            doing.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await doing


def _tolerances(wanted: RebalanceWanted) -> Sequence[float]:
    """The tolerance of each weight, in order."""
    if len(set(wanted.weights)) < len(wanted.weights):
        raise Invalid("weights names a measure twice.", kind="invalid-weights")
    if not isinstance(wanted.tolerance, dict):
        return [wanted.tolerance] * len(wanted.weights)
    missing = [name for name in wanted.weights if name not in wanted.tolerance]
    if missing:
        raise Invalid(
            f"tolerance says nothing of {missing[0]!r}; give one number, or one for each weight.",
            kind="invalid-tolerance",
        )
    return [wanted.tolerance[name] for name in wanted.weights]


async def _day(connection: AsyncConnection, org_id: uuid.UUID, plan: Plan) -> dt.date:
    """The day whose customers count: today, or the first day of a plan that is in force only later."""
    today = await orgs.today(connection, org_id)
    terms = await plans.terms_of(connection, plan.plan_id)
    return max([today, *(term.valid_from for term in terms[:1])])


def _names(plan: Plan, wanted: RebalanceWanted, number: int) -> list[str]:
    name = wanted.name or f"{plan.name} · rebalanced"
    return [name] if number == 1 else [f"{name} ({i + 1} of {number})" for i in range(number)]


HANDLERS = {KIND: run}
