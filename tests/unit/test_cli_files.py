"""`gridwright check` and `gridwright assign` as a script's author meets them."""

import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from app import cli
from geo import cells, files
from geo.datum import polygons_to_working, transform

STEP = 0.01


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    boxes = [
        shapely.box(116 + i * STEP, 24 + j * STEP, 116 + (i + 1) * STEP, 24 + (j + 1) * STEP)
        for j in range(2)
        for i in range(2)
    ]
    write_grids("grids.gpkg", boxes, ["10-a", "9-b", "网格", "G"])
    return tmp_path


def write_grids(name, shapes, codes):
    files.write_table(
        name, pa.table({"code": codes, "geometry": pa.array(list(shapely.to_wkb(shapes)), pa.binary())})
    )


def run(capsys, monkeypatch, *args):
    monkeypatch.setattr(sys, "argv", ["gridwright", *map(str, args)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    out = capsys.readouterr()
    assert "Traceback" not in out.err
    return stop.value.code, out.out, out.err


@pytest.fixture
def gridwright(capsys, monkeypatch):
    return lambda *args: run(capsys, monkeypatch, *args)


CSV = """id,lng,lat
007,116.005,24.005
NA,116.01,24.005
tie,116.01,24.01
out,116.025,24.005
edge,116.02,24.005
none,,24
text,116°24',24.005
swap,24.005,116.005
inf,inf,24
"""


def test_assign_keeps_order_and_says_what_became_of_every_row(folder, gridwright):
    (folder / "p.csv").write_text(CSV)
    code, out, err = gridwright(
        "assign", "p.csv", "--grids", "grids.gpkg", "--crs", "wgs84", "--out", "o.csv", "--json"
    )
    assert (code, err) == (0, "")
    summary = json.loads(out)
    counts = {k: summary[k] for k in ("rows", "assigned", "outside", "rejected", "ties", "ambiguous")}
    assert counts == {"rows": 9, "assigned": 4, "outside": 1, "rejected": 4, "ties": 2, "ambiguous": 0}
    assert {"read", "transform", "locate", "h3", "write"} <= set(summary["seconds"])
    got = files.open_table("o.csv").read().to_pylist()
    assert list(got[0]) == ["id", "grid", "status", "tie", "nearest_grid", "distance_m", "h3", "reason"]
    assert [r["id"] for r in got] == ["007", "NA", "tie", "out", "edge", "none", "text", "swap", "inf"]
    assert [r["grid"] for r in got] == ["10-a", "10-a", "10-a", "", "9-b", "", "", "", ""]
    assert [r["tie"] for r in got][:5] == ["false", "true", "true", "false", "false"]
    assert got[3]["nearest_grid"] == "9-b"
    assert float(got[3]["distance_m"]) == pytest.approx(
        0.005 * 111_320 * np.cos(np.radians(24.005)), rel=0.01
    )
    assert got[0]["h3"] == cells.to_text(cells.cells([116.005], [24.005]))[0]
    assert all(r["h3"] == "" and r["reason"] for r in got[5:])
    assert "swapped" in got[7]["reason"]
    assert "116°24'" in got[6]["reason"]


def test_parquet_has_numbers_where_text_files_have_text(folder, gridwright):
    pq.write_table(pa.table({"id": [7, 8], "lon": [116.005, None], "lat": [24.005, 24.0]}), "p.parquet")
    assert (
        gridwright("assign", "p.parquet", "--grids", "grids.gpkg", "--crs", "wgs84", "--out", "o.parquet")[0]
        == 0
    )
    table = pq.read_table("o.parquet")
    assert table.schema.field("h3").type == pa.uint64()
    assert table["id"].to_pylist() == ["7", "8"]
    assert table["status"].to_pylist() == ["assigned", "rejected"]
    assert table["h3"].to_pylist()[1] is None


@pytest.mark.parametrize("crs", ["gcj02", "bd09"])
@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".gpkg"])
def test_one_place_gets_one_grid_in_every_datum_and_format(folder, gridwright, crs, suffix):
    x, y = transform([116.0099, 116.0101], [24.005, 24.015], "wgs84", crs)
    if suffix == ".csv":
        (folder / "p.csv").write_text(
            f"编号,经度,纬度\na,{x[0]!r},{y[0]!r}\nb,{x[1]!r},{y[1]!r}\n".replace("np.float64(", "").replace(
                ")", ""
            )
        )
    else:
        wkb = pa.array(list(shapely.to_wkb(shapely.points(x, y))), pa.binary())
        files.write_table(f"p{suffix}", pa.table({"id": ["a", "b"], "geometry": wkb}))
    assert (
        gridwright("assign", f"p{suffix}", "--grids", "grids.gpkg", "--crs", crs, "--out", f"o{suffix}")[0]
        == 0
    )
    assert files.text(files.open_table(f"o{suffix}").read()["grid"]).to_pylist() == ["10-a", "G"]


def test_where_grids_overlap_the_lowest_code_wins_and_is_counted(folder, gridwright):
    write_grids("two.gpkg", [shapely.box(116, 24, 117, 25), shapely.box(116, 24, 117, 25)], ["b", "a"])
    (folder / "p.csv").write_text("id,lng,lat\n1,116.5,24.5\n")
    _, out, _ = gridwright(
        "assign", "p.csv", "--grids", "two.gpkg", "--crs", "wgs84", "--out", "o.csv", "--json"
    )
    assert json.loads(out)["ambiguous"] == 1
    assert files.open_table("o.csv").read()["grid"].to_pylist() == ["a"]


def test_a_datum_that_explains_the_points_better_is_reported_and_nothing_changed(folder, gridwright):
    (folder / "p.csv").write_text("id,lng,lat\n" + "".join(f"{i},24.00{i},116.00{i}\n" for i in range(1, 9)))
    (folder / "q.csv").write_text("id,lng,lat\n" + "".join(f"{i},24.00{i},16.00{i}\n" for i in range(1, 9)))
    write_grids("low.gpkg", [shapely.box(16, 24, 16.1, 24.1)], ["a"])
    code, _, err = gridwright("assign", "q.csv", "--grids", "low.gpkg", "--crs", "wgs84", "--out", "o.csv")
    assert code == 0
    assert "longitude and latitude swapped" in err
    assert set(files.open_table("o.csv").read()["status"].to_pylist()) == {"outside"}


BAD = [
    (["assign", "p.csv", "--grids", "grids.gpkg", "--out", "o.csv"], "does not say in which CRS"),
    (["assign", "p.csv", "--grids", "grids.gpkg", "--crs", "mars2", "--out", "o.csv"], "unknown CRS 'mars2'"),
    (
        ["assign", "no.csv", "--grids", "grids.gpkg", "--crs", "wgs84", "--out", "o.csv"],
        "no.csv: no such file",
    ),
    (
        ["assign", "p.csv", "--grids", "twice.gpkg", "--crs", "wgs84", "--out", "o.csv"],
        "'a' is there twice (rows 1 and 2)",
    ),
    (
        ["assign", "p.csv", "--grids", "noise.gpkg", "--crs", "wgs84", "--out", "o.csv"],
        "noise.gpkg: cannot be read",
    ),
    (["assign", "noise.csv", "--grids", "grids.gpkg", "--crs", "wgs84", "--out", "o.csv"], "not a text file"),
    (["assign", "p.csv", "--grids", "grids.gpkg", "--crs", "wgs84", "--out", "o.xlsx"], "unknown file type"),
    (
        ["assign", "p.csv", "--grids", "grids.gpkg", "--crs", "wgs84", "--out", "p.csv"],
        "this is an input file",
    ),
    (["assign", "p.csv", "--grids", "p.csv", "--crs", "wgs84", "--out", "o.csv"], "the file has no geometry"),
    (
        [
            "assign",
            "p.csv",
            "--grids",
            "grids.gpkg",
            "--crs",
            "wgs84",
            "--out",
            "o.csv",
            "--id-column",
            "key",
        ],
        "column key",
    ),
    (
        [
            "assign",
            "p.csv",
            "--grids",
            "grids.gpkg",
            "--crs",
            "wgs84",
            "--out",
            "o.csv",
            "--code-column",
            "zz",
        ],
        "column zz",
    ),
    (
        ["assign", "ragged.csv", "--grids", "grids.gpkg", "--crs", "wgs84", "--out", "o.csv"],
        "row 2: 4 values",
    ),
    (
        [
            "assign",
            "p.csv",
            "--grids",
            "grids.gpkg",
            "--crs",
            "wgs84",
            "--out",
            "o.csv",
            "--lon-column",
            "lat",
            "--lat-column",
            "lat",
        ],
        "are both lat",
    ),
    (
        [
            "rebalance",
            "grids.gpkg",
            "--id-column",
            "code",
            "--grid-column",
            "code",
            "--frontier",
            "1000000",
            "--out",
            "o.csv",
            "--report",
            "r.json",
        ],
        "--frontier 1000000: expected a number of plans from 1 to 100",
    ),
    (["rebalance", "grids.gpkg", "--out", "grids.gpkg", "--report", "r.json"], "this is an input file"),
    (["rebalance", "grids.gpkg", "--out", "o.csv", "--report", "grids.gpkg"], "this is an input file"),
    (["rebalance", "grids.gpkg", "--out", "o.csv", "--report", "o.csv"], "name two"),
    (["rebalance", "grids.gpkg", "--out", "o.csv", "--report", "."], "this is a folder"),
    (["check", "grids.gpkg", "--encoding", "klingon"], "unknown encoding"),
    (["check", "noise.gpkg"], "noise.gpkg: cannot be read"),
    (["check", "grids.gpkg", "--grids-crs", "epsg:999999"], "unknown CRS"),
    (["check", "grids.gpkg", "--extent", "no.gpkg"], "no.gpkg: no such file"),
]


@pytest.mark.parametrize(("args", "words"), BAD)
def test_bad_input_is_one_line_and_exit_two(folder, gridwright, args, words):
    (folder / "p.csv").write_text(CSV)
    (folder / "ragged.csv").write_text("id,lng,lat\na,116.005,24.005\nb,1,2,3\n")
    for name in ("noise.csv", "noise.gpkg"):
        (folder / name).write_bytes(np.random.default_rng(1).bytes(3000))
    write_grids("twice.gpkg", [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], ["a", "a"])
    code, out, err = gridwright(*args)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert words in err
    assert not (folder / "o.csv").exists()
    assert (folder / "p.csv").read_text() == CSV


@pytest.mark.parametrize(
    "args", [["assign"], ["assign", "p.csv", "--engine", "warp"], ["nonsense"], ["check", "--bogus"]]
)
def test_bad_usage_is_exit_two(folder, gridwright, args):
    assert gridwright(*args)[0] == 2


def test_check_is_clean_for_edge_matched_grids(folder, gridwright):
    code, out, _ = gridwright("check", "grids.gpkg", "--json")
    assert (code, json.loads(out)) == (0, {"valid": True, "grids": 4, "findings": []})


def test_check_finds_errors_and_exits_one(folder, gridwright):
    write_grids(
        "bad.gpkg", [shapely.box(116, 24, 116.02, 24.01), shapely.box(116.01, 24, 116.03, 24.01)], ["a", "b"]
    )
    code, out, _ = gridwright("check", "bad.gpkg", "--json")
    assert code == 1
    found = json.loads(out)
    assert not found["valid"]
    assert [(f["kind"], f["codes"]) for f in found["findings"]] == [("overlap", ["a", "b"])]
    assert gridwright("check", "bad.gpkg")[0] == 1


def test_check_against_an_extent_with_exclusions(folder, gridwright):
    write_grids("extent.gpkg", [shapely.box(116, 24, 116.03, 24.02)], ["x"])
    write_grids("lake.gpkg", [shapely.box(116.02, 24, 116.03, 24.02)], ["x"])
    code, out, _ = gridwright("check", "grids.gpkg", "--extent", "extent.gpkg", "--json")
    assert (code, [f["kind"] for f in json.loads(out)["findings"]]) == (1, ["uncovered"])
    assert gridwright("check", "grids.gpkg", "--extent", "extent.gpkg", "--exclusions", "lake.gpkg")[0] == 0


def test_warnings_alone_leave_check_at_zero(folder, gridwright):
    many = shapely.MultiPolygon([shapely.box(116, 24, 116.01, 24.01), shapely.box(117, 24, 117.01, 24.01)])
    write_grids("many.gpkg", [many], ["a"])
    code, out, _ = gridwright("check", "many.gpkg", "--json")
    assert code == 0
    assert [f["kind"] for f in json.loads(out)["findings"]] == ["multipart"]


def test_grids_drawn_in_gcj02_are_brought_to_wgs84(folder, gridwright):
    box = shapely.box(116, 24, 116.01, 24.01)
    write_grids("gcj.geojson", [box], ["a"])
    code, out, _ = gridwright("check", "gcj.geojson", "--grids-crs", "gcj02", "--json")
    assert (code, json.loads(out)["grids"]) == (0, 1)
    (want,) = polygons_to_working([box], "gcj02")
    middle = shapely.centroid(want)
    (folder / "p.csv").write_text(f"id,lng,lat\n1,{middle.x},{middle.y}\n2,116.0099,24.0099\n")
    gridwright(
        "assign",
        "p.csv",
        "--grids",
        "gcj.geojson",
        "--grids-crs",
        "gcj02",
        "--crs",
        "wgs84",
        "--out",
        "o.csv",
    )
    assert files.open_table("o.csv").read()["status"].to_pylist() == ["assigned", "outside"]
