"""The ground of plans, kept in memory: whose is this place, this footprint, this region of doubt.

Building the index of a plan takes longer than a thousand questions, so the grounds that were asked last
stay, as many as memory is given to them. A ground is found by the plan, its version and its stamp, which
every request has from the database anew or confirmed: what is kept is never wrong, only unused.
"""

import asyncio
import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import anyio.to_thread
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import locator_files
from app.plans import service as plans
from app.plans.service import GridTable, Plan
from geo.footprints import FootprintGrids, grid_of_footprints
from geo.locator import Locator
from geo.regions import geodesic_discs, grid_of_discs, grid_of_polygons

Floats = NDArray[np.float64]
Rows = NDArray[np.int32]

Key = tuple[uuid.UUID, int, int]

_FEW = 200
"""So few points are measured sooner than equal ones are found among them."""

_most_bytes = 2 << 30
_kept: OrderedDict[Key, "Ground"] = OrderedDict()
_building: dict[Key, "asyncio.Task[Ground]"] = {}


@dataclass(frozen=True)
class Found:
    """Where n points are: row of the grid table (−1: in none), and whether several grids meet there."""

    grid: Rows
    tie: NDArray[np.bool_]
    ambiguous: NDArray[np.bool_]


class Ground:
    """The grids of a plan with polygons; rows are those of its :class:`GridTable`. Safe between threads."""

    def __init__(self, table: GridTable) -> None:
        self.table = table
        self.codes = np.array(table.codes, dtype=object)
        self.row_of = {grid_id.bytes: row for row, grid_id in enumerate(table.grid_ids)}
        self._rows = np.flatnonzero(~shapely.is_missing(table.geometries)).astype(np.int32)
        self._locator = self._opened() if len(self._rows) else None
        self._preparing = threading.Lock()

    def _opened(self) -> Locator:
        """The index from its file, where one of these very shapes and codes was made before."""
        shapes = [(self.table.codes[row], self.table.shape_ids[row]) for row in self._rows.tolist()]
        return locator_files.opened(
            shapes, lambda: Locator.build(self.table.geometries[self._rows], self.codes[self._rows].tolist())
        )

    @property
    def bytes(self) -> int:
        """What it takes in memory, about: the index, and the polygons twice."""
        index = 0
        if self._locator is not None:
            parts = (*vars(self._locator).values(), *vars(self._locator.road).values())
            index = sum(part.nbytes for part in parts if isinstance(part, np.ndarray))
        return index + 32 * int(shapely.get_num_coordinates(self.table.geometries).sum())

    @cached_property
    def _polygons(self) -> NDArray[np.object_]:
        # Copies of its own: preparing a geometry changes it, and the table's are shared with others.
        copies: NDArray[np.object_] = shapely.from_wkb(shapely.to_wkb(self.table.geometries[self._rows]))
        return copies

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self._polygons)

    @property
    def has_polygons(self) -> bool:
        """False for a plan of lists, or an empty one."""
        return self._locator is not None

    def locate(self, lng: Floats, lat: Floats) -> Found:
        """The grid of each point; the lowest code on a shared edge."""
        if self._locator is None:
            return Found(np.full(len(lng), -1, np.int32), np.zeros(len(lng), bool), np.zeros(len(lng), bool))
        found = self._locator.locate(lng, lat)
        return Found(self._row(found.index), found.tie, found.ambiguous)

    def nearest(self, lng: Floats, lat: Floats) -> tuple[Rows, Floats]:
        """The grid nearest to each point by metres, and how far it is; of many, each place is asked once."""
        if self._locator is None or len(lng) == 0:
            return np.full(len(lng), -1, np.int32), np.full(len(lng), np.nan)
        if len(lng) < _FEW:
            index, distance = self._locator.nearest(lng, lat)
            return self._row(index), distance
        places, back = np.unique(np.column_stack([lng, lat]), axis=0, return_inverse=True)
        index, distance = self._locator.nearest(
            np.ascontiguousarray(places[:, 0]), np.ascontiguousarray(places[:, 1])
        )
        back = back.reshape(-1)
        return self._row(index)[back], distance[back]

    def regions(self, lng: Floats, lat: Floats, radius_m: Floats, start: Rows) -> Rows:
        """The grid that holds the whole disc around each point; ``start`` is the grid of the point."""
        inside = np.unique(start[start >= 0])
        own = np.searchsorted(self._rows, inside)
        begin = np.full(len(start), -1, np.int32)
        begin[start >= 0] = np.searchsorted(inside, start[start >= 0])
        with self._preparing:
            held = grid_of_discs(self._polygons[own], lng, lat, radius_m, begin)
        return np.where(held >= 0, inside[held] if len(inside) else -1, -1).astype(np.int32)

    def around(self, lng: Floats, lat: Floats, radius_m: Floats) -> list[list[str]]:
        """Codes of the grids that each disc meets, in order; a radius of 0 is the point itself."""
        if self._locator is None:
            return [[] for _ in lng]
        shapes: NDArray[np.object_] = np.asarray(shapely.points(lng, lat), dtype=object)
        wide = radius_m > 0
        shapes[wide] = geodesic_discs(lng[wide], lat[wide], radius_m[wide])
        return self.meeting(shapes)

    def holding(self, regions: NDArray[np.object_]) -> Rows:
        """The grid that holds each region (polygons) whole; −1 where none does."""
        near = np.unique(self._tree.query(regions)[1]) if len(self._rows) else np.empty(0, np.int64)
        with self._preparing:
            held = grid_of_polygons(self._polygons[near], self.codes[self._rows[near]], regions)
        rows = self._rows[near]
        return np.where(held >= 0, rows[held] if len(rows) else -1, -1).astype(np.int32)

    def meeting(self, shapes: NDArray[np.object_]) -> list[list[str]]:
        """Codes of the grids that each shape meets, in order."""
        meets: list[list[str]] = [[] for _ in shapes]
        if self._locator is None or len(shapes) == 0:
            return meets
        which, grid = self._tree.query(shapes, predicate="intersects")
        for row, code in sorted(zip(which.tolist(), self.codes[self._rows[grid]].tolist(), strict=True)):
            meets[row].append(code)
        return meets

    def footprints(self, grounds: NDArray[np.object_]) -> FootprintGrids:
        """The grid with the greatest share of each footprint; ``grounds`` are polygons."""
        near = np.unique(self._tree.query(grounds)[1]) if len(self._rows) else np.empty(0, np.int64)
        with self._preparing:
            found = grid_of_footprints(self._polygons[near], self.codes[self._rows[near]], grounds)
        rows = self._rows[near]
        index = np.where(found.index >= 0, rows[found.index] if len(rows) else -1, -1).astype(np.int32)
        pairs = np.column_stack([found.pairs[:, 0], rows[found.pairs[:, 1]]]).astype(np.int32)
        return FootprintGrids(index, found.share, found.straddles, found.tie, pairs, found.pair_share)

    def _row(self, index: Rows) -> Rows:
        if len(self._rows) == len(self.table):
            return index
        return np.where(index >= 0, self._rows[index], -1).astype(np.int32)


def remember(memory_mb: int, folder: Path, disk_mb: int) -> None:
    """How much this process may keep: in memory, and in files of the folder (0: none).

    The ground that was asked last always stays in memory.
    """
    global _most_bytes
    _most_bytes = memory_mb << 20
    locator_files.files = locator_files.Files(folder, disk_mb << 20) if disk_mb else None


def kept(plan: Plan) -> Ground | None:
    """The ground of the plan as it is now, if it is at hand."""
    key = (plan.plan_id, plan.version, plan.stamp)
    if key in _kept:
        _kept.move_to_end(key)
    return _kept.get(key)


async def ground(connection: AsyncConnection, plan: Plan) -> Ground:
    """The ground of the plan as it is now; who asks for one that is being built waits for it."""
    key = (plan.plan_id, plan.version, plan.stamp)
    found = kept(plan)
    if found is not None:
        return found
    if key not in _building:
        table = await plans.grid_table(connection, plan.plan_id)
        if key not in _building:
            _building[key] = asyncio.create_task(_build(key, table))
    # Shielded: somebody who leaves must not take it away from the others.
    return await asyncio.shield(_building[key])


async def _build(key: Key, table: GridTable) -> Ground:
    try:
        made = await anyio.to_thread.run_sync(Ground, table)
    finally:
        del _building[key]
    _kept[key] = made
    while len(_kept) > 1 and sum(one.bytes for one in _kept.values()) > _most_bytes:
        _kept.popitem(last=False)
    return made
