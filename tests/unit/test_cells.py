import h3
import numpy as np

from geo import cells


def test_cells_agree_with_h3_and_bad_points_have_none():
    rng = np.random.default_rng(1)
    lng, lat = rng.uniform(-180, 180, 200), rng.uniform(-90, 90, 200)
    lng[3], lat[7], lng[9] = np.nan, np.inf, -np.inf
    got = cells.cells(lng, lat)
    assert got.dtype == np.uint64
    text = cells.to_text(got)
    for i in range(200):
        want = "" if i in (3, 7, 9) else h3.latlng_to_cell(lat[i], lng[i], 10)
        assert text[i] == want
    assert (cells.from_text(text) == got).all()


def test_other_resolutions_and_nothing_at_all():
    assert cells.to_text(cells.cells([116.0], [24.0], 7))[0] == h3.latlng_to_cell(24.0, 116.0, 7)
    assert len(cells.cells([], [])) == 0
    assert len(cells.to_text([])) == 0
