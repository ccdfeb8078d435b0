"""The work list of what cannot be decided by place: who, why, between which grids, and who else is there."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import locators
from app.geocodes import quarantine_repository as repository
from app.geocodes.quarantine_repository import Asked, Rows
from app.planes import service as planes
from app.plans import service as plans
from app.plans.service import Plan

Reason = Literal["pile", "district", "region_crosses"]
Level = Literal["point", "building", "street", "road", "village", "district"]
Document = dict[str, Any]


async def asked(
    connection: AsyncConnection,
    plane: str,
    at: dt.date,
    known_at: dt.datetime | None = None,
    reason: Reason | None = None,
    level: Level | None = None,
    grid: str | None = None,
) -> Asked:
    """The question; raises :class:`NotFound` for a plane, or a grid of its plan, that is not there."""
    plane_id = (await planes.get(connection, plane)).plane_id
    if grid is None:
        return Asked(plane_id, at, known_at, reason, level)
    table = await plans.table_on(connection, plane_id, at, known_at)
    table, row = plans.row_of(table, grid, plane, at)
    polygon = table.geometries[row]
    ground = shapely.to_wkb(polygon if polygon is not None else shapely.Polygon())
    return Asked(plane_id, at, known_at, reason, level, grid, ground)


async def customers(
    connection: AsyncConnection, asked: Asked, after: int, limit: int
) -> tuple[list[Document], int | None]:
    """Quarantined customers behind a key, and the key behind which the next page begins (none: it is all)."""
    rows = await repository.page(connection, asked, after, limit + 1)
    page = rows[:limit]
    await _complete(connection, asked, page)
    told = [
        {
            "account": row["account_id"],
            "name": row["name"],
            "address": row["address"],
            "geocode_level": row["level"],
            "radius_m": row["radius_m"],
            "region": row["region_id"],
            "lng": row["lng"],
            "lat": row["lat"],
            "reason": row["reason"],
            "why": _why(row),
            "grids": row["grids"],
            "at_point": row["at_point"],
        }
        for row in page
    ]
    return told, page[-1]["account_pk"] if len(rows) > limit else None


async def points(
    connection: AsyncConnection, asked: Asked, after: tuple[int, float, float] | None, limit: int
) -> tuple[list[Document], tuple[int, float, float] | None]:
    """The same by point: the point at which most of them stand first, each with one of them as example."""
    rows = await repository.points(connection, asked, after, limit + 1)
    page = rows[:limit]
    await _complete(connection, asked, page)
    last = page[-1] if len(rows) > limit else None
    names = ("lng", "lat", "reason", "levels", "quarantined", "at_point", "grids", "address", "example")
    told = [{name: row[name] for name in names} for row in page]
    return told, (last["quarantined"], last["lng"], last["lat"]) if last is not None else None


async def regions(
    connection: AsyncConnection, asked: Asked, after: tuple[int, int] | None, limit: int
) -> tuple[list[Document], tuple[int, int] | None]:
    """The same by loaded region of doubt: the region with most of them first."""
    rows = await repository.regions(connection, asked, after, limit + 1)
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    told = [
        {
            "region": row["region_id"],
            "name": row["name"],
            "kind": row["kind"],
            "quarantined": row["quarantined"],
            "levels": row["levels"],
            "grids": row["grids"] or [],
            "example": row["example"],
        }
        for row in page
    ]
    return told, (last["quarantined"], last["region_pk"]) if last is not None else None


async def summary(connection: AsyncConnection, asked: Asked) -> Document:
    """How many, why, how coarse, around which grids, and of how many customers."""
    found = await repository.summary(connection, asked)

    def of(what: str) -> dict[str, int]:
        return {row["name"]: row["customers"] for row in found if row["what"] == what}

    reasons, covered = of("reason"), of("covered")[""]
    quarantined = sum(reasons.values())
    return {
        "customers": covered,
        "quarantined": quarantined,
        "share": quarantined / covered if covered else 0.0,
        "points": of("points")[""],
        "by_reason": reasons,
        "by_level": of("level"),
        "by_grid": [{"grid": code, "quarantined": count} for code, count in sorted(of("grid").items())],
    }


async def _complete(connection: AsyncConnection, asked: Asked, rows: Rows) -> None:
    """Add how many customers stand at each row's point, and the grid there where no region was looked at."""
    cells = np.unique(np.array([row["h3"] for row in rows], np.int64))
    there = await repository.sharing(connection, asked, cells)
    unseen = [row for row in rows if row["grids"] is None]
    plan = await plans.in_force(connection, asked.plane_id, asked.at, asked.known_at) if unseen else None
    around = await _at_points(connection, plan, unseen)
    for row, codes in zip(unseen, around, strict=True):
        row["grids"] = codes
    for row in rows:
        row["at_point"] = there.get((row["lng"], row["lat"]), 1)


async def _at_points(connection: AsyncConnection, plan: Plan | None, rows: Rows) -> Sequence[list[str]]:
    if plan is None:
        return [[] for _ in rows]
    ground = await locators.ground(connection, plan)
    lng, lat = (np.array([row[name] for row in rows], np.float64) for name in ("lng", "lat"))
    return ground.around(lng, lat, np.zeros(len(rows)))


def _why(row: Document) -> str:
    """The reason in words, with what would resolve it."""
    if row["reason"] == "pile":
        return (
            f"{row['at_point']:,} customers stand at this very point: it is the centre of somewhere, not "
            "their place. Geocode the address again, name the building, or mark the point as genuine."
        )
    if row["reason"] == "district":
        return "The geocode is no finer than a district. Geocode the address again or name the building."
    region = (
        f"its region {row['region_id']}" if row["region_id"] else f"{row['radius_m'] or 0:,.0f} m around it"
    )
    meets = row["grids"] or []
    if not meets:
        where = "is in no grid"
    elif len(meets) == 1:
        where = f"reaches beyond grid {meets[0]} to where no grid is"
    else:
        where = f"reaches into grids {', '.join(meets)}"
    return (
        f"The geocode is as coarse as a {row['level']}: {region} {where}. "
        "Geocode the address again or name the building."
    )
