import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, box

from geo.errors import InputError
from geo.footprints import grid_of_footprints

X, Y, D = 116.0, 24.0, 0.01
GRIDS = np.array(
    [box(X, Y, X + D, Y + D), box(X + D, Y, X + 2 * D, Y + D), box(X, Y - D, X + D, Y)], dtype=object
)
CODES = ["G9", "G10", "G2"]  # by code point: G10 < G2 < G9


def foot(x0, y0, x1, y1):
    return box(X + x0 * D, Y + y0 * D, X + x1 * D, Y + y1 * D)


def test_the_greatest_share_has_the_building():
    r = grid_of_footprints(GRIDS, CODES, [foot(0.98, 0.5, 1.01, 0.52), foot(0.99, 0.5, 1.02, 0.52)])
    assert r.index.tolist() == [0, 1]
    np.testing.assert_allclose(r.share, [2 / 3, 2 / 3], rtol=1e-9)
    assert r.straddles.all()
    assert not r.tie.any()
    assert r.pairs.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    np.testing.assert_allclose(r.pair_share, [2 / 3, 1 / 3, 1 / 3, 2 / 3], rtol=1e-9)


@pytest.mark.parametrize("half", [0.01, 0.0003])
def test_equal_shares_go_to_the_lowest_code(half):
    east_west = foot(1 - half, 0.5, 1 + half, 0.6)
    north_south = foot(0.5, -half, 0.6, half)
    r = grid_of_footprints(GRIDS, CODES, [east_west, north_south])
    assert r.index.tolist() == [1, 2]
    assert r.tie.tolist() == [True, True]


def test_inside_outside_and_beside():
    r = grid_of_footprints(
        GRIDS,
        CODES,
        [
            foot(0.1, 0.1, 0.2, 0.2),
            foot(5, 5, 6, 6),
            foot(-0.1, 0.1, 0, 0.2),
            None,
            Polygon(),
            shapely.Point(X, Y),
        ],
    )
    assert r.index.tolist() == [0, -1, -1, -1, -1, -1]
    assert r.share.tolist() == [1, 0, 0, 0, 0, 0]
    assert not r.straddles.any()


def test_a_building_that_sticks_out_has_the_grid_it_is_in():
    r = grid_of_footprints(GRIDS, CODES, [foot(-0.03, 0.1, 0.01, 0.2)])
    assert r.index[0] == 0
    assert r.share[0] == pytest.approx(0.25)
    assert not r.straddles[0]


@given(st.integers(0, 2**32 - 1), st.permutations(range(3)))
def test_the_order_of_the_grids_does_not_matter(seed, order):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0.8, 1.1, 8), rng.uniform(-0.1, 0.2, 8)
    feet = np.array([foot(a, b, a + 0.1, b + 0.1) for a, b in zip(x, y, strict=True)], dtype=object)
    one = grid_of_footprints(GRIDS, CODES, feet)
    two = grid_of_footprints(GRIDS[list(order)], [CODES[i] for i in order], feet)
    assert np.where(one.index < 0, -1, one.index).tolist() == [order[i] if i >= 0 else -1 for i in two.index]
    for i, f in enumerate(feet):
        shares = [f.intersection(g).area / f.area for g in GRIDS]
        assert one.index[i] == (int(np.argmax(shares)) if max(shares) > 1e-6 else -1)


def test_bad_input():
    bowtie = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    with pytest.raises(InputError, match="row 2: invalid footprint polygon"):
        grid_of_footprints(GRIDS, CODES, [foot(0, 0, 1, 1), bowtie])
    with pytest.raises(InputError, match="3 grids but 2 codes"):
        grid_of_footprints(GRIDS, CODES[:2], [])
    assert len(grid_of_footprints(GRIDS, CODES, []).index) == 0
