"""The days of the story: a plan from the first of this month, its redraw from the first of the next."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass


@dataclass(frozen=True)
class Days:
    """``today`` where the organisation is; ``first`` of its month, ``last``, and ``next`` month's first."""

    today: dt.date
    first: dt.date
    last: dt.date
    next: dt.date


def days_in(time_zone: str) -> Days:
    """The days as of now in that time zone."""
    return days_of(dt.datetime.now(zoneinfo.ZoneInfo(time_zone)).date())


def days_of(today: dt.date) -> Days:
    """The days of the month that ``today`` is in."""
    first = today.replace(day=1)
    following = (first + dt.timedelta(days=31)).replace(day=1)
    return Days(today, first, following - dt.timedelta(days=1), following)
