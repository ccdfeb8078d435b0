"""From a plan in the database to the ground of a redraw: who stands where, and what divides the land."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.accounts import workload
from app.assignments import service as assignments
from app.assignments.service import Decided
from app.errors import Invalid
from app.places import facts as place_facts
from app.places import obstacles
from app.places.obstacles import Barriers
from app.planes.service import Plane
from app.plans.service import GridTable
from app.policies import service as policies
from app.rebalances import polygons
from app.rebalances.schemas import RebalanceWanted
from app.rebalances.selection import Selection
from geo.errors import InputError
from geo.redraw import Ground
from geo.units import Demand, Lines
from geo.units.model import geometries

CHUNK = 100_000
BY_PLACE = ("building", "point", "region")
"""The rules under which a customer goes where the ground goes."""
NEAR = 1e-8
"""Degrees; grids as near as this border each other."""

Floats = NDArray[np.float64]
Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Gathered:
    """The ground, and the customers of the grids that are redrawn (m, ascending by key).

    ``before`` are the decisions on everybody; ``by_place``: the ground decides, else a lock, list or cluster;
    ``minutes`` None where a tier has no visits in the workload policy and nobody asked for minutes.
    ``locked_buildings`` are the ids of those that stand in these grids.
    """

    ground: Ground
    before: Decided
    account_pk: Keys
    by_place: NDArray[np.bool_]
    minutes: Floats | None
    locked_buildings: list[str]


async def gather(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane: Plane,
    table: GridTable,
    selection: Selection,
    wanted: RebalanceWanted,
    day: dt.date,
) -> Gathered:
    """All that a redraw of the selected grids needs to know, as of the day."""
    before = await assignments.under_plan(connection, org_id, plane, table.plan_id, day)
    position = selection.position(table)
    grids = table.geometries[selection.rows]
    box = shapely.total_bounds(grids).tolist()
    barriers = await obstacles.barriers(connection, (box[0], box[1], box[2], box[3]))
    buildings = await _buildings(connection, before, position, day)
    held, locked = await _locked_land(connection, wanted, buildings)
    people = await _people(connection, selection, wanted, before, position, day)
    mode, units = await _units(connection, wanted, barriers, day)
    ground = Ground(
        grids=grids,
        codes=selection.codes,
        classes=selection.classes,
        groups=selection.groups,
        locked=selection.locked,
        demand=await _demand(connection, people, buildings, len(wanted.weights), day),
        lines=_lines(barriers),
        footprints=buildings.footprints,
        mode=mode,
        polygons=units,
        locked_land=held,
        beside=_beside(table, selection),
        added=[one.ground for one in selection.added],
        dissolved=selection.dissolved,
    )
    return Gathered(ground, before, people.account_pk, people.by_place, people.minutes, locked)


def _beside(table: GridTable, selection: Selection) -> NDArray[np.object_]:
    """The grids outside the scope that border those inside."""
    outside = np.setdiff1d(np.arange(len(table)), selection.rows)
    others = table.geometries[outside]
    tree = shapely.STRtree(others)
    near = tree.query(table.geometries[selection.rows], predicate="dwithin", distance=NEAR)[1]
    return np.asarray(others[np.unique(near)], dtype=object)


@dataclass(frozen=True)
class _Buildings:
    """Where each building stands: the row of its footprint (−1: a point) and a point inside it."""

    building_pk: Keys
    building_id: NDArray[np.object_]
    ground: NDArray[np.object_]
    footprint: NDArray[np.int32]
    lng: Floats
    lat: Floats

    @property
    def footprints(self) -> NDArray[np.object_]:
        return np.asarray(self.ground[self.footprint >= 0], dtype=object)


async def _buildings(
    connection: AsyncConnection, before: Decided, position: NDArray[np.int32], day: dt.date
) -> _Buildings:
    """The buildings in the grids that are redrawn, and those that borders cut: a part may stand there."""
    inside = (position[before.building_grid] >= 0) | (before.building_share < 1)
    wanted = before.building_pk[inside]
    until = day + dt.timedelta(days=1)
    parts = [
        await place_facts.buildings_of(connection, wanted[start : start + CHUNK], day, until)
        for start in range(0, len(wanted), CHUNK)
    ]
    keys = np.concatenate([np.empty(0, np.int64), *(part.building_pk for part in parts)])
    ids = np.concatenate([np.empty(0, dtype=object), *(part.building_id for part in parts)])
    ground = np.concatenate([np.empty(0, dtype=object), *(part.ground for part in parts)])
    areal = np.asarray(shapely.get_dimensions(ground) == 2)
    footprint = np.full(len(keys), -1, np.int32)
    footprint[areal] = np.arange(areal.sum())
    spot = await anyio.to_thread.run_sync(shapely.point_on_surface, ground)
    return _Buildings(keys, ids, ground, footprint, shapely.get_x(spot), shapely.get_y(spot))


async def _locked_land(
    connection: AsyncConnection, wanted: RebalanceWanted, buildings: _Buildings
) -> tuple[NDArray[np.object_], list[str]]:
    """What stays in its grid: land, and the buildings among these that are locked; and the buildings' ids."""
    asked = await place_facts.building_keys_of(connection, wanted.locked_buildings)
    unknown = sorted(set(wanted.locked_buildings) - set(asked))
    if unknown:
        raise Invalid(
            f"locked_buildings: there is no building {unknown[0]!r}.",
            kind="unknown-building",
            buildings=unknown[:100],
        )
    always = await place_facts.locked_building_keys(connection)
    stays = np.isin(buildings.building_pk, np.concatenate([always, np.array(list(asked.values()), np.int64)]))
    land = geometries()
    if wanted.locked_land is not None:
        land = polygons.given(wanted.locked_land.polygons, wanted.locked_land.crs, "locked_land.polygons")
    return np.concatenate([buildings.ground[stays], land]), sorted(buildings.building_id[stays].tolist())


@dataclass(frozen=True)
class _People:
    """Customers in the grids that are redrawn, ascending by key: their measures (m, k) in the order asked."""

    account_pk: Keys
    by_place: NDArray[np.bool_]
    by_building: NDArray[np.bool_]
    weights: Floats
    minutes: Floats | None


async def _people(
    connection: AsyncConnection,
    selection: Selection,
    wanted: RebalanceWanted,
    before: Decided,
    position: NDArray[np.int32],
    day: dt.date,
) -> _People:
    at = position[before.grid]
    here = np.flatnonzero(at >= 0)
    here = here[np.argsort(before.account_pk[here], kind="stable")]
    keys, rule = before.account_pk[here], before.rule[here].astype(str)
    classes = np.array(selection.classes, dtype=object)[at[here]]
    policy = await policies.workload(connection, day)
    months = await workload.known_measures(connection, wanted.weights, day)

    async def weighed(names: list[str]) -> Floats:
        parts = [np.empty((0, len(names)))]
        for start in range(0, len(keys), CHUNK):
            rows = slice(start, start + CHUNK)
            of = {name: month for name, month in months.items() if name in names}
            parts.append(await workload.weigh(connection, keys[rows], classes[rows], policy, names, of, day))
        return np.concatenate(parts)

    weights = await weighed(wanted.weights)
    minutes: Floats | None
    if "minutes" in wanted.weights:
        minutes = weights[:, wanted.weights.index("minutes")]
    else:
        try:
            minutes = (await weighed(["minutes"]))[:, 0]
        except Invalid as error:
            if error.kind != "unknown-tier":
                raise
            minutes = None
    return _People(keys, np.isin(rule, BY_PLACE), rule == "building", weights, minutes)


async def _demand(
    connection: AsyncConnection, people: _People, buildings: _Buildings, measures: int, day: dt.date
) -> Demand:
    """The customers whom the ground decides, with their weights."""
    rows = np.flatnonzero(people.by_place)
    keys = people.account_pk[rows]
    lng, lat = np.full(len(keys), np.nan), np.full(len(keys), np.nan)
    housed = np.full(len(keys), -1, np.int64)
    for start in range(0, len(keys), CHUNK):
        accounts = await account_facts.accounts_of(connection, keys[start : start + CHUNK])
        places = await account_facts.places_of(connection, accounts, day, day + dt.timedelta(1))
        at = start + places.account
        lng[at], lat[at], housed[at] = places.lng, places.lat, places.building_pk
    # Whom its building decides stands where the building stands, whatever its own coordinates say.
    known = np.flatnonzero(people.by_building[rows] & np.isin(housed, buildings.building_pk))
    row = np.searchsorted(buildings.building_pk, housed[known])
    lng[known], lat[known] = buildings.lng[row], buildings.lat[row]
    footprint = np.full(len(keys), -1, np.int32)
    footprint[known] = buildings.footprint[row]
    return Demand(lng, lat, people.weights[rows, :measures], footprint)


async def _units(
    connection: AsyncConnection, wanted: RebalanceWanted, barriers: Barriers, day: dt.date
) -> tuple[Any, NDArray[np.object_] | None]:
    """The mode of the units, and their polygons where they are given by the request or as loaded regions."""
    asked = wanted.units
    if asked.regions is not None and (asked.polygons is not None or asked.mode not in (None, "polygons")):
        raise InputError(
            "units.regions goes with mode polygons, and without polygons of the request's own",
            kind="not-polygons",
        )
    if asked.regions is not None:
        keys = await place_facts.region_keys_of_kind(connection, asked.regions)
        found = await place_facts.regions_of(connection, keys, day, day + dt.timedelta(1))
        if not len(found):
            raise InputError(
                f"units.regions: there are no regions of kind {asked.regions!r}; load some, or give polygons",
                kind="not-polygons",
            )
        return "polygons", found.ground
    if asked.mode == "polygons" or (asked.mode is None and asked.polygons is not None):
        return "polygons", polygons.given(asked.polygons, asked.crs, "units.polygons")
    return asked.mode or ("blocks" if len(barriers) else "h3"), None


def _lines(barriers: Barriers) -> Lines:
    """Barriers as lines that units end at: those that may be crossed anywhere are streets or the like.

    Of streets the finer kinds divide only what has much work. A row may be a bridge alone: a point, which is
    no line.
    """
    linear = np.asarray(shapely.get_dimensions(barriers.lines) >= 1)
    streets = barriers.crossable & np.array([kind not in _NOT_STREETS for kind in barriers.kinds], bool)
    paths = streets & np.array([kind in _PATHS for kind in barriers.kinds], bool)
    bridges = barriers.bridges[~shapely.is_missing(barriers.bridges)]
    return Lines(
        streets=barriers.lines[linear & streets & ~paths],
        paths=barriers.lines[linear & paths],
        other=barriers.lines[linear & barriers.crossable & ~streets],
        barriers=barriers.lines[linear & ~barriers.crossable],
        bridges=np.asarray(shapely.get_parts(bridges), dtype=object),
    )


_NOT_STREETS = ("river", "stream", "canal", "railway", "rail", "water", "powerline", "boundary")
_PATHS = ("service", "track", "path", "footway", "cycleway", "bridleway", "steps", "corridor")
