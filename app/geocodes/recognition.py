"""Recognising piles after a change of places, footprints or policy, from a day on."""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geocodes import crowds, repository
from app.geocodes.crowds import Days, Stays
from app.policies import service as policies
from app.storage.columns import OPEN
from app.storage.locks import one_import
from geo.cells import cells as cells_at
from geo.geocodes import DEFAULT_POLICY, parse_policy

COARSE, GENUINE = "coarse", "genuine"

Keys = NDArray[np.int64]
Point = tuple[float, float]

_EPOCH = dt.date(1970, 1, 1)
_NONE: Keys = np.empty(0, np.int64)


@dataclass
class _Point:
    """What is known of one point from ``since`` on."""

    coarse: dict[Days, int] = field(default_factory=dict)
    genuine: dict[Days, int] = field(default_factory=dict)
    indoors: list[Days] = field(default_factory=list)


async def recognise(
    connection: AsyncConnection, org_id: uuid.UUID, since: dt.date, accounts: Keys | None
) -> Keys:
    """Find anew from ``since`` on which of the points are piles where these accounts (None: all) stand or
    stood until this transaction; the keys of all customers whose place counts for more or less by it.

    To be called after the change of places is written and before it is decided by. What a planner called
    genuine stays so.
    """
    if accounts is None:
        return await _recognise(connection, org_id, since, None)
    if len(accounts) == 0:
        return _NONE
    return await _recognise(connection, org_id, since, await repository.cells_of(connection, accounts, since))


async def recognise_around(
    connection: AsyncConnection, org_id: uuid.UUID, since: dt.date, buildings: Keys
) -> Keys:
    """The same after a change of the ground of these buildings: a point inside a footprint is no pile."""
    if len(buildings) == 0:
        return _NONE
    return await _recognise(
        connection, org_id, since, await repository.cells_under(connection, buildings, since)
    )


async def _recognise(
    connection: AsyncConnection, org_id: uuid.UUID, since: dt.date, cells: Keys | None
) -> Keys:
    if cells is not None and len(cells) == 0:
        return _NONE
    # The crowd of a point is counted by one at a time: two halves of it would each see no pile.
    await one_import(connection, org_id)
    crowd_of = [
        (_day(span.valid_from), _crowd(span.document))
        for span in await policies.spans(connection, "geocodes", since)
    ]
    points = await _known(connection, since, cells)
    least = min((crowd for _, crowd in crowd_of if crowd is not None), default=None)
    if least is not None:
        found = await repository.crowded(connection, since, least, cells)
        for point in zip(found["lng"].tolist(), found["lat"].tolist(), strict=True):
            points.setdefault(point, _Point())
    if not points:
        return _NONE
    at = np.array(list(points), np.float64)
    here = np.unique(cells_at(at[:, 0], at[:, 1])).astype(np.int64)
    inside = await repository.indoors(connection, at[:, 0], at[:, 1], since)
    places = list(points)
    for place, start, end in _rows(inside, "place", "valid_from", "valid_to"):
        points[places[place]].indoors.append((start, end))
    stays = await repository.stays(connection, since, here)
    by_point = _by_point(stays)
    said: list[tuple[Any, ...]] = []
    differs: set[Point] = set()
    for point, known in points.items():
        rows = by_point.get(point, np.empty(0, np.intp))
        there = Stays(
            stays["valid_from"][rows], stays["valid_to"][rows], stays["level"][rows].astype(np.int8)
        )
        days = crowds.pile_days(there, _day(since), crowd_of, known.indoors)
        spans = crowds.numbered(known.coarse, crowds.without(days, known.genuine))
        if _held(spans, since) != _held(known.coarse.items(), since):
            differs.add(point)
            said += _said(point, spans, sorted(known.genuine), since)
    if said:
        await repository.write(connection, org_id, said)
    touched = [stays["account_pk"][by_point[point]] for point in differs if point in by_point]
    return np.unique(np.concatenate(touched)) if touched else _NONE


async def _known(connection: AsyncConnection, since: dt.date, cells: Keys | None) -> dict[Point, _Point]:
    """What is known of piles in these cells from ``since`` on."""
    held = await repository.held(connection, since)
    inside = np.ones(len(held["lng"]), bool)
    if cells is not None:
        inside = np.isin(cells_at(held["lng"], held["lat"]).astype(np.int64), cells)
    points: dict[Point, _Point] = {}
    names = ("lng", "lat", "valid_from", "valid_to", "verdict", "customers")
    for lng, lat, start, end, verdict, customers in _rows(
        {name: held[name][inside] for name in names}, *names
    ):
        known = points.setdefault((lng, lat), _Point())
        (known.coarse if verdict == COARSE else known.genuine)[start, end] = customers
    return points


def _by_point(stays: dict[str, NDArray[Any]]) -> dict[Point, NDArray[np.intp]]:
    """The rows of each point."""
    if len(stays["lng"]) == 0:
        return {}
    at, back = np.unique(np.column_stack([stays["lng"], stays["lat"]]), axis=0, return_inverse=True)
    back = back.reshape(-1)
    order = np.argsort(back, kind="stable")
    parts = np.split(order, np.searchsorted(back[order], np.arange(1, len(at))))
    return {(lng, lat): rows for (lng, lat), rows in zip(at.tolist(), parts, strict=True)}


def _held(spans: Any, since: dt.date) -> list[Days]:
    """The days from ``since`` on, in as few spans as can be."""
    out: list[Days] = []
    for (start, end), _ in sorted(spans):
        first = max(start, _day(since))
        if out and out[-1][1] == first:
            out[-1] = (out[-1][0], end)
        else:
            out.append((first, end))
    return out


def _said(
    point: Point, spans: list[tuple[Days, int]], genuine: list[Days], since: dt.date
) -> Iterator[tuple[Any, ...]]:
    """The rows to lay over what is known of a point: where it is a pile, and where it is nothing."""
    for (start, end), customers in spans:
        yield *point, customers, COARSE, _date(start), _date(end), False
    for start, end in crowds.gaps(sorted([*(days for days, _ in spans), *genuine]), _day(since)):
        yield *point, None, None, _date(start), _date(end), True


def _crowd(document: Mapping[str, Any] | None) -> int | None:
    return (parse_policy(document) if document is not None else DEFAULT_POLICY).crowd


def _rows(columns: dict[str, NDArray[Any]], *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(columns[name].tolist() for name in names), strict=True)


def _day(date: dt.date) -> int:
    return (date - _EPOCH).days


def _date(day: int) -> dt.date | None:
    return None if day == OPEN else _EPOCH + dt.timedelta(days=day)
