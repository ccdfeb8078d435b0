"""What is missing and what is stale, record by record and rolled up."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.orgs import directory
from app.orgs import service as orgs
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import Plan
from app.policies import service as policies
from app.quality import repository
from app.quality.repository import Asked, By
from geo.codes import fits

Document = dict[str, Any]


async def summary(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane_code: str,
    tiers: Sequence[str],
    by: By,
    day: dt.date,
    known_at: dt.datetime | None,
) -> Document:
    """Completeness and freshness of these tiers in a plane on a day, by grid or area."""
    plane, plan, params = await _ground(connection, org_id, plane_code, day, known_at)
    policy = await policies.completeness(connection, day, known_at)
    told = []
    for tier in tiers:
        asked = Asked(tier, policy.tiers[tier], params, known_at)
        names = repository.fields(asked.needs)
        rows = await repository.counts(connection, asked, by)
        told.append(
            {
                "tier": tier,
                "needed": names,
                "total": _rolled_up(names, rows),
                "rows": [{by: row["code"], **_rolled_up(names, [row])} for row in rows],
            }
        )
    return {"plane": plane.code, "at": day, "plan": plan.plan_id if plan else None, "by": by, "tiers": told}


def _rolled_up(names: Sequence[str], rows: Sequence[Document]) -> Document:
    n = sum(row["records"] for row in rows)
    complete = sum(row["complete"] for row in rows)
    stale = sum(row["stale"] for row in rows)
    days = [row["oldest"] for row in rows if row["oldest"] is not None]
    return {
        "records": n,
        "complete": complete,
        "stale": stale,
        "completeness": complete / n if n else None,
        "freshness": 1 - stale / n if n else None,
        "oldest_confirmed": min(days, default=None),
        "missing": {name: sum(row[f"missing_{i}"] for row in rows) for i, name in enumerate(names)},
    }


async def records(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane_code: str,
    tier: str,
    day: dt.date,
    known_at: dt.datetime | None,
    *,
    missing: str | None,
    stale: bool | None,
    grid: str | None,
    area: str | None,
    after: int | str | None,
    limit: int,
) -> list[Document]:
    """Records of a tier on a day, by their ``key``: what is missing and when it was last confirmed."""
    _, _, params = await _ground(connection, org_id, plane_code, day, known_at)
    policy = await policies.completeness(connection, day, known_at)
    asked = Asked(tier, policy.tiers[tier], params, known_at)
    needed = repository.fields(asked.needs)
    if missing not in (None, "any", *needed):
        raise Invalid(
            f"missing is {missing!r}, which the policy completeness does not need of a {tier}; "
            f"any, {', '.join(needed) or 'nothing else'} were expected.",
            kind="unknown-field",
        )
    return await repository.page(
        connection, asked, missing=missing, stale=stale, grid=grid, area=area, after=after, limit=limit
    )


async def _ground(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane_code: str,
    day: dt.date,
    known_at: dt.datetime | None,
) -> tuple[Plane, Plan | None, Document]:
    plane = await planes.get(connection, plane_code)
    plan = await plans.in_force(connection, plane.plane_id, day, known_at)
    params: Document = {
        "plane": plane.plane_id,
        "plan": plan.plan_id if plan else None,
        "at": day,
        "zone": await orgs.time_zone(connection, org_id),
        "odd_codes": [],
        "classless": [],
    }
    if plan is not None:
        table = await plans.grid_table(connection, plan.plan_id)
        tree = await directory.areas(connection, day, known_at=known_at)
        area_code = {area.area_id: area.code for area in tree}
        template = (await policies.codes(connection, day, known_at)).grid
        classes = plans.classes_in(table, tree)
        params["classless"] = [code for code, given in zip(table.codes, classes, strict=True) if not given]
        params["odd_codes"] = [
            code
            for code, area_id in zip(table.codes, table.area_ids, strict=True)
            if not fits(
                template, code, area=area_code.get(area_id) if area_id is not None else None, plane=plane.code
            )
        ]
    return plane, plan, params
