"""Grids as H3 cells, page by page: the ground of a plan for whoever has nothing but cells."""

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import anyio.to_thread
import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.planes import service as planes
from app.plans import service as plans
from app.plans.service import GridTable
from app.tokens import token
from geo.cells import to_text
from geo.grid_cells import GridCells, expected, grid_cells

MOST_CELLS = 200_000
"""Of one grid: beyond that a coarser resolution tells the same."""

_KEPT = 8
_kept: OrderedDict[tuple[bytes | None, int], GridCells] = OrderedDict()

After = tuple[str, int]
"""The code of a grid and one of its cells."""

Document = dict[str, Any]


async def of_plane(
    connection: AsyncConnection,
    plane_code: str,
    day: dt.date,
    res: int,
    grid: str | None,
    after: After | None,
    limit: int,
    known_at: dt.datetime | None = None,
) -> Document:
    """Columns grid, h3, kind (inside, border) and share: grids in order of their codes, cells in theirs.

    All grids of the plan in force on the day, or one.
    """
    plane = await planes.get(connection, plane_code, day, known_at)
    plan = await plans.in_force(connection, plane.plane_id, day, known_at)
    table = None if plan is None else await plans.grid_table(connection, plan.plan_id)
    told: Document = {
        "plane": plane.code,
        "at": day.isoformat(),
        "plan": None if plan is None else str(plan.plan_id),
        "res": res,
    }
    rows: Sequence[int]
    if grid is not None:
        table, row = plans.row_of(table, grid, plane.code, day)
        rows = [row]
    else:
        rows = range(0 if table is None else len(table))
    columns, following = await anyio.to_thread.run_sync(_page, table, rows, res, after, limit)
    return told | columns | {"next": following}


def _page(
    table: GridTable | None, rows: Sequence[int], res: int, after: After | None, limit: int
) -> tuple[Document, str | None]:
    pieces: list[tuple[str, GridCells]] = []
    room = limit + 1
    for row in rows:
        assert table is not None
        code = table.codes[row]
        if room <= 0 or (after is not None and code < after[0]):
            continue
        found = _cells(table, row, res)
        first = 0
        if after is not None and code == after[0]:
            first = int(np.searchsorted(found.cell, np.uint64(after[1]), side="right"))
        part = slice(first, first + room)
        pieces.append((code, GridCells(found.cell[part], found.inside[part], found.share[part])))
        room -= len(pieces[-1][1])
    codes = [code for code, some in pieces for _ in range(len(some))]
    none = GridCells(np.empty(0, np.uint64), np.empty(0, bool), np.empty(0))
    cell = np.concatenate([none.cell, *(some.cell for _, some in pieces)])
    inside = np.concatenate([none.inside, *(some.inside for _, some in pieces)])
    share = np.concatenate([none.share, *(some.share for _, some in pieces)])
    page = slice(0, limit)
    following = token((codes[limit - 1], int(cell[limit - 1]))) if len(codes) > limit else None
    return {
        "grid": codes[page],
        "h3": to_text(cell[page]).tolist(),
        "kind": np.where(inside[page], "inside", "border").tolist(),
        "share": share[page].tolist(),
    }, following


def _cells(table: GridTable, row: int, res: int) -> GridCells:
    key = (table.shape_ids[row], res)
    found = _kept.get(key)
    if found is None:
        polygon = table.geometries[row]
        about = 0.0 if polygon is None else expected(polygon, res)
        if about > MOST_CELLS:
            raise Invalid(
                f"Grid {table.codes[row]!r} has about {about:,.0f} cells of resolution {res}; "
                f"{MOST_CELLS:,} are the most: ask for a coarser one.",
                kind="too-many-cells",
            )
        found = grid_cells(polygon, res)
        _kept[key] = found
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return found
