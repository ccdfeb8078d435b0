"""What `gridwright assign` says against the CRS it was told, over the whole file."""

import numpy as np
import pytest
import shapely

from app.filemode.answering import Counts
from app.filemode.evidence import Evidence
from geo.datum import transform
from geo.locator import Locator

LOCATOR = Locator.build([shapely.box(116, 24, 116.01, 24.01)], ["a"])


@pytest.mark.parametrize("size", [1, 999, 70_000, 131_072])
def test_the_sample_is_every_so_manyth_row(size):
    evidence = Evidence()
    x = np.arange(300_000.0) if size > 1 else np.arange(500.0)
    for start in range(0, len(x), size):
        evidence.add(x[start : start + size], -x[start : start + size])
    got, other = evidence.sample()
    assert (got == x[:: evidence.step]).all()
    assert (other == -got).all()
    assert len(x) == evidence.rows
    assert 20_000 <= len(got) <= 40_000 or evidence.step == 1


def test_a_datum_that_only_the_end_of_the_file_betrays_is_noticed():
    rng = np.random.default_rng(1)
    lng, lat = rng.uniform(116.0005, 116.0095, 90_000), rng.uniform(24.0005, 24.0095, 90_000)
    lng[1000:], lat[1000:] = transform(lng[1000:], lat[1000:], "wgs84", "bd09")
    evidence = Evidence()
    for start in range(0, len(lng), 1000):
        evidence.add(lng[start : start + 1000], lat[start : start + 1000])
    (said,) = evidence.warnings("wgs84", LOCATOR, Counts(90_000, 1000, 89_000))
    assert "as bd09" in said


def test_where_both_lie_is_said_when_no_point_lies_in_a_grid():
    evidence = Evidence()
    evidence.add(np.array([8.5, 8.6, np.nan]), np.array([47.25, 47.5, np.nan]))
    (said,) = evidence.warnings("wgs84", LOCATOR, Counts(3, 0, 2, 1))
    assert "8.5…8.6 × 47.25…47.5" in said
    assert "116…116.01 × 24…24.01" in said
    assert evidence.warnings("wgs84", LOCATOR, Counts(3, 1, 1, 1)) == []
    (said,) = evidence.warnings("wgs84", Locator.build([], []), Counts(3, 0, 2, 1))
    assert "there are no grids" in said


def test_metres_that_claim_to_be_degrees_are_named():
    evidence = Evidence()
    evidence.add(np.array([500_000.0, 501_000.0]), np.array([2_650_000.0, 2_651_000.0]))
    (said,) = evidence.warnings("wgs84", LOCATOR, Counts(2, 0, 0, 2))
    assert "500000…501000 × 2650000…2651000" in said
    assert "metres" in said
    nothing = Evidence()
    nothing.add(np.array([np.nan]), np.array([np.nan]))
    assert nothing.warnings("wgs84", LOCATOR, Counts(1, 0, 0, 1)) == [
        "no row has a place: see the column reason"
    ]
    assert Evidence().warnings("wgs84", LOCATOR, Counts()) == []
