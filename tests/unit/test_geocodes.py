import numpy as np
import pytest

from geo.errors import InputError
from geo.geocodes import LEVELS, GeocodePolicy, doubt, level_codes


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
