"""Piles in the database."""

import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.columns import read_columns

Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]

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
