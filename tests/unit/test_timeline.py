"""Timelines: no subject has two values on a day, what was before stays, and doing it again does nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.assignments import timeline
from app.assignments.timeline import Spans
from app.storage.columns import OPEN

HORIZON = 30
days = st.integers(0, HORIZON)


def spans(rows: list[tuple[int, int, int, int]]) -> Spans:
    columns = np.array(rows, np.int64).reshape(-1, 4)
    return Spans(columns[:, 0], columns[:, 1].astype(np.int32), columns[:, 2].astype(np.int32), columns[:, 3])


def rows_of(some: Spans) -> list[tuple[int, int, int, int]]:
    columns = (some.subject, some.start, some.end, some.value)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@st.composite
def histories(draw: Callable[[Any], Any], subjects: int = 3) -> Spans:
    """Spans without overlap: some days have no value, neighbours may have the same."""
    rows = []
    for subject in range(subjects):
        edges = sorted(draw(st.sets(days, max_size=6)))
        ends = [*edges[1:], draw(st.sampled_from([HORIZON + 1, OPEN]))]
        for start, end in zip(edges, ends, strict=False):
            value = draw(st.integers(0, 3))
            if value:
                rows.append((subject, start, end, value))
    return spans(rows)


def value_on(some: Spans, subject: int, day: int) -> int | None:
    held = (some.subject == subject) & (some.start <= day) & (day < some.end)
    assert held.sum() <= 1, "two values on one day"
    return int(some.value[held][0]) if held.any() else None


def apply(stored: Spans, since: int, wanted: Spans) -> Spans:
    reaching = np.flatnonzero(stored.end >= since)
    change = timeline.change(stored.take(reaching), wanted, since)
    kept = np.ones(len(stored), bool)
    kept[reaching[change.drop]] = False
    return stored.take(kept) + change.add


def from_day(some: Spans, since: int) -> Spans:
    later = some.take(some.end > since)
    return Spans(later.subject, np.maximum(later.start, since).astype(np.int32), later.end, later.value)


@given(histories(), histories(), days)
def test_a_change_holds_from_its_day_and_leaves_the_days_before(
    stored: Spans, wanted: Spans, since: int
) -> None:
    stored, wanted = timeline.coalesce(stored), from_day(wanted, since)
    after = apply(stored, since, wanted)
    for subject in range(3):
        for day in range(HORIZON + 3):
            right = value_on(stored if day < since else wanted, subject, day)
            assert value_on(after, subject, day) == right


@given(histories(), histories(), days)
def test_the_same_change_again_does_nothing(stored: Spans, wanted: Spans, since: int) -> None:
    wanted = from_day(wanted, since)
    after = apply(timeline.coalesce(stored), since, wanted)
    again = timeline.change(after.take(after.end >= since), wanted, since)
    assert (len(again.drop), len(again.add)) == (0, 0)
    assert rows_of(timeline.coalesce(after)) == rows_of(after)


def test_what_is_right_already_is_left_alone() -> None:
    stored = spans([(0, 5, 10, 1), (0, 10, OPEN, 2), (1, 0, OPEN, 1)])
    change = timeline.change(stored, spans([(0, 10, OPEN, 3), (1, 8, OPEN, 1)]), 8)
    assert change.drop.tolist() == [0, 1]
    assert rows_of(change.add) == [(0, 5, 8, 1), (0, 10, OPEN, 3)]


def test_a_value_that_goes_on_goes_on_in_one_span() -> None:
    change = timeline.change(spans([(0, 0, 5, 1), (0, 5, OPEN, 2)]), spans([(0, 5, OPEN, 1)]), 5)
    assert change.drop.tolist() == [0, 1]
    assert rows_of(change.add) == [(0, 0, OPEN, 1)]


def test_everyone_is_cut_at_terms_and_each_at_its_own_changes() -> None:
    first = np.array([0, 12, OPEN], np.int32)
    made = timeline.cut(
        first, 10, [(10, 20), (25, OPEN)], np.array([0, 1, 1, 2]), np.array([15, 11, 27, 15], np.int32)
    )
    columns = (made.subject, made.start, made.end, made.term)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == [
        (0, 10, 15, 0),
        (0, 15, 20, 0),
        (0, 25, OPEN, 1),
        (1, 12, 20, 0),
        (1, 25, 27, 1),
        (1, 27, OPEN, 1),
    ]


def test_without_a_term_there_is_nothing() -> None:
    made = timeline.cut(np.zeros(2, np.int32), 5, [], np.array([0]), np.array([7], np.int32))
    assert len(made.subject) == 0


@given(histories(), st.lists(st.tuples(st.integers(0, 3), days), min_size=1))
def test_facts_are_found_as_of_a_day(facts: Spans, asked: list[tuple[int, int]]) -> None:
    subject, day = (np.array(column) for column in zip(*sorted(asked), strict=True))
    day = day.astype(np.int32)
    found = timeline.as_of(facts.subject, facts.start, facts.end, subject, day)
    values = [int(facts.value[row]) if row >= 0 else None for row in found]
    assert values == [value_on(facts, int(s), int(d)) for s, d in zip(subject, day, strict=True)]
    fact, row = timeline.during(facts.subject, facts.start, facts.end, subject, day)
    pairs = sorted(zip(fact.tolist(), row.tolist(), strict=True))
    assert pairs == sorted((int(f), row) for row, f in enumerate(found) if f >= 0)


@given(histories(), histories(), st.integers(-5, HORIZON + 5))
def test_the_first_difference_is_the_first_day_on_which_values_differ(
    stored: Spans, wanted: Spans, since: int
) -> None:
    def value(some: Spans, subject: int, day: int) -> int:
        held = [v for s, start, end, v in rows_of(some) if s == subject and start <= day < end]
        return held[0] if held else -1

    expected = {}
    for subject in range(3):
        for day in range(since, HORIZON + 8):
            pair = value(stored, subject, day), value(wanted, subject, day)
            if pair[0] != pair[1]:
                expected[subject] = pair
                break
    found = timeline.first_difference(stored, wanted, since)
    subjects, before, after = (column.tolist() for column in found)
    assert dict(zip(subjects, zip(before, after, strict=True), strict=True)) == expected


@given(st.lists(st.integers(0, 4), max_size=8), st.lists(st.integers(0, 4), max_size=8))
def test_pairs_are_all_rows_with_equal_keys(left: list[int], right: list[int]) -> None:
    one, two = timeline.pairs(np.array(left, np.int64), np.array(right, np.int64))
    expected = [(i, j) for i, a in enumerate(left) for j, b in enumerate(right) if a == b]
    assert sorted(zip(one.tolist(), two.tolist(), strict=True)) == expected
