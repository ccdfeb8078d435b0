"""From a plan in the database to the ground of a redraw: who stands where, and what divides the land."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.accounts import workload
from app.assignments import service as assignments
from app.assignments.service import Decided
from app.errors import Invalid
from app.orgs import directory
from app.places import facts as place_facts
from app.places import obstacles
from app.places.obstacles import Barriers
from app.planes.service import Plane
from app.plans import service as plans
from app.plans.service import GridTable
from app.policies import service as policies
from app.rebalances.schemas import RebalanceWanted, UnitsWanted
from geo.datum import parse_crs, polygons_to_working
from geo.errors import InputError
from geo.redraw import Ground
from geo.units import Demand, Lines

CHUNK = 100_000
BY_PLACE = ("building", "point", "region")
"""The rules under which a customer goes where the ground goes."""


@dataclass(frozen=True)
class Gathered:
    """The ground, the decisions it was made from, and how many customers no border moves."""

    ground: Ground
    before: Decided
    held: int


async def gather(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane: Plane,
    table: GridTable,
    wanted: RebalanceWanted,
    day: dt.date,
) -> Gathered:
    """All that a redraw of the plan's grids needs to know, as of the day."""
    before = await assignments.under_plan(connection, org_id, plane, table.plan_id, day)
    boxes = [float(side) for side in shapely.total_bounds(table.geometries)]
    barriers = await obstacles.barriers(connection, (boxes[0], boxes[1], boxes[2], boxes[3]))
    buildings = await _buildings(connection, before, day)
    classes = await plans.classes_on(connection, table, day)
    demand, held = await _demand(connection, classes, wanted, before, buildings, day)
    locked = _locked(table, wanted)
    ground = Ground(
        grids=table.geometries,
        codes=table.codes,
        classes=classes,
        groups=await _groups(connection, table, wanted.within, day),
        locked=locked,
        demand=demand,
        lines=_lines(barriers),
        footprints=buildings.footprints,
        mode=wanted.units.mode or ("blocks" if len(barriers) else "h3"),
        polygons=_supplied(wanted.units),
    )
    return Gathered(ground, before, held)


@dataclass(frozen=True)
class _Buildings:
    """Where each building stands: the row of its footprint (−1: a point) and a point inside it."""

    building_pk: NDArray[np.int64]
    footprint: NDArray[np.int32]
    lng: NDArray[np.float64]
    lat: NDArray[np.float64]
    footprints: NDArray[np.object_]


async def _buildings(connection: AsyncConnection, before: Decided, day: dt.date) -> _Buildings:
    until = day + dt.timedelta(days=1)
    parts = [
        await place_facts.buildings_of(connection, before.building_pk[start : start + CHUNK], day, until)
        for start in range(0, len(before.building_pk), CHUNK)
    ]
    keys = np.concatenate([np.empty(0, np.int64), *(part.building_pk for part in parts)])
    ground = np.concatenate([np.empty(0, dtype=object), *(part.ground for part in parts)])
    areal = np.asarray(shapely.get_dimensions(ground) == 2)
    footprint = np.full(len(keys), -1, np.int32)
    footprint[areal] = np.arange(areal.sum())
    inside = shapely.point_on_surface(ground)
    return _Buildings(keys, footprint, shapely.get_x(inside), shapely.get_y(inside), ground[areal])


async def _demand(
    connection: AsyncConnection,
    grid_classes: list[str],
    wanted: RebalanceWanted,
    before: Decided,
    buildings: _Buildings,
    day: dt.date,
) -> tuple[Demand, int]:
    """The customers whom their place decides, with their weights; and how many others the grids hold."""
    in_grid = before.grid >= 0
    by_place = in_grid & np.isin(before.rule.astype(str), BY_PLACE)
    keys, grid = before.account_pk[by_place], before.grid[by_place]
    classes = np.array(grid_classes, dtype=object)
    policy = await policies.workload(connection, day)
    months = await workload.known_measures(connection, wanted.weights, day)
    columns: list[Any] = []
    for start in range(0, len(keys), CHUNK):
        rows = slice(start, start + CHUNK)
        weights = await workload.weigh(
            connection, keys[rows], classes[grid[rows]], policy, wanted.weights, months, day
        )
        accounts = await account_facts.accounts_of(connection, keys[rows])
        places = await account_facts.places_of(connection, accounts, day, day + dt.timedelta(1))
        order = np.argsort(places.account, kind="stable")
        columns.append((weights[places.account[order]], *(
            column[order] for column in (places.lng, places.lat, places.building_pk)
        )))  # fmt: skip
    empty = np.empty(0)
    weights = np.concatenate([np.empty((0, len(wanted.weights))), *(part[0] for part in columns)])
    lng, lat = (np.concatenate([empty, *(part[i] for part in columns)]) for i in (1, 2))
    housed = np.concatenate([np.empty(0, np.int64), *(part[3] for part in columns)])
    # A customer stands where its building stands, whatever its own coordinates say.
    row = np.searchsorted(buildings.building_pk, housed)
    known = housed >= 0
    lng[known], lat[known] = buildings.lng[row[known]], buildings.lat[row[known]]
    footprint = np.full(len(housed), -1, np.int32)
    footprint[known] = buildings.footprint[row[known]]
    return Demand(lng, lat, weights, footprint), int(in_grid.sum() - by_place.sum())


def _lines(barriers: Barriers) -> Lines:
    """Barriers as lines that units end at: those that may be crossed anywhere are streets or the like.

    A row may be a bridge alone: a point, which is no line.
    """
    linear = np.asarray(shapely.get_dimensions(barriers.lines) >= 1)
    streets = barriers.crossable & np.array([kind not in _NOT_STREETS for kind in barriers.kinds], bool)
    bridges = barriers.bridges[~shapely.is_missing(barriers.bridges)]
    return Lines(
        streets=barriers.lines[linear & streets],
        other=barriers.lines[linear & barriers.crossable & ~streets],
        barriers=barriers.lines[linear & ~barriers.crossable],
        bridges=np.asarray(shapely.get_parts(bridges), dtype=object),
    )


_NOT_STREETS = ("river", "stream", "canal", "railway", "rail", "water", "powerline", "boundary")


def _locked(table: GridTable, wanted: RebalanceWanted) -> NDArray[np.bool_]:
    """Grids that may not change: locked in the plan or in the request, or outside the scope."""
    for name, listed in (("locked_grids", wanted.locked_grids), ("scope", wanted.scope or [])):
        unknown = sorted(set(listed) - set(table.codes))
        if unknown:
            raise Invalid(
                f"{name}: the plan has no grid {unknown[0]!r}; use codes of this plan.", kind="unknown-grid"
            )
    codes = np.array(table.codes, dtype=str)
    locked = np.asarray(table.locked | np.isin(codes, np.array(wanted.locked_grids, dtype=str)))
    if wanted.scope is not None:
        locked = locked | ~np.isin(codes, np.array(wanted.scope, dtype=str))
    return np.asarray(locked, dtype=bool)


async def _groups(
    connection: AsyncConnection, table: GridTable, within: str | None, day: dt.date
) -> Sequence[str]:
    """Of each grid the code of the area of kind ``within`` that it is in: a wall no customer crosses."""
    if within is None:
        return [""] * len(table)
    areas = {area.area_id: area for area in await directory.areas(connection, day)}
    kinds = sorted({area.kind for area in areas.values() if area.kind})
    if within not in kinds:
        raise Invalid(
            f"within: there is no area of kind {within!r}; kinds: {', '.join(kinds) or 'none'}.",
            kind="unknown-area-kind",
        )
    groups = []
    for code, area_id in zip(table.codes, table.area_ids, strict=True):
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


def _supplied(units: UnitsWanted) -> NDArray[np.object_] | None:
    """The polygons of the request, in working coordinates."""
    if units.mode != "polygons":
        return None
    found = units.polygons or {}
    features, bare = found.get("features") or [], found.get("geometries") or []
    if not isinstance(features, list) or not isinstance(bare, list):
        raise InputError(
            "units.polygons: features and geometries are lists; a FeatureCollection was expected",
            kind="not-polygons",
        )
    shapes: list[Any] = [
        part.get("geometry") if isinstance(part, dict) else part for part in features
    ] or bare
    if not shapes:
        raise InputError(
            "units.polygons is empty; a FeatureCollection or GeometryCollection of polygons was expected",
            kind="not-polygons",
        )
    try:
        polygons = np.array([shapely.geometry.shape(one) for one in shapes], dtype=object)
    except (TypeError, ValueError, AttributeError, KeyError, shapely.errors.ShapelyError) as error:
        raise InputError(f"units.polygons is not GeoJSON: {error}", kind="not-polygons") from None
    return polygons_to_working(polygons, parse_crs(units.crs))
