"""A redraw as a job: from a plan to drafts with their reports."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import service as assignments
from app.assignments.service import Decided
from app.audit import service as audit
from app.audit.service import By
from app.errors import Invalid
from app.jobs import service as jobs
from app.jobs.runner import Work
from app.orgs import service as orgs
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import GridRow, GridTable, Plan
from app.rebalances import child
from app.rebalances.gather import gather
from app.rebalances.schemas import RebalanceWanted
from geo.redraw import Drawn, Goal, redraw_grids

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
    params = {"plan": str(plan_id), "wanted": wanted.model_dump()}
    return await jobs.submit(connection, org_id, KIND, params, actor)


async def run(work: Work) -> dict[str, Any]:
    """The job: gather, redraw in a child process, write the drafts."""
    wanted = RebalanceWanted.model_validate(work.params["wanted"])
    plan = await plans.get(work.connection, uuid.UUID(work.params["plan"]))
    plane = await planes.by_id(work.connection, plan.plane_id)
    table = await plans.grid_table(work.connection, plan.plan_id)
    if len(table) == 0:
        raise Invalid(f"The plan {plan.name!r} has no grids to redraw.", kind="empty-plan")
    work.tell(0.02, "reading customers, buildings and lines")
    day = await _day(work, plan)
    gathered = await gather(work.connection, work.org_id, plane, table, wanted, day)
    work.check()
    goal = Goal(
        measures=wanted.weights,
        tolerance=_tolerances(wanted),
        max_moved=wanted.max_moved,
        prefer=wanted.prefer,
        frontier=wanted.frontier,
        seed=wanted.seed,
        time_limit=wanted.time_limit,
    )
    made = await child.run(redraw_grids, gathered.ground, goal, work=work, share=(GATHERED, DRAWN))
    names = _names(plan, wanted, len(made.plans))
    drafts = []
    for number, (drawn, name) in enumerate(zip(made.plans, names, strict=True)):
        work.tell(DRAWN + 0.1 * number / len(made.plans), f"writing the draft {name}")
        drawn.report["held_by_lists_and_clusters"] = gathered.held
        drafts.append(await _write(work, plane, plan, table, drawn, name, gathered.before, day))
    if wanted.frontier is None:
        return {"plan": drafts[0]["plan"], "report": drafts[0]["report"]}
    rows = [{"plan": i + 1, **row} for i, row in enumerate(made.summary)]
    return {
        "plan": drafts[0]["plan"],
        "plans": [draft["plan"] for draft in drafts],
        "report": {"plans": [draft["report"] for draft in drafts], "frontier": rows},
    }


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


async def _day(work: Work, plan: Plan) -> dt.date:
    """The day whose customers count: today, or the first day of a plan that is in force only later."""
    today = await orgs.today(work.connection, work.org_id)
    terms = await plans.terms_of(work.connection, plan.plan_id)
    return max([today, *(term.valid_from for term in terms[:1])])


def _names(plan: Plan, wanted: RebalanceWanted, number: int) -> list[str]:
    name = wanted.name or f"{plan.name} · rebalanced"
    return [name] if number == 1 else [f"{name} ({i + 1} of {number})" for i in range(number)]


async def _write(
    work: Work,
    plane: Plane,
    base: Plan,
    table: GridTable,
    drawn: Drawn,
    name: str,
    before: Decided,
    day: dt.date,
) -> dict[str, Any]:
    """One draft with its grids and report; what moved is counted in customers and buildings too."""
    draft = await plans.create_draft(
        work.connection, work.org_id, plane, base.plan_id, name, work.actor, copy=False
    )
    rows = [
        GridRow(
            grid_id=table.grid_ids[g],
            code=table.codes[g],
            name=table.names[g],
            grid_class=table.own_classes[g],
            polygon=drawn.polygons[g],
            area_id=table.area_ids[g],
            owner_id=table.owner_ids[g],
            locked=bool(table.locked[g]),
            attributes=table.attributes[g],
        )
        for g in range(len(table))
    ]
    draft = await plans.write_grids(work.connection, work.org_id, draft, rows)
    after = await assignments.under_plan(work.connection, work.org_id, plane, draft.plan_id, day)
    drawn.report["moved"] |= {
        "customers": int((before.grid != after.grid).sum()),
        "buildings": int((before.building_grid != after.building_grid).sum()),
        "area_grids": int(np.count_nonzero(drawn.differs)),
    }
    await plans.set_report(work.connection, draft.plan_id, drawn.report)
    by = By(work.org_id, work.actor)
    await audit.record(
        work.connection,
        by,
        "plan.rebalance",
        "plan",
        str(draft.plan_id),
        after={"base": str(base.plan_id), "name": name, "wanted": work.params["wanted"]},
    )
    return {"plan": str(draft.plan_id), "report": drawn.report}


HANDLERS = {KIND: run}
