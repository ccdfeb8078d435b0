"""Which grids a redraw is about, with their classes and walls, and which of them may do what."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.orgs import directory
from app.orgs.directory import Area
from app.plans import service as plans
from app.plans.service import GridTable
from app.rebalances.schemas import GridWanted, RebalanceWanted
from geo.redraw import Added

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class NewGrid:
    """A grid that is to be new: its name, and the class that it has of its own (None: its area's)."""

    ground: Added
    name: str | None
    own_class: str | None
    area_id: uuid.UUID | None


@dataclass(frozen=True)
class Selection:
    """Rows of the plan's grid table that are redrawn (n), and what is known of them, row by row.

    ``dissolved`` are positions among them. Grids outside ``scope`` stay to the last vertex.
    """

    rows: Ints
    codes: list[str]
    classes: list[str]
    groups: list[str]
    locked: NDArray[np.bool_]
    dissolved: list[int]
    added: list[NewGrid]

    def position(self, table: GridTable) -> NDArray[np.int32]:
        """Of each grid of the table, and behind them of no grid, its place among the rows; −1: none."""
        out = np.full(len(table) + 1, -1, np.int32)
        out[self.rows] = np.arange(len(self.rows))
        return out


async def select(
    connection: AsyncConnection, table: GridTable, wanted: RebalanceWanted, day: dt.date
) -> Selection:
    """What the request says of the plan's grids on the day. Raises :class:`Invalid` for what cannot be."""
    for name, listed in (
        ("locked_grids", wanted.locked_grids),
        ("dissolve", wanted.dissolve),
        ("scope", wanted.scope or []),
    ):
        unknown = sorted(set(listed) - set(table.codes))
        if unknown:
            raise Invalid(
                f"{name}: the plan has no grid {unknown[0]!r}; use codes of this plan.",
                kind="unknown-grid",
                grids=unknown[:100],
            )
    tree = await directory.areas(connection, day)
    codes = np.array(table.codes, dtype=str)
    rows = np.arange(len(table))
    if wanted.scope is not None:
        rows = np.flatnonzero(np.isin(codes, np.array(wanted.scope, dtype=str)))
    of_plan = plans.classes_in(table, tree)
    classes = [of_plan[row] for row in rows.tolist()]
    groups = _groups(tree, wanted.within, [(table.codes[row], table.area_ids[row]) for row in rows.tolist()])
    locked = table.locked[rows] | np.isin(codes[rows], np.array(wanted.locked_grids, dtype=str))
    chosen = codes[rows].tolist()
    dissolved = _dissolved(chosen, locked, wanted.dissolve)
    added = _added(tree, table, wanted, set(zip(classes, groups, strict=True)))
    return Selection(rows, chosen, classes, groups, locked, dissolved, added)


def _dissolved(codes: Sequence[str], locked: NDArray[np.bool_], listed: Iterable[str]) -> list[int]:
    """The places of the grids to be dissolved."""
    place = {code: at for at, code in enumerate(codes)}
    out = []
    for code in sorted(set(listed)):
        if code not in place:
            raise Invalid(f"dissolve: grid {code!r} is outside the scope.", kind="outside-scope")
        if locked[place[code]]:
            raise Invalid(
                f"dissolve: grid {code!r} is locked; unlock it, or keep it.", kind="locked-and-dissolved"
            )
        out.append(place[code])
    return out


def _added(
    tree: list[Area], table: GridTable, wanted: RebalanceWanted, kinds: set[tuple[str, str]]
) -> list[NewGrid]:
    """The grids to be added, each of the class and behind the wall of some that are redrawn."""
    by_code = {area.code: area for area in tree}
    inherited = directory.inherited_classes(tree)
    there = set(table.codes)
    out = []
    for one in wanted.add:
        if one.code in there:
            raise Invalid(f"add: there is a grid {one.code!r} already.", kind="duplicate-code")
        there.add(one.code)
        area = by_code.get(one.area) if one.area is not None else None
        if one.area is not None and area is None:
            raise Invalid(f"add: there is no area {one.area!r}.", kind="unknown-area")
        grid_class = _class_of(one, inherited.get(area.area_id) if area else None, kinds)
        area_id = area.area_id if area else None
        [group] = _groups(tree, wanted.within, [(one.code, area_id)])
        if (grid_class, group) not in kinds:
            raise Invalid(
                f"add: no grid that is redrawn has the class {grid_class or 'none'!r}"
                f"{f' in {group!r}' if group else ''} of grid {one.code!r}, so none has ground for it.",
                kind="no-ground",
            )
        from_area = inherited.get(area.area_id, "") if area else ""
        own = None if grid_class == from_area else grid_class
        out.append(NewGrid(Added(one.code, grid_class, group), one.name, own, area_id))
    return out


def _class_of(wanted: GridWanted, inherited: str | None, kinds: set[tuple[str, str]]) -> str:
    if wanted.grid_class is not None:
        return wanted.grid_class
    if inherited is not None:
        return inherited
    classes = sorted({grid_class for grid_class, _ in kinds})
    if len(classes) > 1:
        named = ", ".join(name or "none" for name in classes)
        raise Invalid(
            f"add: grid {wanted.code!r} needs a class (one of {named}) or an area to have it from.",
            kind="missing-class",
        )
    return classes[0]


def _groups(tree: list[Area], within: str | None, grids: Sequence[tuple[str, uuid.UUID | None]]) -> list[str]:
    """Of each grid (code, area) the area of kind ``within`` that it is in: a wall no customer crosses."""
    if within is None:
        return [""] * len(grids)
    areas: Mapping[uuid.UUID, Area] = {area.area_id: area for area in tree}
    kinds = sorted({area.kind for area in tree if area.kind})
    if within not in kinds:
        raise Invalid(
            f"within: there is no area of kind {within!r}; kinds: {', '.join(kinds) or 'none'}.",
            kind="unknown-area-kind",
        )
    groups = []
    for code, area_id in grids:
        area = areas.get(area_id) if area_id else None
        while area is not None and area.kind != within:
            area = areas.get(area.parent_id) if area.parent_id else None
        if area is None:
            raise Invalid(
                f"within: grid {code!r} is in no area of kind {within!r}; give it one, or leave within away.",
                kind="grid-without-area",
            )
        groups.append(area.code)
    return groups
