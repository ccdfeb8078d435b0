"""Everything that is wrong with a plan: its coverage, its classes, its owners, its barriers."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import anyio.to_thread
import numpy as np
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs import areas, directory
from app.orgs.directory import Area
from app.places import obstacles
from app.planes.service import Plane
from app.plans import owners, service
from app.plans.cutting import cut_grids
from app.plans.model import GridTable, Plan
from app.plans.straddling import straddles
from geo.coverage import Finding, check


async def findings(connection: AsyncConnection, plane: Plane, plan: Plan, day: dt.date) -> list[Finding]:
    """The findings on a plan with the areas, exclusions and barriers of that day; errors come first."""
    table = await service.grid_table(connection, plan.plan_id)
    found = await owners.findings(connection, plane, table, day)
    found += await _mixed_classes(connection, table, day)
    if not len(table):
        found.append(Finding("no_grids", "error", (), 0.0, None, "the plan has no grids"))
    elif plane.kind == "place":
        found += await _ground(connection, table)
    return sorted(found, key=lambda one: one.severity != "error")


async def _ground(connection: AsyncConnection, table: GridTable) -> list[Finding]:
    bounds = shapely.total_bounds(table.geometries)
    if not np.isfinite(bounds).all():
        return await anyio.to_thread.run_sync(check, table.geometries, table.codes)
    west, south, east, north = (float(side) for side in bounds)
    box = (west, south, east, north)
    free = await obstacles.exclusions(connection, box)
    barriers = await obstacles.barriers(connection, box)
    found: Sequence[Finding] = await anyio.to_thread.run_sync(
        partial(check, table.geometries, table.codes, exclusions=free)
    )
    crossed = await anyio.to_thread.run_sync(straddles, table.geometries, barriers.walls, barriers.spots)
    return [
        *found,
        *(
            Finding(
                "barrier_crossed",
                "warning",
                (table.codes[one.row],),
                0.0,
                one.line,
                "a barrier cuts the grid in two and no bridge joins them",
            )
            for one in crossed
        ),
    ]


async def _mixed_classes(connection: AsyncConnection, table: GridTable, day: dt.date) -> list[Finding]:
    tree = await directory.areas(connection, day)
    classes = directory.inherited_classes(tree)
    names = {area.area_id: area.code for area in tree}
    out = []
    for row, area_id in enumerate(table.area_ids):
        own = table.own_classes[row]
        if own is None or area_id is None or classes.get(area_id, own) == own:
            continue
        own, theirs = own or "none", classes[area_id] or "none"
        said = f"class {own} in area {names[area_id]}, whose class is {theirs}"
        ground = table.geometries[row]
        out.append(Finding("mixed_class", "warning", (table.codes[row],), _area(table, row), ground, said))
    return out + await _half_of_a_class(connection, table, tree, day)


async def _half_of_a_class(
    connection: AsyncConnection, table: GridTable, tree: list[Area], day: dt.date
) -> list[Finding]:
    """Grids that are partly on the ground of an area of another class than theirs."""
    classes, inherited = service.classes_in(table, tree), directory.inherited_classes(tree)
    out: list[Finding] = []
    for area_id, ground in (await areas.grounds(connection, day)).items():
        inside = areas.below(tree, area_id)
        belongs = [one in inside for one in table.area_ids]
        concerned = [
            not is_its and own != inherited.get(area_id, own)
            for is_its, own in zip(belongs, classes, strict=True)
        ]
        cut = await anyio.to_thread.run_sync(cut_grids, table, ground, belongs, concerned)
        out += [replace(one, severity="warning") for one in cut]
    return out


def _area(table: GridTable, row: int) -> float:
    area = float(table.areas_m2[row])
    return area if np.isfinite(area) else 0.0
