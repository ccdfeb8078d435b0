"""Piles: points at which so many customers stand that none of them is believed to stand there."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.geocodes import repository
from app.geocodes.recognition import COARSE as COARSE
from app.geocodes.recognition import GENUINE as GENUINE
from app.geocodes.recognition import recognise as recognise
from app.geocodes.recognition import recognise_around as recognise_around


@dataclass(frozen=True)
class Piles:
    """Spans of days (int32 since 1970-01-01, no end: ``app.storage.columns.OPEN``) over which points are
    piles, ordered by row, then day. Spans of one row do not overlap.
    """

    row: NDArray[np.int64]
    """Which of the points asked about."""
    start: NDArray[np.int32]
    end: NDArray[np.int32]
    verdict: NDArray[np.object_]
    """``coarse``: no finer than a district, whatever the geocode claims; ``genuine``: a planner has said that
    they do stand there.
    """

    def __len__(self) -> int:
        return len(self.row)


_NONE = Piles(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, dtype=object))


async def piles_of(
    connection: AsyncConnection,
    lng: NDArray[np.float64],
    lat: NDArray[np.float64],
    since: dt.date,
    until: dt.date | None = None,
    known_at: dt.datetime | None = None,
) -> Piles:
    """Which of n points (WGS 84 in the working precision, any order, repeated or NaN) are piles on some day
    from ``since`` up to, not including, ``until``.

    A pile says nothing of a customer there whose place names a building or a region: that has its own ground.
    """
    placed = np.flatnonzero(np.isfinite(lng) & np.isfinite(lat))
    if len(placed) == 0 or not await repository.are_any(connection, since, until, known_at):
        return _NONE
    points, back = np.unique(np.column_stack([lng[placed], lat[placed]]), axis=0, return_inverse=True)
    found = await repository.at(connection, points[:, 0], points[:, 1], since, until, known_at)
    # One span of a point is one of each row that stands there.
    order = np.argsort(back.reshape(-1), kind="stable")
    first = np.searchsorted(back.reshape(-1)[order], found["place"], side="left")
    count = np.searchsorted(back.reshape(-1)[order], found["place"], side="right") - first
    span = np.repeat(np.arange(len(count)), count)
    offset = np.arange(len(span)) - np.repeat(np.cumsum(count) - count, count)
    row = placed[order[first[span] + offset]]
    sorted_ = np.lexsort((found["valid_from"][span], row))
    span, row = span[sorted_], row[sorted_]
    return Piles(
        row.astype(np.int64), found["valid_from"][span], found["valid_to"][span], found["verdict"][span]
    )
