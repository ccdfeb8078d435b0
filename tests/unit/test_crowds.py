"""When a point is a pile: against counting day by day."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.geocodes.crowds import Stays, gaps, pile_days, without
from app.storage.columns import OPEN
from geo.geocodes import LEVELS

POINT, STREET, VILLAGE, DISTRICT = (LEVELS.index(name) for name in ("point", "street", "village", "district"))


def stays(*rows):
    start, end, level = zip(*rows, strict=True) if rows else ((), (), ())
    return Stays(np.array(start, np.int32), np.array(end, np.int32), np.array(level, np.int8))


def test_a_pile_lasts_while_the_crowd_is_there():
    rows = [(10, OPEN, POINT), (10, 40, POINT), (20, OPEN, POINT)]
    assert pile_days(stays(*rows), 0, [(0, 3)], []) == [((20, 40), 3)]
    assert pile_days(stays(*rows), 0, [(0, 2)], []) == [((10, OPEN), 2)]
    assert pile_days(stays(*rows), 30, [(30, 3)], []) == [((30, 40), 3)]
    assert pile_days(stays(*rows), 0, [(0, None)], []) == []


def test_the_policy_of_the_day_counts():
    rows = [(0, OPEN, POINT)] * 5
    assert pile_days(stays(*rows), 0, [(0, 6), (10, 5), (20, None)], []) == [((10, 20), 5)]


def test_a_point_inside_a_footprint_is_no_pile():
    rows = [(0, OPEN, POINT)] * 5
    assert pile_days(stays(*rows), 0, [(0, 5)], [(10, 20)]) == [((0, 10), 5), ((20, OPEN), 5)]


def test_the_middle_of_one_village_is_no_pile_but_claims_that_differ_are():
    village, point, street = (0, OPEN, VILLAGE), (0, OPEN, POINT), (0, OPEN, STREET)
    assert pile_days(stays(*[village] * 6, point), 0, [(0, 4)], []) == []
    assert pile_days(stays(*[village] * 6, *[point] * 4), 0, [(0, 4)], []) == [((0, OPEN), 10)]
    assert pile_days(stays(*[village] * 2, *[street] * 2), 0, [(0, 4)], []) == [((0, OPEN), 4)]
    assert pile_days(stays(*[(0, OPEN, DISTRICT)] * 4), 0, [(0, 4)], []) == [((0, OPEN), 4)]


_DAY = st.integers(0, 12)
_STAY = st.tuples(_DAY, st.integers(1, 8), st.sampled_from([POINT, STREET, VILLAGE, DISTRICT]))


@given(
    st.lists(_STAY, max_size=8),
    st.integers(0, 6),
    st.lists(st.tuples(_DAY, st.integers(1, 5)), max_size=2),
    st.integers(2, 4),
)
def test_it_is_what_counting_day_by_day_says(rows, since, inside, least):
    rows = [(first, first + length, level) for first, length, level in rows]
    inside = [(first, first + length) for first, length in inside]
    found = pile_days(stays(*rows), since, [(since, least)], inside)
    for day in range(since, 25):
        there = [level for first, end, level in rows if first <= day < end]
        agreed = max(there.count(STREET), there.count(VILLAGE))
        honest = agreed * 2 > len(there) and len(there) - agreed < least
        indoors = any(first <= day < end for first, end in inside)
        expected = len(there) >= least and not honest and not indoors
        assert expected == any(first <= day < end for (first, end), _ in found), day
    assert all(a[1] < b[0] for (a, _), (b, _) in itertools.pairwise(found))


def test_cutting_and_gaps():
    assert without([((0, 10), 3)], [(2, 4), (8, 12)]) == [((0, 2), 3), ((4, 8), 3)]
    assert gaps([(2, 4), (6, OPEN)], 0) == [(0, 2), (4, 6)]
    assert gaps([], 5) == [(5, OPEN)]
