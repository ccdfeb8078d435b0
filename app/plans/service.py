"""Plans: versions of a plane's grids, and the days on which they are in force."""

import datetime as dt
import json
import uuid
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Any

import anyio.to_thread
import numpy as np
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Conflict, Invalid, NotFound
from app.grids import service as grids
from app.orgs import directory
from app.orgs.directory import Area
from app.planes.service import Plane
from app.plans import grids_repository, repository
from app.plans.model import GridRow as GridRow
from app.plans.model import GridTable as GridTable
from app.plans.model import Plan as Plan
from app.plans.model import Term as Term

_TABLES_KEPT = 8
_tables: OrderedDict[tuple[uuid.UUID, int, int], GridTable] = OrderedDict()


async def get(connection: AsyncConnection, plan_id: uuid.UUID, *, lock: bool = False) -> Plan:
    """The plan; with ``lock`` nobody else changes it until the transaction ends."""
    found = await repository.get(connection, plan_id, lock=lock)
    if found is None:
        raise NotFound(f"There is no plan {plan_id}.", kind="unknown-plan")
    return Plan(**found)


async def page(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    after: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[Plan]:
    """Plans of the plane, the newest first, from behind the one that was made then."""
    return [Plan(**row) for row in await repository.page(connection, plane_id, after, limit)]


async def in_force(
    connection: AsyncConnection, plane_id: uuid.UUID, day: dt.date, known_at: dt.datetime | None = None
) -> Plan | None:
    """The plan in force on that day, as it was known at that moment (none: now)."""
    found = await repository.in_force(connection, plane_id, day, known_at)
    return Plan(**found) if found else None


async def terms(
    connection: AsyncConnection, plane_id: uuid.UUID, since: dt.date, known_at: dt.datetime | None = None
) -> list[Term]:
    """The terms of the plane as known then (none: now), in order, clipped to ``since``."""
    return [
        Term(row["plan_id"], max(row["valid_from"], since), row["valid_to"])
        for row in await repository.terms(connection, plane_id, since, known_at)
    ]


async def terms_of(connection: AsyncConnection, plan_id: uuid.UUID) -> list[Term]:
    """The days on which this plan is in force, as known now, in order."""
    return [
        Term(row["plan_id"], row["valid_from"], row["valid_to"])
        for row in await repository.terms_of(connection, plan_id)
    ]


async def grid_table(connection: AsyncConnection, plan_id: uuid.UUID) -> GridTable:
    """The plan's grids as columns, rows in code-point order; shared between callers, never to be changed."""
    plan = await get(connection, plan_id)
    key = (plan.plan_id, plan.version, plan.stamp)
    if key in _tables:
        _tables.move_to_end(key)
        return _tables[key]
    rows = await grids_repository.table(connection, plan_id)
    table = await anyio.to_thread.run_sync(_as_columns, plan, rows)
    _tables[key] = table
    while len(_tables) > _TABLES_KEPT:
        _tables.popitem(last=False)
    return table


async def table_on(
    connection: AsyncConnection, plane_id: uuid.UUID, day: dt.date, known_at: dt.datetime | None = None
) -> GridTable | None:
    """The grids of the plan in force on a day, as known then; None where none is."""
    plan = await in_force(connection, plane_id, day, known_at)
    return None if plan is None else await grid_table(connection, plan.plan_id)


def row_of(table: GridTable | None, code: str, plane: str, day: dt.date) -> tuple[GridTable, int]:
    """The table and the row of the grid with this code; raises :class:`NotFound` where the day has none."""
    if table is None or code not in table.rows:
        raise NotFound(f"No grid {code!r} is in force in plane {plane} on {day}.", kind="unknown-grid")
    return table, table.rows[code]


async def classes_on(
    connection: AsyncConnection, table: GridTable, day: dt.date, known_at: dt.datetime | None = None
) -> list[str]:
    """The class of each grid on that day: its own, else that of its area (A, B or empty), as known then."""
    return classes_in(table, await directory.areas(connection, day, known_at=known_at))


def classes_in(table: GridTable, tree: list[Area]) -> list[str]:
    """The class of each grid when this is the tree."""
    inherited = directory.inherited_classes(tree)
    return [
        (inherited.get(area_id, "") if area_id else "") if own is None else own
        for own, area_id in zip(table.own_classes, table.area_ids, strict=True)
    ]


def _as_columns(plan: Plan, rows: list[dict[str, Any]]) -> GridTable:
    geometries = np.empty(len(rows), dtype=object)
    geometries[:] = shapely.from_wkb(np.array([row["wkb"] for row in rows], dtype=object))
    return GridTable(
        plan_id=plan.plan_id,
        version=plan.version,
        grid_ids=[row["grid_id"] for row in rows],
        codes=[row["code"] for row in rows],
        names=[row["name"] for row in rows],
        own_classes=[row["class"] for row in rows],
        area_ids=[row["area_id"] for row in rows],
        owner_ids=[row["owner_id"] for row in rows],
        locked=np.array([row["locked"] for row in rows], dtype=bool),
        attributes=[row["attributes"] for row in rows],
        shape_ids=[row["shape_id"] for row in rows],
        geometries=geometries,
        areas_m2=np.array([np.nan if row["area_m2"] is None else row["area_m2"] for row in rows], float),
    )


async def create_draft(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane: Plane,
    base_plan_id: uuid.UUID | None,
    name: str,
    actor: str,
    *,
    copy: bool = True,
    report: dict[str, Any] | None = None,
) -> Plan:
    """A new draft with the grids of its base (shapes are shared); empty without a base or with ``copy`` off.

    Raises :class:`Invalid` when the base is a plan of another plane.
    """
    if base_plan_id is not None and (await get(connection, base_plan_id)).plane_id != plane.plane_id:
        raise Invalid(
            f"The base {base_plan_id} is not a plan of plane {plane.code!r}; "
            "name one of this plane's, or leave base away.",
            kind="foreign-base",
        )
    values = {
        "org_id": org_id,
        "plane_id": plane.plane_id,
        "name": name,
        "base_plan_id": base_plan_id,
        "created_by": actor,
        "report": report,
    }
    plan_id = await repository.add(connection, values)
    if base_plan_id is not None and copy:
        await grids_repository.copy(connection, base_plan_id, plan_id)
    return await get(connection, plan_id)


async def write_grids(
    connection: AsyncConnection, org_id: uuid.UUID, plan: Plan, rows: Sequence[GridRow]
) -> Plan:
    """Replace the draft's grids; it goes back to ``draft`` and its version counts on.

    A row without ``grid_id`` keeps the identity that its code has in the draft or its base, and gets a new
    one otherwise. Raises :class:`Conflict` when the plan is no draft any more and :class:`Invalid` when two
    rows share a code or an identity.
    """
    plan = await editable(connection, plan.plan_id)
    codes = [row.code for row in rows]
    _no_repeats(codes, "code")
    known = await grids_repository.codes(connection, plan.plan_id)
    if plan.base_plan_id is not None:
        here = set(known.values())
        before = await grids_repository.codes(connection, plan.base_plan_id)
        known = {code: grid_id for code, grid_id in before.items() if grid_id not in here} | known
    spoken_for = {row.grid_id for row in rows if row.grid_id is not None}
    wanted = [row.grid_id or _unless_taken(known.get(row.code), spoken_for) for row in rows]
    _no_repeats([str(one) for one in wanted if one is not None], "grid_id")
    grid_ids = await grids.identities(connection, org_id, plan.plane_id, wanted)
    shape_ids = await grids.store_shapes(connection, org_id, [row.polygon for row in rows])
    columns: dict[str, list[Any]] = {
        "grid_id": grid_ids,
        "code": codes,
        "name": [row.name for row in rows],
        "class": [row.grid_class for row in rows],
        "shape_id": shape_ids,
        "area_id": [row.area_id for row in rows],
        "owner_id": [row.owner_id for row in rows],
        "locked": [row.locked for row in rows],
        "attributes": [json.dumps(dict(row.attributes), ensure_ascii=False) for row in rows],
    }
    await grids_repository.replace(connection, org_id, plan.plan_id, columns)
    await repository.change(connection, plan.plan_id, "draft")
    return await get(connection, plan.plan_id)


def _unless_taken(grid_id: uuid.UUID | None, spoken_for: set[uuid.UUID]) -> uuid.UUID | None:
    return None if grid_id in spoken_for else grid_id


def _no_repeats(values: Sequence[str], what: str) -> None:
    repeated, times = Counter(values).most_common(1)[0] if values else ("", 0)
    if times > 1:
        raise Invalid(
            f"The {what} {repeated!r} is there more than once; every grid of a plan has its own.",
            kind="duplicate-code",
        )


async def editable(connection: AsyncConnection, plan_id: uuid.UUID) -> Plan:
    """The plan, locked for a change of its grids; raises :class:`Conflict` once it has been published."""
    plan = await get(connection, plan_id, lock=True)
    if plan.status not in ("draft", "validated"):
        raise Conflict(
            f"The plan {plan.name!r} is {plan.status} and cannot be changed any more; "
            "make a new draft with it as its base.",
            kind="plan-not-draft",
        )
    return plan


async def set_report(connection: AsyncConnection, plan_id: uuid.UUID, report: dict[str, Any]) -> None:
    """Keep the report of the redraw that the plan came from; its grids and version stay as they are."""
    await repository.set_report(connection, plan_id, report)
