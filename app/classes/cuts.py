"""Areas whose change of class would leave half of a grid in another class, with the places."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

import anyio.to_thread
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.orgs import areas, directory
from app.orgs.directory import Area
from app.planes import service as planes
from app.plans import service as plans
from app.plans.cutting import cut_grids
from geo.coverage import Finding, finding_to_json

Tree = list[Area]

REMEDY = (
    "split the grid along the area's edge, or move the edge to the grid's; or give the whole grid a class of "
    "its own"
)


async def cuts(
    connection: AsyncConnection, since: dt.date, before: Tree, after: Tree
) -> list[tuple[Area, Finding]]:
    """What the areas whose class differs between two trees cut, in plans in force from the day on.

    An area without a ground of its own cuts nothing: its ground is that of its grids.
    """
    was, will = directory.inherited_classes(before), directory.inherited_classes(after)
    changing = {area.area_id: area for area in after if was.get(area.area_id, "") != will[area.area_id]}
    grounds = await areas.grounds(connection, since, list(changing)) if changing else {}
    if not grounds:
        return []
    found: list[tuple[Area, Finding]] = []
    for plane in await planes.every(connection):
        for term in await plans.terms(connection, plane.plane_id, since):
            table = await plans.grid_table(connection, term.plan_id)
            found += await anyio.to_thread.run_sync(_of_plan, table, after, will, changing, grounds)
    return found


def _of_plan(
    table: plans.GridTable,
    tree: Tree,
    will: Mapping[uuid.UUID, str],
    changing: Mapping[uuid.UUID, Area],
    grounds: Mapping[uuid.UUID, Any],
) -> list[tuple[Area, Finding]]:
    classes = plans.classes_in(table, tree)
    found = []
    for area_id, ground in grounds.items():
        inside = areas.below(tree, area_id)
        belongs = [one in inside for one in table.area_ids]
        concerned = [
            own is None and (is_its or now != will[area_id])
            for own, is_its, now in zip(table.own_classes, belongs, classes, strict=True)
        ]
        cut = cut_grids(table, ground, belongs, concerned)
        found += [(changing[area_id], finding) for finding in cut]
    return found


async def refuse_cuts(connection: AsyncConnection, since: dt.date, before: Tree, after: Tree) -> None:
    """Raise :class:`Invalid` with the places where the change from one tree to the other cuts grids."""
    found = await cuts(connection, since, before, after)
    if not found:
        return
    named = sorted({area.code for area, _ in found})
    codes = sorted({code for _, finding in found for code in finding.codes})
    more = f" and {len(codes) - 10} more" if len(codes) > 10 else ""
    raise Invalid(
        f"The ground of area {', '.join(named)} cuts grid {', '.join(codes[:10])}{more}: one part would be "
        f"of another class than the rest. First {REMEDY}. Nothing was changed.",
        kind="class-cuts-grid",
        findings=[finding_to_json(finding) for _, finding in found],
    )
