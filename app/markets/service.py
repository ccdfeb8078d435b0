"""Penetration of the buildings of a plane by grid, area, class or building, and vertical stacks."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.markets import repository
from app.orgs import directory
from app.places.buildings import ratio
from app.planes import service as planes
from app.plans import service as plans
from app.plans.service import GridTable
from app.storage.dated import AsOf

By = Literal["grid", "area", "class", "building"]
Document = dict[str, Any]

_SUMS = (
    "buildings",
    "buildings_with_any",
    "households",
    "ports",
    "ports_used",
    "customers",
    "on_net",
    "on_net_known",
)


async def penetration(
    connection: AsyncConnection,
    plane: str,
    by: By,
    asked: AsOf,
    segments: Sequence[str] | None,
    after: str | None,
    limit: int,
) -> tuple[Document | None, list[Document]]:
    """The sums of the whole plane (with the first page), and of each group by its code, behind ``after``."""
    of = await planes.get(connection, plane)
    if of.kind == "list":
        raise Invalid(
            f"The grids of plane {plane} have no ground, so no building is in them; name a plane of places.",
            kind="no-ground",
        )
    table = await plans.table_on(connection, of.plane_id, asked.at, asked.known_at)
    found, total = [], None
    if by != "building" or after is None:
        found = await repository.by_grid(connection, of.plane_id, asked, segments)
        total = _told(_summed(found)) if after is None else None
    if by == "building":
        codes = table.code_of if table else {}
        rows = await repository.by_building(connection, of.plane_id, asked, segments, after, limit)
        return total, [
            {"group": row["building_id"], "name": row["name"], "grid": codes.get(row["grid_id"])} | _told(row)
            for row in rows
        ]
    names = await _groups(connection, table, by, asked)
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in found:
        # Buildings in no grid are a group of their own, at the end.
        groups.setdefault(names.get(row["grid_id"], ("", None))[0], []).append(row)
    labels = dict(names.values())
    ordered = sorted(groups, key=lambda code: (code == "", code))
    if after is not None:
        ordered = [code for code in ordered if (code == "", code) > (after == "", after)]
    return total, [
        {"group": code or None, "name": labels.get(code)} | _told(_summed(groups[code]))
        for code in ordered[:limit]
    ]


async def _groups(
    connection: AsyncConnection,
    table: GridTable | None,
    by: By,
    asked: AsOf,
) -> dict[uuid.UUID | None, tuple[str, str | None]]:
    """The group of each grid with its name; the empty word for a grid without area or class."""
    if table is None:
        return {}
    if by == "grid":
        return dict(zip(table.grid_ids, zip(table.codes, table.names, strict=True), strict=True))
    if by == "class":
        classes = await plans.classes_on(connection, table, asked.at, asked.known_at)
        return {grid: (own, None) for grid, own in zip(table.grid_ids, classes, strict=True)}
    areas = {
        area.area_id: area for area in await directory.areas(connection, asked.at, known_at=asked.known_at)
    }
    told: dict[uuid.UUID | None, tuple[str, str | None]] = {}
    for grid, area_id in zip(table.grid_ids, table.area_ids, strict=True):
        area = areas.get(area_id) if area_id else None
        told[grid] = (area.code, area.name) if area else ("", None)
    return told


def _summed(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    rows = list(rows)
    return {name: sum(row[name] for row in rows) for name in _SUMS}


def _told(sums: Mapping[str, Any]) -> Document:
    told = {name: sums[name] for name in _SUMS if name != "on_net_known"}
    return told | {
        "penetration": ratio(sums["on_net_known"], sums["households"]),
        "share_with_any": ratio(sums["buildings_with_any"], sums["buildings"]),
        "port_use": ratio(sums["ports_used"], sums["ports"]),
    }


async def stacks(
    connection: AsyncConnection,
    plane: str | None,
    asked: AsOf,
    least: int,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Document]:
    """Buildings in which at least so many customers stand at one point, the highest stack first."""
    plane_id, codes = None, {}
    if plane is not None:
        plane_id = (await planes.get(connection, plane)).plane_id
        table = await plans.table_on(connection, plane_id, asked.at, asked.known_at)
        codes = table.code_of if table else {}
    rows = await repository.stacks(connection, plane_id, asked, least, after, limit)
    return [
        {name: row[name] for name in row if name != "grid_id"} | {"grid": codes.get(row["grid_id"])}
        for row in rows
    ]
