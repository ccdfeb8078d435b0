"""Timelines of many subjects as columns: cutting days, looking facts up, coalescing, comparing.

A subject is an account or a building, by row number or key; days are int32 since 1970-01-01; a span holds
from ``start`` up to, not including, ``end`` (:data:`OPEN`: no end). Nothing here knows what a value means.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.storage.columns import OPEN

Ints = NDArray[np.int64]
Days = NDArray[np.int32]


@dataclass(frozen=True)
class Spans:
    """m spans: columns of length m. ``value`` says what holds, as a number that stands for it."""

    subject: Ints
    start: Days
    end: Days
    value: Ints

    def __len__(self) -> int:
        return len(self.subject)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "Spans":
        """Some of the spans."""
        return Spans(self.subject[rows], self.start[rows], self.end[rows], self.value[rows])

    def __add__(self, other: "Spans") -> "Spans":
        return Spans(
            np.concatenate([self.subject, other.subject]),
            np.concatenate([self.start, other.start]),
            np.concatenate([self.end, other.end]),
            np.concatenate([self.value, other.value]),
        )


@dataclass(frozen=True)
class Cut:
    """The days on which something may change for each subject, sorted by subject, then day."""

    subject: Ints
    start: Days
    end: Days
    term: Ints
    """The number of the term that holds on these days."""


@dataclass(frozen=True)
class Change:
    """What turns the stored spans into the wanted ones."""

    drop: NDArray[np.intp]
    """Rows of the stored spans that no longer hold."""
    add: Spans


def day_key(subject: NDArray[np.integer], day: NDArray[np.integer]) -> Ints:
    """Subject and day as one number that sorts by subject, then day."""
    return (subject.astype(np.int64) << 32) + day.astype(np.int64) + 2**31


def cut(first: Days, since: int, terms: Sequence[tuple[int, int]], subject: Ints, day: Days) -> Cut:
    """Spans of the subjects 0 … n−1 within the terms, from ``since`` on.

    ``first`` (n,) is the day from which each subject is known (OPEN: never); ``terms`` are (start, end) in
    order, without overlap; (``subject``, ``day``) are the days on which a fact of a subject changes. Everyone
    gets a cut at ``since`` and at every term's start; other days cut only the subject they belong to.
    """
    if not terms:
        nothing = np.empty(0, np.int64)
        return Cut(nothing, nothing.astype(np.int32), nothing.astype(np.int32), nothing)
    edges = np.unique(np.array(terms, np.int64).ravel())
    opening = np.maximum(first, since).astype(np.int64)
    known = np.flatnonzero(first != OPEN)
    later = edges[(edges > since) & (edges != OPEN)]
    subjects = np.concatenate([known, np.repeat(known, len(later)), subject.astype(np.int64)])
    days = np.concatenate([opening[known], np.tile(later, len(known)), day.astype(np.int64)])
    inside = (days >= opening[subjects]) & (days != OPEN)
    keys = np.unique(day_key(subjects[inside], days[inside]))
    who, when = keys >> 32, (keys & (2**32 - 1)) - 2**31
    ends = np.full(len(keys), OPEN, np.int64)
    ends[:-1] = np.where(who[1:] == who[:-1], when[1:], OPEN)
    starts_of = np.array([start for start, _ in terms], np.int64)
    ends_of = np.array([end for _, end in terms], np.int64)
    term = np.searchsorted(starts_of, when, side="right") - 1
    held = (term >= 0) & (when < ends_of[term])
    return Cut(who[held], when[held].astype(np.int32), ends[held].astype(np.int32), term[held])


def as_of(fact_subject: Ints, fact_start: Days, fact_end: Days, subject: Ints, day: Days) -> NDArray[np.intp]:
    """The row of the fact that holds for each (subject, day), −1 for none; of several, the last to begin."""
    if len(fact_subject) == 0:
        return np.full(len(subject), -1, np.intp)
    keys = day_key(fact_subject, fact_start)
    order = np.argsort(keys, kind="stable")
    found = np.searchsorted(keys[order], day_key(subject, day), side="right") - 1
    row = order[np.maximum(found, 0)]
    holds = (found >= 0) & (fact_subject[row] == subject) & (day < fact_end[row])
    return np.where(holds, row, -1)


def during(
    fact_subject: Ints, fact_start: Days, fact_end: Days, subject: Ints, day: Days
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs (row of a fact, row of a (subject, day)) where the fact holds; (subject, day) is sorted."""
    keys = day_key(subject, day)
    low = np.searchsorted(keys, day_key(fact_subject, fact_start), side="left")
    high = np.searchsorted(keys, day_key(fact_subject, fact_end), side="left")
    count = np.maximum(high - low, 0)
    fact = np.repeat(np.arange(len(count)), count)
    offset = np.arange(len(fact)) - np.repeat(np.cumsum(count) - count, count)
    return fact, low[fact] + offset


def pairs(left: Ints, right: Ints) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of rows with equal keys."""
    order = np.argsort(right, kind="stable")
    low = np.searchsorted(right[order], left, side="left")
    count = np.searchsorted(right[order], left, side="right") - low
    one = np.repeat(np.arange(len(left)), count)
    offset = np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
    return one, order[low[one] + offset]


def coalesce(spans: Spans) -> Spans:
    """The same days and values in as few spans as can be, sorted by subject, then start."""
    if len(spans) == 0:
        return spans
    spans = spans.take(np.argsort(day_key(spans.subject, spans.start), kind="stable"))
    joins = (
        (spans.subject[1:] == spans.subject[:-1])
        & (spans.start[1:] == spans.end[:-1])
        & (spans.value[1:] == spans.value[:-1])
    )
    opens = np.flatnonzero(np.r_[True, ~joins])
    closes = np.r_[opens[1:] - 1, len(spans) - 1]
    return Spans(spans.subject[opens], spans.start[opens], spans.end[closes], spans.value[opens])


def change(stored: Spans, wanted: Spans, since: int) -> Change:
    """What to drop and to add so that ``wanted`` holds from ``since`` on and what was before stays.

    ``stored`` are the spans of the same subjects that reach ``since`` (``end`` ≥ since: one that ends there
    may go on); ``wanted`` start at ``since`` or later. A span that is right as it stands is left alone.
    """
    before = stored.take(stored.start < since)
    before = Spans(before.subject, before.start, np.minimum(before.end, since).astype(np.int32), before.value)
    right = coalesce(before + wanted)
    n = len(stored)
    both = stored + right
    order = np.lexsort((np.arange(len(both)), both.value, both.end, both.start, both.subject))
    sorted_ = both.take(order)
    same = (
        (sorted_.subject[1:] == sorted_.subject[:-1])
        & (sorted_.start[1:] == sorted_.start[:-1])
        & (sorted_.end[1:] == sorted_.end[:-1])
        & (sorted_.value[1:] == sorted_.value[:-1])
    )
    alone = np.ones(len(both), bool)
    alone[order[1:][same]] = False
    alone[order[:-1][same]] = False
    return Change(np.flatnonzero(alone[:n]), right.take(alone[n:]))


def first_difference(stored: Spans, wanted: Spans, since: int) -> tuple[Ints, Ints, Ints]:
    """Subjects whose value differs on some day from ``since`` on, with both values on the first such day.

    −1 stands for no span. Spans of one subject do not overlap.
    """
    both = stored + wanted
    subject = np.concatenate([both.subject, both.subject])
    day = np.concatenate([np.maximum(both.start, since), both.end]).astype(np.int64)
    keys = np.unique(day_key(subject[(day >= since) & (day != OPEN)], day[(day >= since) & (day != OPEN)]))
    who, when = keys >> 32, ((keys & (2**32 - 1)) - 2**31).astype(np.int32)

    def value(spans: Spans) -> Ints:
        row = as_of(spans.subject, spans.start, spans.end, who, when)
        out = np.full(len(row), -1, np.int64)
        out[row >= 0] = spans.value[row[row >= 0]]
        return out

    before, after = value(stored), value(wanted)
    differ = np.flatnonzero(before != after)
    first = differ[np.r_[True, who[differ[1:]] != who[differ[:-1]]][: len(differ)]]
    return who[first], before[first], after[first]


def day_number(day: dt.date) -> int:
    """A date as days since 1970-01-01."""
    return (day - dt.date(1970, 1, 1)).days


def end_number(day: dt.date | None) -> int:
    """The end of a span as days since 1970-01-01."""
    return OPEN if day is None else day_number(day)
