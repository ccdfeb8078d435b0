"""Piles in the database."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geocodes.models import Pile
from app.storage.columns import as_array, by_index, read_columns
from app.storage.copy import copy_rows
from app.storage.dated import overlay, source_table
from geo.geocodes import LEVELS

Keys = NDArray[np.int64]
Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]

_NO_CELLS: Keys = np.empty(0, np.int64)
_SLICE = 100_000  # keys that one question asks for

# What is known now is asked for as such, so that the partial index serves.
_NOW = "p.superseded_at IS NULL"
_THEN = "p.recorded_at <= :known_at AND (p.superseded_at IS NULL OR :known_at < p.superseded_at)"
_DAYS = """
    coalesce(p.valid_to, 'infinity') > CAST(:since AS date)
    AND p.valid_from < coalesce(CAST(:until AS date), 'infinity')
"""
_ANY = "SELECT EXISTS (SELECT FROM piles p WHERE {known} AND {days})"
_AT = """
    SELECT s.place - 1 AS place, p.valid_from, p.valid_to, p.verdict, p.customers
    FROM unnest(CAST(:lng AS float8[]), CAST(:lat AS float8[])) WITH ORDINALITY AS s (lng, lat, place)
    JOIN piles p ON p.lng = s.lng AND p.lat = s.lat
    WHERE {known} AND {days}
    ORDER BY s.place, p.valid_from
"""


def _params(since: dt.date, until: dt.date | None, known_at: dt.datetime | None) -> dict[str, Any]:
    return {"since": since, "until": until} | ({"known_at": known_at} if known_at is not None else {})


async def are_any(
    connection: AsyncConnection, since: dt.date, until: dt.date | None, known_at: dt.datetime | None
) -> bool:
    """Whether there is any pile on some day from ``since`` up to ``until``."""
    query = _ANY.format(known=_NOW if known_at is None else _THEN, days=_DAYS)
    found: bool = (await connection.execute(text(query), _params(since, until, known_at))).scalar_one()
    return found


async def at(
    connection: AsyncConnection,
    lng: Floats,
    lat: Floats,
    since: dt.date,
    until: dt.date | None,
    known_at: dt.datetime | None,
) -> Columns:
    """The piles at these different points on some day from ``since`` up to ``until``, in order."""
    kinds: Any = {"place": "int64", "valid_from": "day", "valid_to": "day", "verdict": "text"}
    return await read_columns(
        connection,
        _AT.format(known=_NOW if known_at is None else _THEN, days=_DAYS),
        kinds | {"customers": "int64"},
        lng=as_floats(lng),
        lat=as_floats(lat),
        **_params(since, until, known_at),
    )


def as_floats(values: Floats) -> str:
    """Numbers as a parameter for ``CAST(:x AS float8[])``, to the last bit."""
    return "{" + ",".join(map(repr, values.tolist())) + "}"


_CELLS = """
    SELECT DISTINCT h3 FROM account_places
    WHERE account_pk = ANY(CAST(:accounts AS bigint[]))
      AND (superseded_at IS NULL OR superseded_at >= now())
      AND coalesce(valid_to, 'infinity') >= CAST(:since AS date)
"""
_BUILT = """
    SELECT DISTINCT p.h3 FROM building_versions b
    JOIN account_places p ON p.geometry && b.geometry AND ST_Covers(b.geometry, p.geometry)
    WHERE b.building_pk = ANY(CAST(:buildings AS bigint[])) AND ST_Dimension(b.geometry) = 2
      AND (b.superseded_at IS NULL OR b.superseded_at >= now())
      AND p.superseded_at IS NULL AND p.building_pk IS NULL
      AND coalesce(p.valid_to, 'infinity') > CAST(:since AS date)
"""
# Cells are asked for by ANY and nothing is joined: what was loaded a moment ago has no statistics yet.
_STAYS = """
    SELECT ST_X(p.geometry) AS lng, ST_Y(p.geometry) AS lat, p.account_pk, p.valid_from, p.valid_to,
           array_position(CAST(:levels AS text[]), p.geocode_level) - 1 AS level
    FROM account_places p
    WHERE p.superseded_at IS NULL AND coalesce(p.valid_to, 'infinity') > CAST(:since AS date)
      AND p.building_pk IS NULL AND p.region_pk IS NULL AND p.h3 = ANY(CAST(:cells AS bigint[]))
"""
_CROWDED = """
    SELECT ST_X(geometry) AS lng, ST_Y(geometry) AS lat FROM (
        SELECT p.geometry FROM account_places p
        WHERE p.superseded_at IS NULL AND coalesce(p.valid_to, 'infinity') > CAST(:since AS date)
          AND p.building_pk IS NULL AND p.region_pk IS NULL {here}
        GROUP BY p.geometry HAVING count(*) >= :crowd
    ) crowded
"""
_HERE = "AND p.h3 = ANY(CAST(:cells AS bigint[]))"
_HELD = """
    SELECT p.lng, p.lat, p.valid_from, p.valid_to, p.verdict, p.customers FROM piles p
    WHERE p.superseded_at IS NULL AND coalesce(p.valid_to, 'infinity') > CAST(:since AS date)
    ORDER BY p.lng, p.lat, p.valid_from
"""
_INDOORS = """
    SELECT s.place - 1 AS place, b.valid_from, b.valid_to
    FROM unnest(CAST(:lng AS float8[]), CAST(:lat AS float8[])) WITH ORDINALITY AS s (lng, lat, place)
    JOIN building_versions b ON b.geometry && ST_SetSRID(ST_MakePoint(s.lng, s.lat), 4326)
     AND ST_Dimension(b.geometry) = 2 AND ST_Covers(b.geometry, ST_SetSRID(ST_MakePoint(s.lng, s.lat), 4326))
    WHERE b.superseded_at IS NULL AND coalesce(b.valid_to, 'infinity') > CAST(:since AS date)
"""


def _slices(keys: Keys) -> Iterator[Keys]:
    """The keys in parts whose text, and whose answer, take little memory; one part at least."""
    for start in range(0, max(1, len(keys)), _SLICE):
        yield keys[start : start + _SLICE]


async def cells_of(connection: AsyncConnection, accounts: Keys, since: dt.date) -> Keys:
    """The cells in which these accounts stand from ``since`` on, or stood until this transaction."""
    found = [_NO_CELLS]
    async with by_index(connection, accounts):
        for some in _slices(accounts):
            here = await read_columns(
                connection, _CELLS, {"h3": "int64"}, accounts=as_array(some), since=since
            )
            found.append(here["h3"])
    return np.unique(np.concatenate(found))


async def cells_under(connection: AsyncConnection, buildings: Keys, since: dt.date) -> Keys:
    """The cells of customers without a building on the ground that these buildings cover or covered."""
    found = await read_columns(
        connection, _BUILT, {"h3": "int64"}, buildings=as_array(buildings), since=since
    )
    return found["h3"]


async def crowded(connection: AsyncConnection, since: dt.date, crowd: int, cells: Keys | None) -> Columns:
    """The points in these cells (None: anywhere) where perhaps so many customers stand from ``since`` on."""
    kinds: Any = {"lng": "float64", "lat": "float64"}
    params: dict[str, Any] = {"since": since, "crowd": crowd}
    if cells is None:
        return await read_columns(connection, _CROWDED.format(here=""), kinds, **params)
    query = _CROWDED.format(here=_HERE)
    async with by_index(connection, cells):  # a point is in one cell, so that no crowd is divided
        found = [
            await read_columns(connection, query, kinds, **params, cells=as_array(some))
            for some in _slices(cells)
        ]
    return {name: np.concatenate([one[name] for one in found]) for name in kinds}


async def stays(connection: AsyncConnection, since: dt.date, cells: Keys) -> Columns:
    """Customers in these cells from ``since`` on, whose place names neither a building nor a region."""
    kinds: Any = {"lng": "float64", "lat": "float64", "account_pk": "int64", "valid_from": "day"}
    kinds |= {"valid_to": "day", "level": "int64"}
    async with by_index(connection, cells):
        return await read_columns(
            connection, _STAYS, kinds, since=since, cells=as_array(cells), levels=list(LEVELS)
        )


async def held(connection: AsyncConnection, since: dt.date) -> Columns:
    """All piles that are known on some day from ``since`` on, by point and day."""
    kinds: Any = {"lng": "float64", "lat": "float64", "valid_from": "day", "valid_to": "day"}
    return await read_columns(
        connection, _HELD, kinds | {"verdict": "text", "customers": "int64"}, since=since
    )


async def indoors(connection: AsyncConnection, lng: Floats, lat: Floats, since: dt.date) -> Columns:
    """The days from ``since`` on over which these points lie inside a footprint."""
    kinds: Any = {"place": "int64", "valid_from": "day", "valid_to": "day"}
    return await read_columns(
        connection, _INDOORS, kinds, lng=as_floats(lng), lat=as_floats(lat), since=since
    )


SAID = "piles_said"


async def write(connection: AsyncConnection, org_id: uuid.UUID, said: Iterable[Sequence[Any]]) -> None:
    """Lay what is said of points over what is known.

    ``said``: lng, lat, customers, verdict, valid_from, valid_to, gone. Spans of a point do not overlap.
    """
    columns = {"lng": "float8", "lat": "float8", "customers": "int4", "verdict": "text"}
    await source_table(connection, SAID, columns)
    dated = {"valid_from": "date", "valid_to": "date", "gone": "bool"}
    await copy_rows(connection, SAID, columns | dated, said)
    table: Any = Pile.__table__
    await overlay(connection, org_id, table, ["lng", "lat"], ["customers", "verdict"], SAID)
