"""Which class the density of a land suggests for each area, with the evidence. Nothing is applied."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import anyio.to_thread
import numpy as np
import numpy.typing as npt
import shapely
from h3.api import basic_int
from sqlalchemy.ext.asyncio import AsyncConnection

from app.classes import repository
from app.errors import Invalid
from app.orgs import areas, directory
from app.orgs.directory import Area
from app.planes import service as planes
from app.plans import service as plans
from app.policies import service as policies
from geo.classify import Density, Evidence, suggest

Document = dict[str, Any]
Rows = npt.NDArray[np.int64]


async def suggestions(
    connection: AsyncConnection, day: dt.date, kind: str | None, *, differing: bool
) -> Document:
    """Every area with its class and the one suggested, as of the day; only those of a kind, or that differ.

    An area's ground is the polygon it was loaded with, else that of its grids and of the areas below it.
    """
    tree = await directory.areas(connection, day)
    kinds = sorted({area.kind for area in tree if area.kind})
    if kind is not None and kind not in kinds:
        raise Invalid(
            f"kind: there is no area of kind {kind!r}; kinds: {', '.join(kinds) or 'none'}.",
            kind="unknown-area-kind",
        )
    density = (await policies.classes(connection, day)).density
    cells, counted = await repository.by_cell(connection, density.measure, day)
    grounds = await areas.grounds(connection, day)
    polygons, owners = await _grids(connection, day)
    found, inside = await anyio.to_thread.run_sync(
        _suggest, tree, grounds, (polygons, owners), cells, counted * density.persons_each, density
    )
    classes = directory.inherited_classes(tree)
    rows = [
        {
            "area": area.code,
            "name": area.name,
            "kind": area.kind,
            "class": classes[area.area_id],
            **_told(evidence),
        }
        for area, evidence in zip(tree, found, strict=True)
        if area.area_id in inside
        and (kind is None or area.kind == kind)
        and not (differing and evidence.suggested in (None, classes[area.area_id]))
    ]
    return {
        "at": day.isoformat(),
        "policy": asdict(density),
        "areas_without_ground": [area.code for area in tree if area.area_id not in inside],
        "suggestions": rows,
    }


def _told(evidence: Evidence) -> Document:
    share = evidence.share
    return {
        "suggested": evidence.suggested,
        "population": round(evidence.population, 1),
        "urban_population": round(evidence.urban_population, 1),
        "share": None if share is None else round(share, 4),
        "cells": evidence.cells,
        "urban_cells": evidence.urban_cells,
        "largest_cluster": round(evidence.largest_cluster, 1),
    }


async def _grids(
    connection: AsyncConnection, day: dt.date
) -> tuple[npt.NDArray[np.object_], list[uuid.UUID]]:
    """The polygons of all grids in force on the day that are of an area, and which."""
    shapes: list[Any] = []
    owners: list[uuid.UUID] = []
    for plane in await planes.every(connection):
        plan = await plans.in_force(connection, plane.plane_id, day) if plane.kind == "place" else None
        if plan is None:
            continue
        table = await plans.grid_table(connection, plan.plan_id)
        for area_id, shape in zip(table.area_ids, table.geometries, strict=True):
            if area_id is not None and shape is not None:
                shapes.append(shape)
                owners.append(area_id)
    out = np.empty(len(shapes), dtype=object)
    out[:] = shapes
    return out, owners


def _suggest(
    tree: Sequence[Area],
    grounds: Mapping[uuid.UUID, Any],
    grids: tuple[npt.NDArray[np.object_], list[uuid.UUID]],
    cells: npt.NDArray[np.uint64],
    people: npt.NDArray[np.float64],
    density: Density,
) -> tuple[list[Evidence], set[uuid.UUID]]:
    """The evidence for each area, and the areas whose ground is known."""
    at = np.array([basic_int.cell_to_latlng(cell) for cell in cells.tolist()], float).reshape(-1, 2)
    points = np.asarray(shapely.points(at[:, 1], at[:, 0]), dtype=object)
    own = _inside(points, list(grounds.values()), list(grounds))
    of_grids = _inside(points, list(grids[0]), grids[1])
    children: dict[uuid.UUID | None, list[Area]] = {}
    for area in tree:
        children.setdefault(area.parent_id, []).append(area)
    known: dict[uuid.UUID, Rows | None] = {}

    def rows_of(area: Area) -> Rows | None:
        if area.area_id not in known:
            known[area.area_id] = None
            below = [rows_of(child) for child in children.get(area.area_id, [])]
            parts = [one for one in (of_grids.get(area.area_id), *below) if one is not None]
            together = np.unique(np.concatenate(parts)) if parts else None
            known[area.area_id] = own.get(area.area_id, together)
        return known[area.area_id]

    empty = np.empty(0, np.int64)
    rows = [rows_of(area) for area in tree]
    some = [empty if one is None else one for one in rows]
    number = np.repeat(np.arange(len(tree)), [len(one) for one in some])
    inside = number, np.concatenate([empty, *some])
    found = suggest(cells, people, inside, len(tree), density)
    return found, {area.area_id for area, one in zip(tree, rows, strict=True) if one is not None}


def _inside(
    points: npt.NDArray[np.object_], polygons: Sequence[Any], names: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Rows]:
    """The rows of the points in the polygons of each name."""
    found: dict[uuid.UUID, list[Rows]] = {name: [] for name in names}
    if len(polygons):
        shapely.prepare(polygons)
        which, row = shapely.STRtree(points).query(polygons, predicate="intersects")
        order = np.lexsort((row, which))
        which, row = which[order], row[order]
        starts = np.searchsorted(which, np.arange(len(polygons) + 1))
        for number, name in enumerate(names):
            found[name].append(row[starts[number] : starts[number + 1]].astype(np.int64))
    return {name: np.unique(np.concatenate(parts)) for name, parts in found.items()}
