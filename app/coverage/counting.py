"""What a plane holds on a day: customers, buildings and ground by grid, area, class or cell."""

import datetime as dt
from typing import Any, Literal

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.coverage import repository
from app.coverage.repository import BBox, Measure, Split
from app.errors import Invalid
from app.planes import service as planes
from app.plans import service as plans
from geo.cells import to_text
from geo.precedence import STATUSES

By = Literal["grid", "area", "class"]
Document = dict[str, Any]


async def summary(
    connection: AsyncConnection,
    plane_code: str,
    day: dt.date,
    by: By,
    known_at: dt.datetime | None = None,
) -> Document:
    """Customers, buildings and area of each group, and customers by status of the whole plane."""
    plane = await planes.get(connection, plane_code)
    plan = await plans.in_force(connection, plane.plane_id, day, known_at)
    told: Document = {"plane": plane.code, "at": day.isoformat(), "by": by, "plan": None}
    status = {status.value: 0 for status in STATUSES}
    rows: list[dict[str, Any]] = []
    if plan is not None:
        told["plan"] = str(plan.plan_id)
        found = await repository.summary(connection, plane.plane_id, plan.plan_id, day, known_at)
        table = await plans.grid_table(connection, plan.plan_id)
        own = await plans.classes_on(connection, table, day, known_at)
        classes = dict(zip(table.codes, own, strict=True))
        rows = [row | {"class": classes[row["code"]]} for row in found if row["status"] is None]
        rows.sort(key=lambda row: str(row["code"]))
        status |= {row["status"]: int(row["customers"]) for row in found if row["status"] is not None}
    groups = [_grid(row) for row in rows] if by == "grid" else _grouped(rows, by)
    total = {
        "customers": sum(status.values()),
        "by_status": status,
        "buildings": sum(row["buildings"] for row in rows),
        "grids": len(rows),
        "area_m2": sum(row["area_m2"] or 0.0 for row in rows),
    }
    return told | {"total": total, "rows": groups}


def _grid(row: dict[str, Any]) -> Document:
    return {
        "grid": row["code"],
        "name": row["name"],
        "class": row["class"],
        "area": row["area"],
        "customers": row["customers"],
        "buildings": row["buildings"],
        "area_m2": row["area_m2"],
    }


def _grouped(rows: list[dict[str, Any]], by: By) -> list[Document]:
    groups: dict[str | None, Document] = {}
    for row in rows:
        group = groups.setdefault(
            row[by], {by: row[by], "grids": 0, "customers": 0, "buildings": 0, "area_m2": 0.0}
        )
        group["grids"] += 1
        group["customers"] += row["customers"]
        group["buildings"] += row["buildings"]
        group["area_m2"] += row["area_m2"] or 0.0
    return [groups[key] for key in sorted(groups, key=lambda key: (key is None, key or ""))]


async def by_cell(
    connection: AsyncConnection,
    plane_code: str,
    day: dt.date,
    res: int,
    measure: Measure,
    split: Split | None,
    bbox: BBox | None,
    known_at: dt.datetime | None = None,
) -> Document:
    """Counts for each H3 cell of a resolution, on request split by grid, tier or status."""
    if split == "tier" and measure != "customers":
        raise Invalid("Only customers have a tier; leave by away.", kind="invalid-request")
    plane = await planes.get(connection, plane_code)
    plan = await plans.in_force(connection, plane.plane_id, day, known_at)
    told: Document = {"plane": plane.code, "at": day.isoformat(), "res": res, "measure": measure}
    if plan is None:
        return told | {"plan": None, "cells": []}
    found = await repository.by_cell(
        connection, plane.plane_id, plan.plan_id, day, known_at, res, measure, split, bbox
    )
    names = to_text(np.array([row["cell"] for row in found], np.uint64)).tolist()
    cells = [
        {"h3": name, "value": int(row["value"])} | ({split: row["split"]} if split else {})
        for name, row in zip(names, found, strict=True)
    ]
    return told | {"plan": str(plan.plan_id), "cells": cells}


def parse_bbox(said: str | None) -> BBox | None:
    """``west,south,east,north`` in WGS 84 degrees."""
    if said is None:
        return None
    try:
        west, south, east, north = (float(part) for part in said.split(","))
    except ValueError as error:
        raise Invalid(
            f"bbox is {said!r}; four numbers west,south,east,north in WGS 84 degrees were expected.",
            kind="bad-bbox",
        ) from error
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise Invalid(
            f"bbox is {said!r}; west ≤ east within ±180 and south ≤ north within ±90 were expected.",
            kind="bad-bbox",
        )
    return west, south, east, north
