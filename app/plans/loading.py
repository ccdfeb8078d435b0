"""Loading a file of grids into a new draft."""

import datetime as dt
import uuid
from collections import defaultdict
from functools import partial
from typing import Any

import anyio.to_thread
import numpy as np
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.jobs import service as jobs
from app.jobs.runner import Work
from app.jobs.service import Refused
from app.orgs import directory, people
from app.orgs.people import Service
from app.places import obstacles
from app.planes.service import Plane
from app.plans import grids_repository, service
from app.plans.model import GridRow
from app.plans.reading import GridFile, Read, columns_of, read
from app.staging.params import ImportParams
from app.staging.rows import missing_crs
from geo.coverage import Finding, check, finding_to_json, is_valid
from geo.files import Table

# Findings and refused rows that an answer names one by one; the plan's check names them all.
MOST_NAMED = 1_000


async def load_grids(work: Work, table: Table, plane: Plane | None, params: ImportParams) -> dict[str, Any]:
    """Load the file into a new draft of the plane; nothing when it is refused.

    Raises :class:`Invalid` of kind ``invalid-coverage`` with the findings when there are errors among them
    and ``params.on_findings`` is ``reject``.
    """
    if plane is None:
        raise Invalid("grids belong to a plane: say which with plane=CODE.", kind="missing-plane")
    placeless = plane.kind == "list"
    columns_of(table, params.mapping, placeless=placeless)
    if params.crs is None and not placeless:
        raise missing_crs("grids", table.path.name)
    crs = None if placeless else params.crs
    file = await anyio.to_thread.run_sync(
        partial(read, table, params.mapping, crs, repair=params.repair == "valid")
    )
    work.tell(0.3, f"{file.count:,} rows read; looking up areas and owners")
    rows, refused = await _resolved(work.connection, file, params.since)
    await jobs.refuse_rows(work.connection, work.org_id, work.job_id, refused)
    work.check()
    work.tell(0.4, f"checking {len(rows):,} grids for overlaps and gaps")
    findings = [] if placeless else await _findings(work.connection, rows)
    if params.on_findings == "reject" and not is_valid(findings):
        raise _rejected(findings, refused)
    work.check()
    work.tell(0.8, f"writing {len(rows):,} grids")
    base = params.base or await _in_force(work.connection, plane, params.since)
    plan = await service.create_draft(
        work.connection, work.org_id, plane, base, params.name or table.path.stem, work.actor, copy=False
    )
    await service.write_grids(work.connection, work.org_id, plan, rows)
    confirmed = {one.code: one.confirmed for one in file.rows if one.confirmed is not None}
    await grids_repository.confirm(work.connection, plan.plan_id, confirmed)
    return {
        "rows": file.count,
        "accepted": len(rows),
        "refused": len(refused),
        "plan": str(plan.plan_id),
        "valid": is_valid(findings),
        "findings": [finding_to_json(finding) for finding in findings[:MOST_NAMED]],
        "findings_total": len(findings),
        **({"repaired": file.repaired} if file.repaired else {}),
        "warnings": [],
    }


async def _in_force(connection: AsyncConnection, plane: Plane, day: dt.date) -> uuid.UUID | None:
    plan = await service.in_force(connection, plane.plane_id, day)
    return plan.plan_id if plan else None


async def _findings(connection: AsyncConnection, rows: list[GridRow]) -> list[Finding]:
    polygons = np.array([row.polygon for row in rows] + [None], dtype=object)[:-1]
    if not len(polygons):
        return []
    west, south, east, north = (float(side) for side in shapely.total_bounds(polygons))
    ground = await obstacles.exclusions(connection, (west, south, east, north))
    return await anyio.to_thread.run_sync(
        partial(check, polygons, [row.code for row in rows], exclusions=ground)
    )


def _rejected(findings: list[Finding], refused: list[Refused]) -> Invalid:
    errors = [finding for finding in findings if finding.severity == "error"]
    kinds: dict[str, int] = defaultdict(int)
    for finding in errors:
        kinds[finding.kind] += 1
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    return Invalid(
        f"The grids are no clean coverage ({counted}): mend them, or load them as they are with "
        "on_findings=draft. Nothing was loaded.",
        kind="invalid-coverage",
        findings=[finding_to_json(finding) for finding in findings[:MOST_NAMED]],
        findings_total=len(findings),
        refused=[{"row": row, "id": code, "reason": why} for row, code, why in refused[:MOST_NAMED]],
    )


async def _resolved(
    connection: AsyncConnection, file: GridFile, day: dt.date
) -> tuple[list[GridRow], list[Refused]]:
    """Rows with their areas and owners looked up, and all that are refused, in order."""
    tree = await directory.areas(connection, day)
    areas = {area.code: area.area_id for area in tree}
    classes = directory.inherited_classes(tree)
    everybody = await people.on_day(connection, day)
    ids = {person.person_id for person in everybody}
    named: dict[str, list[str]] = defaultdict(list)
    for person in everybody:
        named[person.name].append(person.person_id)
    others = {one.owner for one in file.rows if one.owner} - ids - set(named)
    away = await people.service(connection, others)
    rows, refused = [], list(file.refused)
    for one in file.rows:
        reasons = []
        area_id = areas.get(one.area) if one.area else None
        if one.area and area_id is None:
            reasons.append(f"area: there is no area {one.area!r} on {day}")
        owner = one.owner
        if owner and owner not in ids:
            found = named.get(owner, [])
            owner = found[0] if len(found) == 1 else None
            if len(found) > 1:
                reasons.append(f"owner: {len(found)} people are called {one.owner!r}; give an id")
            elif one.owner in away:
                reasons.append(f"owner: {_away(away[one.owner], day)}")
            elif not found:
                reasons.append(f"owner: nobody in service on {day} has the id or name {one.owner!r}")
        if reasons:
            refused.append((one.row, one.code, "; ".join(reasons)))
            continue
        inherited = classes[area_id] if area_id else ""
        # A class that only repeats the area's is no exception to it: it changes when the area's does.
        own = None if one.grid_class == inherited else one.grid_class
        rows.append(_grid(one, area_id, owner, own))
    return rows, sorted(refused)


def _away(service: list[Service], day: dt.date) -> str:
    """Why somebody who is not in service on the day cannot own a grid."""
    left = [one.valid_to for one in service if one.valid_to is not None and one.valid_to <= day]
    person = service[0].person_id
    if left:
        return f"{person} left on {max(left)}; name somebody who is in service on {day}"
    return f"{person} is in service only from {service[0].valid_from}; name somebody who is on {day}"


def _grid(one: Read, area_id: uuid.UUID | None, owner: str | None, grid_class: str | None) -> GridRow:
    return GridRow(
        grid_id=None,
        code=one.code,
        name=one.name,
        grid_class=grid_class,
        polygon=one.polygon,
        area_id=area_id,
        owner_id=owner,
        locked=one.locked,
        attributes=one.attributes,
    )
