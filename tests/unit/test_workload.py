from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputError
from geo.workload import (
    DEFAULT_POLICY,
    PARTS,
    Accounts,
    breakdown,
    document_of,
    minutes_of,
    parse_policy,
    residence_minutes,
    sum_by,
    travel_minutes,
)

POLICY = parse_policy(
    {
        "visits": {"A": 4, "C": 1},
        "classes": {
            "A": {"visit": 30, "prospect": 20, "opportunity": 45, "complaint": 10,
                  "speed_kmh": 60, "detour": 1.5, "density_km2": 25},
            "B": {"visit": 50},
        },
    }
)  # fmt: skip


def minutes(accounts, policy, classes):
    return minutes_of(breakdown(accounts, policy, classes))


def test_minutes_are_visits_and_the_way_to_them():
    way = 60 * 1.5 * 0.7124 / 5 / 60  # 1.5 detours of 0.7124/sqrt(25) km at 60 km/h
    w = minutes(
        Accounts(
            tier=np.array(["A", "C", "C"]),
            visits=np.array([np.nan, np.nan, 3]),
            prospects=np.array([0, 2, 0]),
            opportunities=np.array([0, 1, np.nan]),
            complaints=np.array([0, 3, 0]),
        ),
        POLICY,
        np.array(["A", "A", "A"]),
    )
    np.testing.assert_allclose(w, [4 * (30 + way), 30 + way + 2 * 20 + 45 + 3 * 10, 3 * (30 + way)])
    assert travel_minutes(25.0, 1.5, 60.0) == pytest.approx(way)


def test_the_parts_add_up_to_the_minutes():
    accounts = Accounts(np.array(["A", ""]), complaints=np.array([2.0, np.nan]))
    classes = np.array(["A", "B"])
    parts = breakdown(accounts, POLICY, classes)
    assert tuple(parts) == PARTS
    assert parts["complaints"].count.tolist() == [2, 0]
    assert parts["visits"].minutes.tolist() == [4 * 30, DEFAULT_POLICY.visits[""] * 50]
    total = sum(part.minutes for part in parts.values())
    np.testing.assert_allclose(minutes(accounts, POLICY, classes), total)


def test_an_owner_who_lives_far_away_spends_time_on_the_road():
    # 22 trips, there and back, over 10 km of 1.5 times that by road, at 60 km/h
    assert residence_minutes(10_000.0, POLICY, "A") == pytest.approx(22 * 2 * 15)
    half = parse_policy({"residence": {"trips": 11}, "classes": {"A": {"speed_kmh": 60, "detour": 1.5}}})
    assert residence_minutes(10_000.0, half, "A") == pytest.approx(11 * 2 * 15)


def test_a_policy_is_written_with_nothing_left_out():
    assert parse_policy(document_of(POLICY)) == POLICY
    assert set(document_of(POLICY)["classes"]["B"]) == set(document_of(POLICY)["classes"]["A"])


def test_class_and_density_count():
    tier = np.array(["A", "A"])
    w = minutes(Accounts(tier=tier), POLICY, np.array(["A", "B"]))
    assert w[1] - w[0] > 4 * 20
    dense = minutes(Accounts(tier=tier, density_km2=np.array([25, 2500])), POLICY, np.array(["A", "A"]))
    assert dense[1] < dense[0] == w[0]


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B", "C", ""]), st.sampled_from(["A", "B", ""]), st.floats(0, 1e6))
    )
)
def test_weights_are_finite_and_never_negative(rows):
    tiers, classes, counts = ([row[k] for row in rows] for k in range(3))
    count = np.array(counts, np.float64)
    accounts = Accounts(np.array(tiers, dtype=object), count, count, count, count, count)
    values = minutes(accounts, DEFAULT_POLICY, np.array(classes, dtype=object))
    assert values.shape == (len(rows),)
    assert np.isfinite(values).all()
    assert (values >= 0).all()


def test_sums_leave_out_what_is_nowhere():
    sums = sum_by(np.array([0, 2, -1, 2]), {"minutes": np.array([1.0, 2, 4, 8])}, 3)
    assert sums["minutes"].tolist() == [1, 0, 10]


def test_visits_name_every_tier_there_is():
    assert POLICY.visits == {"A": 4, "C": 1, "": DEFAULT_POLICY.visits[""]}
    assert parse_policy({}) == replace(DEFAULT_POLICY, name="")
    with pytest.raises(InputError, match="no tier 'B'; it has 'A', 'C'"):
        minutes(Accounts(np.array(["B"])), POLICY, np.array(["A"]))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"visit": {}}, "unknown key 'visit'"),
        ({"visits": {"A": -1}}, "visits.A: -1 is out of range"),
        ({"visits": {"A": "4"}}, "visits.A: '4' is no number"),
        ({"visits": {"A": True}}, "no number"),
        ({"visits": 3}, "no table of values"),
        ({"residence": {"trip": 3}}, "residence: unknown key 'trip'"),
        ({"classes": {"D": {}}}, "unknown class 'D'"),
        (
            {"classes": {"A": {"speed_kmh": 0}}},
            "classes.A.speed_kmh: 0 is out of range",
        ),
        ({"classes": {"A": {"detour": 0.5}}}, "below 1"),
        ({"classes": {"A": {"speed": 5}}}, "unknown key 'speed'"),
    ],
)
def test_bad_policies_are_refused_with_the_place(document, message):
    with pytest.raises(InputError, match=message):
        parse_policy(document)


def test_bad_accounts_are_refused_with_the_row():
    with pytest.raises(InputError, match="row 2: the policy has no tier 'Z'"):
        minutes(Accounts(np.array(["A", "Z"])), POLICY, np.array(["A", "A"]))
    with pytest.raises(InputError, match="row 1: the policy has no class 'X'"):
        minutes(Accounts(np.array(["A"])), POLICY, np.array(["X"]))
    with pytest.raises(InputError, match="row 1: column prospects: -1"):
        minutes(Accounts(np.array(["A"]), prospects=np.array([-1.0])), POLICY, np.array(["A"]))
