"""Cells, points and shapes of files as values: what is wrong is said, once, with all reasons."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
import shapely

from app.accounts import uscc
from app.orgs import tree
from app.staging import bridges, evidence, places, values
from geo.datum import transform


def strings(*cells: str | None) -> pa.Array:
    return pa.array(cells, pa.string())


def test_words_are_trimmed_and_numbers_keep_their_digits() -> None:
    assert values.words(strings(" a ", "", None, "007")).values.to_pylist() == ["a", None, None, "007"]
    assert values.words(pa.array([7, None])).values.to_pylist() == ["7", None]
    assert list(values.words(strings("a\0b")).faults) == [0]


def test_amounts_counts_and_lengths() -> None:
    assert values.amount(strings("1.5", "", "nan", "-1", "inf", "x")).values.to_pylist() == [1.5] + [None] * 5
    assert sorted(values.amount(strings("1.5", "", "nan", "-1", "inf", "x")).faults) == [3, 4, 5]
    assert values.count(strings("3", "2.5", "3000000000")).values.to_pylist() == [3, None, None]
    assert list(values.length(strings("0", "0.1")).faults) == [0]


@pytest.mark.parametrize(
    "cell", ["2026-05-03", "2026/5/3", "20260503", "2026年5月3日", "2026-05-03T00:00:00+08:00"]
)
def test_days_as_people_write_them(cell: str) -> None:
    assert values.day(strings(cell)).values.to_pylist() == [dt.date(2026, 5, 3)]
    assert values.month(strings(cell)).values.to_pylist() == [dt.date(2026, 5, 1)]


def test_a_day_that_is_none() -> None:
    assert list(values.day(strings("2026-02-30", "soon", "")).faults) == [0, 1]


def test_truths_and_choices() -> None:
    assert values.truth(strings("是", "0", "", "perhaps")).values.to_pylist() == [True, False, None, None]
    read = values.choice({"on_net": ("在网",), "off_net": ()}, "net status")
    column = read(strings("在网", "OFF_NET", "other"))
    assert column.values.to_pylist() == ["on_net", "off_net", None]
    assert column.faults == {2: "'other' is no net status: expected on_net, off_net"}


def test_attributes_leave_empty_cells_out() -> None:
    arrays = {"a": strings("x", ""), "n": pa.array([1.5, float("nan")]), "b": pa.array([b"1", b"2"])}
    assert values.attributes(arrays, 2).to_pylist() == ['{"a":"x","n":1.5}', "{}"]


@pytest.mark.parametrize(
    ("lng", "lat", "crs", "why"),
    [
        ("24", "116", "wgs84", "swapped"),
        ("200", "24", "wgs84", "longitude 200 is out of range"),
        ("10", "-200", "wgs84", "latitude -200 is out of range"),
        ("", "24", "wgs84", "longitude is missing"),
        ("116", "nan", "gcj02", "latitude is missing"),
        ("116", "-inf", "bd09", "infinite"),
        ("east", "24", "wgs84", "not a number"),
    ],
)
def test_points_that_are_no_places(lng: str, lat: str, crs: str, why: str) -> None:
    found = places.points(strings(lng), strings(lat), crs)
    assert why in found.faults[0]
    assert (found.ewkb.to_pylist(), found.h3.to_pylist()) == ([None], [None])


def test_points_keep_what_was_received() -> None:
    found = places.points(strings("116.12345678901"), strings("24.5"), "wgs84")
    assert found.received_lng == [116.12345678901]
    assert found.lng[0] == 116.123456789
    assert shapely.get_srid(shapely.from_wkb(found.ewkb[0].as_py())) == 4326
    assert places.points(strings(""), strings(""), "wgs84", needed=False).faults == {}


def test_invalid_polygons_are_named_with_where_and_mended_only_when_asked() -> None:
    bow = np.array([shapely.from_wkt("POLYGON((0 0,1 1,1 0,0 1,0 0))")], dtype=object)
    refused = places.shapes(bow, "wgs84", places.POLYGONS)
    assert "0.5 0.5" in refused.faults[0]
    assert refused.shapes[0] is None
    mended = places.shapes(bow, "wgs84", places.POLYGONS, repair=True)
    assert (mended.faults, mended.repaired) == ({}, 1)
    assert mended.shapes[0].is_valid
    assert shapely.area(mended.shapes[0]) == pytest.approx(0.5)
    assert mended.received == [shapely.to_wkb(bow[0])]


def test_bridges_are_points_or_truths() -> None:
    found = bridges.read(strings("true", "", "POINT(116 24)", "LINESTRING(0 0,1 1)", "{", None), "wgs84")
    assert found.crossable == [True, False, False, False, False, False]
    assert sorted(found.faults) == [3, 4]
    assert shapely.from_wkb(found.bridges[2]).equals(shapely.MultiPoint([(116, 24)]))


def test_the_data_may_speak_for_another_datum() -> None:
    grids = np.array([shapely.box(116, 24, 116.05, 24.05)], dtype=object)
    lng, lat = np.linspace(116.001, 116.04, 50), np.full(50, 24.0003)
    as_gcj = np.column_stack(transform(lng, lat, "wgs84", "gcj02"))
    assert [one["better"] for one in evidence.mismatch(as_gcj, "wgs84", grids)] == ["gcj02"]
    assert evidence.mismatch(as_gcj, "gcj02", grids) == []
    north = np.array([shapely.box(13, 53, 13.1, 53.1)], dtype=object)
    swapped = np.column_stack([np.full(50, 53.05), np.linspace(13.01, 13.09, 50)])
    assert [one["better"] for one in evidence.mismatch(swapped, "wgs84", north)] == ["swapped"]


def test_what_hangs_below_a_refused_area_is_refused_too() -> None:
    rows = [(1, "A", "nowhere"), (2, "B", "A"), (3, "C", None), (4, "D", "C")]
    assert sorted(tree.faults(rows, {})) == [1, 2]
    assert tree.faults([(1, "A", "B")], {"B": "A", "A": None}).keys() == {1}


def test_registry_numbers() -> None:
    assert uscc.is_valid("91350100M000100Y43")
    assert not uscc.is_valid("91350100M000100Y44")
    assert not uscc.is_valid("91350100M000100Y4I")
