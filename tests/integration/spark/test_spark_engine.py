"""`gridwright assign --engine spark` gives the rows that the local engine gives, laid out by place."""

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo import files
from geo.datum import transform

STEP = 0.02
SIDE = 8

RUN = """
import contextlib, io, json, sys
from app import cli
told = []
for args in json.load(sys.stdin):
    sys.argv = ["gridwright", *args]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
        cli.app.registered_commands.clear()
    told.append([code, out.getvalue(), err.getvalue()])
json.dump(told, sys.stdout)
"""
"""Runs commands one after another in one process, so that Java starts once."""


def run(folder: Path, *commands: list[str]) -> list[tuple[int, str, str]]:
    # The quick compiler alone: these runs are too short to gain from the other.
    quick = {**os.environ, "SPARK_SUBMIT_OPTS": "-XX:TieredStopAtLevel=1"}
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(commands), cwd=folder, env=quick, timeout=500,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return [tuple(one) for one in json.loads(done.stdout)]


def spark(points: str, out: str, *more: str) -> list[str]:
    return [*local(points, out, *more), "--engine", "spark", "--spark-master", "local[2]"]


def local(points: str, out: str, *more: str) -> list[str]:
    return ["assign", points, "--grids", "grids.parquet", "--out", out, "--json", *more]


def points(count: int) -> pa.Table:
    """Places in and around the grids, on shared edges and corners too, some of them none."""
    rng = np.random.default_rng(7)
    xy = rng.uniform(-0.3, SIDE + 0.3, (count, 2))
    xy[::5] = np.round(xy[::5])  # corners, and outside
    xy[1::5, 0] = np.round(xy[1::5, 0])  # edges
    lng, lat = 116 + xy[:, 0] * STEP, 24 + xy[:, 1] * STEP
    lng[::997], lat[3::997], lng[5::997], lat[7::997] = np.nan, np.nan, np.inf, 95
    ids = [f" {i}" if i % 3 else None for i in range(count)]
    return pa.table({"id": ids, "lng": lng, "lat": lat, "other": np.arange(count)})


BAD_CSV = """id,note,lng,lat
a,"two
lines",116.005,24.005
007,,116.02,24.005
NA,,,24
text,,116°24',24.005
swap,,24.005,116.005
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder with inputs and answers, and what each command said."""
    folder = tmp_path_factory.mktemp("spark")
    boxes = [
        shapely.box(116 + i * STEP, 24 + j * STEP, 116 + (i + 1) * STEP, 24 + (j + 1) * STEP)
        for i in range(SIDE)
        for j in range(SIDE)
    ]
    boxes.append(shapely.box(116 + STEP / 2, 24 + STEP / 2, 116 + STEP, 24 + STEP))  # over another
    codes = [f"网格{i:02}" for i in range(len(boxes))]
    wkb = pa.array(list(shapely.to_wkb(boxes)), pa.binary())
    files.write_table(folder / "grids.parquet", pa.table({"code": codes, "geometry": wkb}))

    all_points = points(280_000)
    pq.write_table(all_points, folder / "all.parquet")
    (folder / "parts" / "b").mkdir(parents=True)
    pq.write_table(all_points.slice(0, 5_000), folder / "parts" / "a.parquet", row_group_size=777)
    pq.write_table(all_points.slice(5_000, 0), folder / "parts" / "a0.parquet")
    pq.write_table(all_points.slice(5_000, 35_000), folder / "parts" / "b" / "0.parquet")
    pq.write_table(all_points.slice(40_000), folder / "parts" / "c.parquet")
    pq.write_table(all_points, folder / "parts" / "_not.parquet")

    x, y = transform(np.full(50, 116.155), np.full(50, 24.01), "wgs84", "bd09")
    pq.write_table(pa.table({"id": range(50), "lng": x, "lat": y}), folder / "claimed.parquet")
    (folder / "bad.csv").write_text(BAD_CSV)
    pq.write_table(all_points.slice(0, 0), folder / "none.parquet")
    place = shapely.to_wkb(shapely.Point(116.01, 24.01))
    (folder / "broken").mkdir()
    for name, shapes in (("a", [place, place]), ("b", [place, None, b"noise"])):
        table = pa.table({"id": ["x"] * len(shapes), "geometry": pa.array(shapes, pa.binary())})
        pq.write_table(table, folder / "broken" / f"{name}.parquet")

    commands = {
        "local": local("all.parquet", "local.parquet", "--crs", "wgs84"),
        "spark": spark("parts", "answer", "--crs", "wgs84"),
        "bad local": local("bad.csv", "bad.parquet", "--crs", "wgs84"),
        "bad": spark("bad.csv", "bad", "--crs", "wgs84"),
        "claimed local": local("claimed.parquet", "claimed_local.parquet", "--crs", "wgs84"),
        "claimed": spark("claimed.parquet", "claimed", "--crs", "wgs84"),
        "none": spark("none.parquet", "claimed", "--crs", "wgs84"),  # over the answer before
        "broken": spark("broken", "bad", "--crs", "wgs84"),
    }
    return folder, dict(zip(commands, run(folder, *commands.values()), strict=True))


def answer(folder: Path) -> pa.Table:
    assert (folder / "_SUCCESS").exists()
    return pa.concat_tables(pq.read_table(p) for p in sorted(folder.glob("part-*.parquet")))


def same(folder: Path, spark: str, local: str) -> pa.Table:
    table = answer(folder / spark).sort_by("row")
    assert table["row"].to_pylist() == list(range(1, len(table) + 1))
    there = pq.read_table(folder / local)
    assert table.schema.names == [*there.schema.names, "row"]
    assert table.drop_columns("row").equals(there)
    return table


def said(told: tuple[int, str, str]) -> tuple[dict, str]:
    code, out, err = told
    assert code == 0
    return json.loads(out), err


def test_sorted_by_row_the_answer_is_the_local_one(ran):
    folder, told = ran
    table = same(folder, "answer", "local.parquet")
    assert table["tie"].to_pylist().count(True) > 1000
    assert table["reason"].null_count < len(table)
    (ours, err), (theirs, _) = said(told["spark"]), said(told["local"])
    assert err == ""
    for counts in (ours, theirs):
        seconds = counts.pop("seconds")
        assert {"grids", "read", "transform", "locate", "h3", "write", "total"} <= set(seconds)
    assert ours == theirs
    assert ours["ambiguous"] > 0


def test_row_groups_lie_apart_on_the_ground(ran):
    ranges = []
    folder, _ = ran
    for path in sorted((folder / "answer").glob("part-*.parquet")):
        meta = pq.read_metadata(path)
        at = meta.schema.names.index("h3")
        for group in range(meta.num_row_groups):
            numbers = meta.row_group(group).column(at).statistics
            ranges.append((numbers.min, numbers.max))
    assert len(ranges) >= 4
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))


def test_a_file_that_cannot_be_cut_keeps_its_rows_too(ran):
    folder, told = ran
    table = same(folder, "bad", "bad.parquet")
    assert table["id"].to_pylist() == ["a", "007", "NA", "text", "swap"]
    assert "116°24'" in table["reason"].to_pylist()[3]
    assert said(told["bad"])[0]["rejected"] == said(told["bad local"])[0]["rejected"] == 3


def test_a_false_datum_is_warned_of_alike(ran):
    _, told = ran
    (ours, err), (theirs, expected) = said(told["claimed"]), said(told["claimed local"])
    assert ours["warnings"] == theirs["warnings"] != []
    assert err == expected


def test_no_rows_are_an_answer_without_rows_in_place_of_an_earlier_one(ran):
    folder, told = ran
    assert said(told["none"])[0]["rows"] == 0
    table = answer(folder / "claimed")
    assert (len(table), table.schema) == (0, answer(folder / "answer").schema)


def test_a_tasks_error_is_one_line_and_leaves_everything_as_it_was(ran):
    folder, told = ran
    code, out, err = told["broken"]
    assert (code, out) == (2, "")
    assert err == "gridwright: broken/b.parquet: row 3: column geometry: the bytes are not a geometry (WKB)\n"
    same(folder, "bad", "bad.parquet")
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []


def test_a_master_that_is_none_is_one_line(ran):
    folder, _ = ran
    args = local("bad.csv", "unmade", "--crs", "wgs84", "--engine", "spark", "--spark-master", "nobody")
    ((code, out, err),) = run(folder, args)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "'nobody'" in err
    assert "Master must" in err
    assert not (folder / "unmade").exists()
