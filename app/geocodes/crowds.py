"""When a point is a pile: arithmetic on the stays of customers at single points. Knows no database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.storage.columns import OPEN
from geo.geocodes import EXACT, LEVELS

Days = tuple[int, int]
"""From a day up to, not including, another, as days since 1970-01-01; no end: OPEN."""


@dataclass(frozen=True)
class Stays:
    """Customers at one point, without building or region, over spans of days: columns of one length."""

    start: NDArray[np.int32]
    end: NDArray[np.int32]
    level: NDArray[np.int8]
    """What the geocode claims: index into ``geo.geocodes.LEVELS``."""


def pile_days(
    stays: Stays, since: int, crowd_of: Sequence[tuple[int, int | None]], indoors: Iterable[Days]
) -> list[tuple[Days, int]]:
    """The days from ``since`` on over which a point is a pile, each with the customers of its first day.

    ``crowd_of`` (first day, customers from which on it is a pile; None: never) are the terms of the policy in
    order; ``indoors`` are days on which the point lies inside a footprint: a tower is no pile.

    A point is a pile while so many customers stand there, unless most of them say themselves that it is the
    middle of one street, road or village: then they have their region of doubt already. It is one all the
    same when the others alone are as many.
    """
    indoors = list(indoors)
    edges = {since, *(day for day, _ in crowd_of), *(day for span in indoors for day in span)}
    edges |= {*stays.start.tolist(), *stays.end.tolist()}
    days = np.array(sorted(day for day in edges if since <= day < OPEN), np.int64)
    piled: list[tuple[Days, int]] = []
    for first, customers, coarse in zip(days.tolist(), *_counts(stays, days), strict=True):
        least = next((least for day, least in reversed(crowd_of) if day <= first), None)
        if least is None or any(start <= first < end for start, end in indoors):
            continue
        if customers < least or (coarse * 2 > customers and customers - coarse < least):
            continue
        at = int(np.searchsorted(days, first))
        end = int(days[at + 1]) if at + 1 < len(days) else OPEN
        if piled and piled[-1][0][1] == first:
            (start, _), number = piled[-1]
            piled[-1] = (start, end), number
        else:
            piled.append(((first, end), customers))
    return piled


def _counts(stays: Stays, days: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    """On each day: the customers there, and how many of them agree on one coarse level."""

    def there(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        begun = np.searchsorted(np.sort(stays.start[rows]), days, side="right")
        ended = np.searchsorted(np.sort(stays.end[rows]), days, side="right")
        return (begun - ended).astype(np.int64)

    centres = range(len(EXACT), LEVELS.index("district"))
    agreed = np.max([there(stays.level == level) for level in centres], axis=0)
    return there(np.ones(len(stays.level), bool)).tolist(), agreed.tolist()


def without(spans: Iterable[tuple[Days, int]], kept: Iterable[Days]) -> list[tuple[Days, int]]:
    """The spans with the days of ``kept`` cut out of them."""
    out = list(spans)
    for start, end in kept:
        cut: list[tuple[Days, int]] = []
        for (first, last), number in out:
            if last <= start or end <= first:
                cut.append(((first, last), number))
                continue
            if first < start:
                cut.append(((first, start), number))
            if end < last:
                cut.append(((end, last), number))
        out = cut
    return out


def gaps(spans: Iterable[Days], since: int) -> list[Days]:
    """The days from ``since`` on that none of the spans (in order, without overlap) holds."""
    out: list[Days] = []
    day = since
    for start, end in spans:
        if day < start:
            out.append((day, start))
        day = max(day, end)
    return out if day >= OPEN else [*out, (day, OPEN)]


def numbered(held: Mapping[Days, int], spans: Iterable[tuple[Days, int]]) -> list[tuple[Days, int]]:
    """The spans; one that goes on with what is held keeps the number that is held."""
    out = []
    for (start, end), number in spans:
        known = (said for (first, last), said in held.items() if first <= start < last)
        out.append(((start, end), next(known, number)))
    return out
