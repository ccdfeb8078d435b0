"""How the grids of two plans differ: added, removed, split, merged, reshaped; and whose land it was.

Pure: works on two grid tables.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from app.plans.model import GridTable
from geo.geodesy import area_m2

# Land of less than this is rounding along a border.
NOISE_M2 = 0.01
# A grid comes from another when at least this share of it was the other's; and so for where it went.
MOST = 0.5

Parents = Sequence[tuple[uuid.UUID, uuid.UUID, str]]
Words = Sequence[str]


@dataclass(frozen=True)
class Split:
    """A grid of the old plan, and the grids of the new that stand on its land."""

    grid: str
    into: list[str]


@dataclass(frozen=True)
class Merged:
    """Grids of the old plan, and the grid of the new that took them in."""

    grids: list[str]
    into: str


@dataclass(frozen=True)
class Land:
    """Ground that goes from a grid of the old plan to one of the new."""

    giver: str
    receiver: str
    area_m2: float


@dataclass
class Difference:
    """Grids by code, in code-point order: removed ones by the old plan's code, others by the new one's."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    split: list[Split] = field(default_factory=list)
    merged: list[Merged] = field(default_factory=list)
    reshaped: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, dict[str, tuple[Any, Any]]]] = field(default_factory=list)
    land: list[Land] = field(default_factory=list)


def difference(
    old: GridTable | None, new: GridTable, classes: tuple[Words, Words], lineage: Parents = ()
) -> Difference:
    """What became of the grids, whose classes are ``classes`` (of the old and of the new ones).

    ``lineage`` (parent, child, kind) is what is known of splits and merges.
    """
    before = {grid_id: row for row, grid_id in enumerate(old.grid_ids)} if old else {}
    after = {grid_id: row for row, grid_id in enumerate(new.grid_ids)}
    out = Difference(
        added=[new.codes[row] for grid_id, row in after.items() if grid_id not in before],
        removed=[old.codes[row] for grid_id, row in before.items() if grid_id not in after] if old else [],
    )
    if old is None:
        return out
    for grid_id, row in after.items():
        was = before.get(grid_id)
        if was is None:
            continue
        if old.shape_ids[was] != new.shape_ids[row]:
            out.reshaped.append(new.codes[row])
        if old.codes[was] != new.codes[row]:
            out.renamed.append((old.codes[was], new.codes[row]))
        fields = _fields(old, was, new, row, (classes[0][was], classes[1][row]))
        if fields:
            out.changed.append((new.codes[row], fields))
    touched = _Touched(old, new)
    out.land = touched.land()
    out.split = touched.splits([one for one in lineage if one[2] == "split"])
    out.merged = touched.merges([one for one in lineage if one[2] == "merge"])
    return out


def _fields(
    old: GridTable, was: int, new: GridTable, row: int, classes: tuple[str, str]
) -> dict[str, tuple[Any, Any]]:
    """The fields of a grid that differ, before and after."""
    columns = {
        "name": (old.names[was], new.names[row]),
        "class": classes,
        "area": (old.area_ids[was], new.area_ids[row]),
        "owner": (old.owner_ids[was], new.owner_ids[row]),
        "locked": (bool(old.locked[was]), bool(new.locked[row])),
        "attributes": (old.attributes[was], new.attributes[row]),
    }
    return {name: values for name, values in columns.items() if values[0] != values[1]}


class _Touched:
    """The grids whose ground differs, and how much of each old one lies in each new one."""

    def __init__(self, old: GridTable, new: GridTable) -> None:
        self.old, self.new = old, new
        same = set(zip(old.grid_ids, old.shape_ids, strict=True)) & set(
            zip(new.grid_ids, new.shape_ids, strict=True)
        )
        self.rows_old = _rows(old, same)
        self.rows_new = _rows(new, same)
        self.before, self.after = _sound(old, self.rows_old), _sound(new, self.rows_new)
        self.area_old, self.area_new = area_m2(self.before), area_m2(self.after)
        self.pairs, self.shared = _shared(self.before, self.after)
        self.here = set(new.grid_ids)
        self.there = set(old.grid_ids)

    def _ids(self, at_old: int, at_new: int) -> tuple[uuid.UUID, uuid.UUID]:
        return self.old.grid_ids[self.rows_old[at_old]], self.new.grid_ids[self.rows_new[at_new]]

    def land(self) -> list[Land]:
        out = []
        for (at_old, at_new), area in zip(self.pairs.tolist(), self.shared.tolist(), strict=True):
            giver, receiver = self._ids(at_old, at_new)
            if giver != receiver and area > NOISE_M2:
                codes = self.old.codes[self.rows_old[at_old]], self.new.codes[self.rows_new[at_new]]
                out.append(Land(*codes, area))
        return sorted(out, key=lambda one: (one.giver, one.receiver))

    def splits(self, known: Parents) -> list[Split]:
        children: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        for parent, child, _ in known:
            if parent in self.there and child in self.here:
                children[parent].add(child)
        told = {child for some in children.values() for child in some}
        for (at_old, at_new), area in zip(self.pairs.tolist(), self.shared.tolist(), strict=True):
            parent, child = self._ids(at_old, at_new)
            new = child not in self.there or child == parent
            if new and child not in told and area >= MOST * self.area_new[at_new]:
                children[parent].add(child)
        codes = self._codes()
        return [
            Split(codes[0][parent], sorted(codes[1][child] for child in some))
            for parent, some in sorted(children.items(), key=lambda one: codes[0][one[0]])
            if len(some) > 1 and some - self.there
        ]

    def merges(self, known: Parents) -> list[Merged]:
        parents: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        for parent, child, _ in known:
            if parent in self.there and child in self.here:
                parents[child].add(parent)
        told = {parent for some in parents.values() for parent in some}
        for (at_old, at_new), area in zip(self.pairs.tolist(), self.shared.tolist(), strict=True):
            parent, child = self._ids(at_old, at_new)
            gone = parent not in self.here or parent == child
            if gone and parent not in told and area >= MOST * self.area_old[at_old]:
                parents[child].add(parent)
        codes = self._codes()
        return [
            Merged(sorted(codes[0][parent] for parent in some), codes[1][child])
            for child, some in sorted(parents.items(), key=lambda one: codes[1][one[0]])
            if len(some) > 1 and some - self.here
        ]

    def _codes(self) -> tuple[dict[uuid.UUID, str], dict[uuid.UUID, str]]:
        return (
            dict(zip(self.old.grid_ids, self.old.codes, strict=True)),
            dict(zip(self.new.grid_ids, self.new.codes, strict=True)),
        )


def _rows(table: GridTable, same: set[tuple[uuid.UUID, bytes | None]]) -> list[int]:
    pairs = zip(table.grid_ids, table.shape_ids, strict=True)
    return [row for row, one in enumerate(pairs) if one not in same and one[1] is not None]


def _sound(table: GridTable, rows: list[int]) -> npt.NDArray[np.object_]:
    """Valid copies of the rows' polygons: a draft may hold invalid ones."""
    some = table.geometries[rows]
    broken = ~shapely.is_valid(some)
    some[broken] = shapely.make_valid(some[broken])
    return some


def _shared(
    before: npt.NDArray[np.object_], after: npt.NDArray[np.object_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Pairs (old, new) of polygons that share ground, and how much in square metres."""
    if not len(before) or not len(after):
        return np.empty((0, 2), np.int64), np.empty(0)
    at_old, at_new = shapely.STRtree(after).query(before, predicate="intersects")
    area = area_m2(shapely.intersection(before[at_old], after[at_new]))
    order = np.lexsort((at_new, at_old))
    return np.column_stack([at_old, at_new])[order], area[order]
