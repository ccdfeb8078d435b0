import numpy as np
import pytest

from geo.errors import InputError
from geo.geocodes import LEVELS, GeocodePolicy, doubt, level_codes, parse_policy


def test_levels_and_radii():
    levels = level_codes(["point", "building", "street", "road", "village", "district", None, " Village "])
    d = doubt(levels)
    assert [LEVELS[i] for i in levels] == [
        "point", "building", "street", "road", "village", "district", "point", "village",
    ]  # fmt: skip
    assert d.coarse.tolist() == [False, False, True, True, True, True, False, True]
    assert d.district.tolist() == [False] * 5 + [True, False, False]
    np.testing.assert_equal(d.radius_m, [0, 0, 200, 500, 1000, np.nan, 0, 1000])


def test_a_radius_given_overrides_that_of_a_coarse_level():
    d = doubt(level_codes(["point", "village", "road", "district"]), np.array([30.0, 150.0, np.nan, 10.0]))
    np.testing.assert_equal(d.radius_m, [0, 150, 500, np.nan])
    assert doubt(level_codes(["road"]), policy=GeocodePolicy({"road": 80})).radius_m[0] == 80


def test_a_region_given_makes_the_place_coarse():
    assert doubt(level_codes(["point", "point"]), has_region=np.array([True, False])).coarse.tolist() == [
        True,
        False,
    ]


def test_bad_input():
    assert level_codes(["parish"])[0] == -1
    with pytest.raises(InputError, match="unknown geocode level"):
        doubt(level_codes(["parish"]))
    with pytest.raises(InputError, match="row 1: radius_m is -5"):
        doubt(level_codes(["road"]), np.array([-5.0]))
    with pytest.raises(InputError, match="parish"):
        GeocodePolicy({"parish": 10})
    with pytest.raises(InputError, match="above 0"):
        GeocodePolicy({"road": 0})


def test_a_policy_document_keeps_what_it_leaves_out():
    assert parse_policy({}) == GeocodePolicy()
    policy = parse_policy({"radius_m": {"road": 80}, "pile": {"customers": 20}})
    assert policy == GeocodePolicy({"street": 200.0, "road": 80.0, "village": 1000.0}, 20)
    assert parse_policy({"pile": None}).crowd is None


@pytest.mark.parametrize(
    ("document", "column", "says"),
    [
        ({"radius": {}}, "radius", "unknown key; radius_m, pile"),
        ({"radius_m": {"district": 5000}}, "radius_m.district", "a radius for 'district'"),
        ({"radius_m": {"road": "500"}}, "radius_m.road", "metres above 0"),
        ({"radius_m": {"road": float("nan")}}, "radius_m.road", "metres above 0"),
        ({"radius_m": 5}, "radius_m", "names with values"),
        ({"pile": {"accounts": 3}}, "pile.accounts", "unknown key; customers"),
        ({"pile": {"customers": 1}}, "pile.customers", "from 2 up"),
        ({"pile": {"customers": True}}, "pile.customers", "from 2 up"),
        ({"pile": {"customers": 2.5}}, "pile.customers", "from 2 up"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused_with_its_path(document, column, says):
    with pytest.raises(InputError, match=says) as caught:
        parse_policy(document)
    assert (caught.value.kind, caught.value.column) == ("bad-policy", column)
