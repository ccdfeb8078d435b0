"""One plan of a redraw as a draft: its grids, its report, and the ground that each step moves."""

import datetime as dt
from dataclasses import dataclass

import anyio.to_thread
import numpy as np

from app.assignments import service as assignments
from app.audit import service as audit
from app.audit.service import By
from app.jobs.runner import Work
from app.planes.service import Plane
from app.plans import handing, moves, steps
from app.plans import service as plans
from app.plans.service import GridRow, GridTable, Plan
from app.plans.steps import StepLand
from app.rebalances import figures
from app.rebalances.gather import Gathered
from app.rebalances.selection import Selection
from geo.redraw import Drawn


@dataclass(frozen=True)
class Base:
    """The plan that is redrawn, as it was read on the day whose customers count."""

    plan: Plan
    plane: Plane
    table: GridTable
    selection: Selection
    gathered: Gathered
    day: dt.date


async def write(work: Work, base: Base, drawn: Drawn, name: str) -> str:
    """Write the draft and complete its report, which is the job's too; the plan's id."""
    connection, org_id = work.connection, work.org_id
    draft = await plans.create_draft(
        connection, org_id, base.plane, base.plan.plan_id, name, work.actor, copy=False
    )
    draft = await plans.write_grids(connection, org_id, draft, _rows(base, drawn))
    await steps.keep(connection, org_id, draft.plan_id, await _lands(work, base, drawn, draft))
    after = await assignments.under_plan(connection, org_id, base.plane, draft.plan_id, base.day)
    changes = moves.changes(base.gathered.before, after)
    pair = moves.Pair(base.plane, base.plan, draft, base.day)
    stepped = await handing.stepped(connection, pair, changes)
    await anyio.to_thread.run_sync(figures.tell, drawn.report, base.gathered, base.selection, after, stepped)
    drawn.report["moved"]["area_grids"] = int(np.count_nonzero(drawn.differs))
    await plans.set_report(connection, draft.plan_id, drawn.report)
    await audit.record(
        connection,
        By(org_id, work.actor),
        "plan.rebalance",
        "plan",
        str(draft.plan_id),
        after={"base": str(base.plan.plan_id), "name": name, "wanted": work.params["wanted"]},
    )
    return str(draft.plan_id)


def _rows(base: Base, drawn: Drawn) -> list[GridRow]:
    """The grids of the draft: those outside the scope as they were, the others as drawn, the added ones."""
    table, selection = base.table, base.selection
    position = selection.position(table)
    rows = []
    for g, code in enumerate(table.codes):
        polygon = table.geometries[g] if position[g] < 0 else drawn.polygons[position[g]]
        if polygon is not None:
            rows.append(
                GridRow(
                    grid_id=table.grid_ids[g],
                    code=code,
                    name=table.names[g],
                    grid_class=table.own_classes[g],
                    polygon=polygon,
                    area_id=table.area_ids[g],
                    owner_id=table.owner_ids[g],
                    locked=bool(table.locked[g]),
                    attributes=table.attributes[g],
                )
            )
    for one, polygon in zip(selection.added, drawn.polygons[len(selection.rows) :], strict=True):
        if polygon is not None:
            rows.append(GridRow(None, one.ground.code, one.name, one.own_class, polygon, one.area_id))
    return rows


async def _lands(work: Work, base: Base, drawn: Drawn, draft: Plan) -> list[StepLand]:
    """The ground of the transfers, between identities."""
    table = await plans.grid_table(work.connection, draft.plan_id)
    ids = dict(enumerate(base.table.grid_ids[row] for row in base.selection.rows.tolist()))
    for number, one in enumerate(base.selection.added, len(ids)):
        # A new grid without ground gives nothing and gets nothing.
        if one.ground.code in table.rows:
            ids[number] = table.grid_ids[table.rows[one.ground.code]]
    return [
        StepLand(number, land.step, land.kind, ids[land.source], ids[land.sink], land.polygon)
        for number, land in enumerate(drawn.lands, 1)
    ]
