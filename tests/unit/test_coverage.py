import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import coverage
from geo.coverage import check, finding_to_json, is_valid

STEP = 0.01


def cells(nx=4, ny=3, west=116.0, south=24.0, step=STEP):
    """Edge-matched squares and their codes."""
    boxes = [
        shapely.box(
            *np.round([west + i * step, south + j * step, west + (i + 1) * step, south + (j + 1) * step], 9)
        )
        for j in range(ny)
        for i in range(nx)
    ]
    return np.array(boxes, dtype=object), [f"G{i:02d}" for i in range(nx * ny)]


def kinds(findings):
    return [f.kind for f in findings]


def test_edge_matched_grids_are_clean():
    geoms, codes = cells()
    assert check(geoms, codes) == []
    assert check(geoms, codes, extent=[shapely.union_all(geoms)]) == []


def test_t_junctions_exactly_on_an_edge_are_no_fault():
    geoms, codes = cells()
    geoms[0] = shapely.union_all([geoms[0], geoms[1]])
    geoms[0] = shapely.box(*geoms[0].bounds)  # its upper edge lacks the neighbours' vertex
    assert check(np.delete(geoms, 1), [codes[0], *codes[2:]]) == []


def test_an_overlap_of_three_metres_is_named_with_its_area():
    geoms, codes = cells(2, 1)
    west, south, east, north = geoms[0].bounds
    geoms[0] = shapely.box(west, south, east + 3 / (111_320 * np.cos(np.radians(south))), north)
    (found,) = check(geoms, codes)
    assert (found.kind, found.severity, found.codes) == ("overlap", "error", ("G00", "G01"))
    assert found.area_m2 == pytest.approx(3 * 1107.7, rel=0.01)
    assert not is_valid([found])


def test_the_thinnest_overlap_and_gap_are_errors():
    geoms, codes = cells()
    moved = shapely.transform(geoms[5], lambda c: np.round(c + np.array([1e-9, 0]), 9))
    geoms[5] = moved
    found = check(geoms, codes)
    assert kinds(found) == ["overlap", "gap"]
    assert found[0].codes == ("G05", "G06")
    assert {"G04", "G05"} <= set(found[1].codes)
    assert all(0 < f.area_m2 < 1 for f in found)


def test_a_hole_in_the_union_is_a_gap_unless_excluded():
    geoms, codes = cells()
    lake = geoms[5]
    rest, names = np.delete(geoms, 5), codes[:5] + codes[6:]
    (found,) = check(rest, names)
    assert (found.kind, found.severity) == ("gap", "error")
    assert shapely.equals(found.geometry, lake)
    assert found.codes == ("G01", "G04", "G06", "G09")
    assert check(rest, names, exclusions=[lake]) == []
    west, south, east, north = lake.bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    (found,) = check(rest, names, exclusions=[half])
    assert shapely.equals(found.geometry, shapely.box((west + east) / 2, south, east, north))


def test_an_island_in_a_hole_is_not_part_of_the_gap():
    geoms, codes = cells()
    west, south, east, north = geoms[5].bounds
    geoms[5] = shapely.box(west + 0.003, south + 0.003, east - 0.003, north - 0.003)
    (found,) = check(geoms, codes)
    assert found.kind == "gap"
    assert found.area_m2 == pytest.approx(
        (1 - 0.4**2) * 0.01**2 * 111_320 * np.cos(np.radians(24)) * 110_760, rel=0.01
    )


def test_what_the_extent_wants_and_no_grid_covers():
    geoms, codes = cells()
    west, south, east, north = shapely.total_bounds(geoms)
    extent = [shapely.box(west, south, east + STEP, north)]
    (found,) = check(geoms, codes, extent=extent)
    assert (found.kind, found.severity) == ("uncovered", "error")
    assert shapely.equals(found.geometry, shapely.box(east, south, east + STEP, north))
    assert check(geoms, codes, extent=extent, exclusions=[found.geometry]) == []
    assert kinds(check(np.delete(geoms, 5), codes[1:], extent=extent)) == ["gap", "uncovered"]


def test_an_invalid_ring_is_named_with_where():
    geoms, codes = cells()
    bow = shapely.Polygon([(116.1, 24), (116.2, 24.1), (116.2, 24), (116.1, 24.1)])
    found = check([*geoms, bow], [*codes, "BOW"])
    assert kinds(found) == ["invalid"]
    assert found[0].codes == ("BOW",)
    assert shapely.equals_exact(found[0].geometry, shapely.Point(116.15, 24.05), 1e-9)
    assert found[0].detail == "Self-intersection"


def test_invalid_grids_still_overlap_others():
    geoms, codes = cells()
    bow = shapely.Polygon([(116.0, 24), (116.02, 24.02), (116.02, 24), (116.0, 24.02)])
    assert set(kinds(check([*geoms, bow], [*codes, "BOW"]))) == {"invalid", "overlap"}


def test_a_grid_within_another_and_a_grid_twice_overlap():
    geoms, _ = cells(1, 1)
    inner = shapely.buffer(shapely.centroid(geoms[0]), 0.001)
    assert [(f.kind, f.codes) for f in check([geoms[0], inner], ["A", "B"])] == [("overlap", ("A", "B"))]
    assert [(f.kind, f.codes) for f in check([geoms[0], geoms[0]], ["A", "B"])] == [("overlap", ("A", "B"))]


def test_an_enclave_in_a_hole_is_clean():
    geoms, _ = cells(1, 1)
    inner = shapely.box(116.003, 24.003, 116.006, 24.006)
    outer = shapely.Polygon(geoms[0].exterior, [inner.exterior])
    assert check([outer, inner], ["A", "B"]) == []


def test_codes_that_repeat_or_are_missing():
    geoms, codes = cells()
    found = check(geoms, ["G01", "G01", None, " ", *codes[4:]])
    assert [(f.kind, f.codes) for f in found] == [
        ("missing_code", ()),
        ("missing_code", ()),
        ("duplicate_code", ("G01",)),
    ]
    assert found[2].detail == "rows 1, 2"


def test_empty_grids_points_and_coordinates_off_the_earth():
    geoms, codes = cells()
    odd = [None, shapely.Polygon(), shapely.Point(1, 2), shapely.box(500_000, 2_600_000, 500_100, 2_600_100)]
    found = check([*geoms, *odd], [*codes, "A", "B", "C", "D"])
    assert [(f.kind, f.codes[0]) for f in found] == [
        ("empty", "A"),
        ("empty", "B"),
        ("invalid", "C"),
        ("invalid", "D"),
    ]


def test_multipart_and_sliver_are_warnings_only():
    geoms, codes = cells(2, 1)
    strip = shapely.box(116.5, 24, 116.5 + 0.5 / 101_000, 24.01)  # half a metre wide
    wide = shapely.box(116.6, 24, 116.6 + 1.5 / 101_000, 24.01)
    geoms[0] = shapely.MultiPolygon([geoms[0], strip])
    geoms[1] = shapely.MultiPolygon([geoms[1], wide])
    found = check(geoms, codes)
    assert [(f.kind, f.severity, f.codes) for f in found] == [
        ("multipart", "warning", ("G00",)),
        ("multipart", "warning", ("G01",)),
        ("sliver", "warning", ("G00",)),
    ]
    assert found[0].area_m2 == pytest.approx(0.5 * 1108, rel=0.02)
    assert is_valid(found)


def test_findings_become_json_with_geojson():
    geoms, codes = cells()
    (found,) = check(np.delete(geoms, 5), codes[:5] + codes[6:])
    out = json.loads(json.dumps(finding_to_json(found)))
    assert out["kind"] == "gap"
    assert out["geometry"]["type"] == "Polygon"
    assert out["codes"] == ["G01", "G04", "G06", "G09"]
    assert finding_to_json(check([None], ["A"])[0])["geometry"] is None


def test_nothing_to_check():
    assert check([], []) == []
    assert kinds(check([], [], extent=[shapely.box(0, 0, 1, 1)])) == ["uncovered"]
    assert check([None], ["A"], exclusions=[None])[0].kind == "empty"


@settings(max_examples=60)
@given(st.lists(st.tuples(*[st.integers(0, 12)] * 4), min_size=1, max_size=8))
def test_overlaps_and_gaps_agree_with_counting_cells(boxes):
    """Boxes on a lattice: overlaps are cells of two, gaps are uncovered cells that cannot reach the
    outside.
    """
    boxes = [(min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1) for a, b, c, d in boxes]
    count = np.zeros((15, 15), int)
    overlap = 0
    for n, (a, b, c, d) in enumerate(boxes):
        count[b + 1 : d + 1, a + 1 : c + 1] += 1
        for e, f, g, h in boxes[:n]:
            overlap += max(0, min(c, g) - max(a, e)) * max(0, min(d, h) - max(b, f))
    outside = np.zeros_like(count, bool)
    todo = [(0, 0)]
    while todo:  # the outside is what is reached by sides from a corner of the frame
        y, x = todo.pop()
        if 0 <= y < 15 and 0 <= x < 15 and not outside[y, x] and count[y, x] == 0:
            outside[y, x] = True
            todo += [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
    gap = int(((count == 0) & ~outside).sum())
    scale = 0.25  # exact in binary
    geoms = [shapely.box(*(v * scale for v in b)) for b in boxes]
    found = check(geoms, [f"G{i}" for i in range(len(boxes))])
    areas = {
        k: sum(shapely.area(f.geometry) for f in found if f.kind == k) / scale**2 for k in ("overlap", "gap")
    }
    assert areas["overlap"] == pytest.approx(overlap)
    assert areas["gap"] == pytest.approx(gap)
    assert set(kinds(found)) <= {"overlap", "gap"}


def test_order_of_rows_does_not_matter():
    geoms, codes = cells()
    geoms[5] = shapely.transform(geoms[5], lambda c: c + 0.001)
    forward, back = check(geoms, codes), check(geoms[::-1], codes[::-1])
    assert [(f.kind, f.codes) for f in forward] == [(f.kind, f.codes) for f in back]
    assert coverage.SLIVER_M == 1.0
