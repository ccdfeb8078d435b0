import numpy as np
import shapely

from geo import datum_check
from geo.datum import transform

BOX = shapely.box(116.0, 24.0, 116.01, 24.01)


def inside(lng, lat):
    return shapely.intersects_xy(BOX, lng, lat)


def places(n=500):
    rng = np.random.default_rng(1)
    return rng.uniform(116.0, 116.01, n), rng.uniform(24.0, 24.01, n)


def test_points_that_fit_their_datum_are_left_in_peace():
    report = datum_check.check(*places(), "wgs84", inside)
    assert report.inside["wgs84"] == 1.0
    assert (report.likely, report.message) == (None, None)


def test_another_datum_is_named_with_its_evidence():
    x, y = transform(*places(), "wgs84", "bd09")
    report = datum_check.check(x, y, "wgs84", inside)
    assert report.likely == "bd09"
    assert report.inside["bd09"] > 0.99 > report.inside["wgs84"]
    assert "as bd09" in report.message


def test_swapped_axes_are_named_and_nothing_is_no_evidence():
    x, y = places()
    assert (
        datum_check.check(y, x, "gcj02", lambda a, b: inside(*transform(a, b, "wgs84", "gcj02"))).likely
        == "swapped"
    )
    assert datum_check.check([np.nan], [1.0], "wgs84", inside).likely is None
    assert datum_check.check(x + 50, y, "wgs84", inside).likely is None
