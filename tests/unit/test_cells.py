import h3
import numpy as np
import pytest

from geo import cells


def awkward(rng):
    """Points where cells are hard to tell: poles, the antimeridian, pentagons, corners of cells."""
    places = [(0.0, 0.0), (180.0, 0.0), (-180.0, 0.0), (-0.0, -0.0), (1e-300, 5e-324)]
    places += [
        (x, y) for x in (-180.0, -90.0, 0.0, 12.5, 180.0) for y in (-90.0, 90.0, 89.9999999, -89.9999999)
    ]
    for res in (0, 5, 10):
        for cell in h3.get_pentagons(res):
            y, x = h3.cell_to_latlng(cell)
            corners = [(b, a) for a, b in h3.cell_to_boundary(cell)]
            places += [(x, y), *corners]
            places += [(x + dx, y + dy) for dx, dy in rng.normal(0, 10.0 ** (-res / 3), (20, 2))]
    for cell in [h3.latlng_to_cell(y, x, 10) for x, y in rng.uniform((73, 18), (135, 53), (200, 2))]:
        places += [(b, a) for a, b in h3.cell_to_boundary(cell)]
    return np.array(places).T


@pytest.mark.parametrize("compiled", [True, False])
def test_cells_agree_with_h3_everywhere(compiled, monkeypatch):
    if not compiled:  # a package that does not show its C function
        monkeypatch.setattr(cells, "_compiled", lambda: 0)
    assert bool(cells._compiled()) == compiled
    rng = np.random.default_rng(1)
    odd = awkward(rng)
    lng = np.concatenate([odd[0], rng.uniform(-180, 180, 5000), rng.uniform(73, 135, 5000)])
    lat = np.concatenate([odd[1], np.degrees(np.arcsin(rng.uniform(-1, 1, 5000))), rng.uniform(18, 53, 5000)])
    for res in (0, 4, 7, 10, 15):
        want = [h3.latlng_to_cell(y, x, res) for x, y in zip(lng.tolist(), lat.tolist(), strict=True)]
        assert cells.to_text(cells.cells(lng, lat, res)).tolist() == want


def test_bad_points_have_no_cell():
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
    assert cells.to_arrow_text(got).to_pylist() == [v or None for v in text.tolist()]


def test_other_resolutions_and_nothing_at_all():
    assert cells.to_text(cells.cells([116.0], [24.0], 7))[0] == h3.latlng_to_cell(24.0, 116.0, 7)
    assert len(cells.cells([], [])) == 0
    assert len(cells.to_text([])) == len(cells.to_arrow_text([])) == 0


def test_what_is_asked_wrongly_is_refused():
    with pytest.raises(ValueError, match="2 longitudes but 1 latitudes"):
        cells.cells([116.0, 117.0], [24.0])
    with pytest.raises(h3.H3ResDomainError):
        cells.cells([116.0], [24.0], 16)
