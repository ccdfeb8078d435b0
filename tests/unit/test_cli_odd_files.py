"""Files as people send them, through `gridwright assign`: taken as they are meant, or one clear line."""

import sys

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import cli
from geo import files

POINTS = [("a", 116.005, 24.005), ("b", 116.015, 24.005), ("c", 116.03, 24.005)]
GRIDS = {"W": shapely.box(116, 24, 116.01, 24.01), "东": shapely.box(116.01, 24, 116.02, 24.01)}


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A folder with grids.gpkg."""
    folder = tmp_path_factory.mktemp("ground")
    shapes = pa.array(list(shapely.to_wkb(list(GRIDS.values()))), pa.binary())
    files.write_table(folder / "grids.gpkg", pa.table({"code": list(GRIDS), "geometry": shapes}))
    return folder


@pytest.fixture
def folder(ground, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def assign(ground, folder, capsys, monkeypatch):
    """Run it: the exit status, what it said on stderr, and the rows of the answer by id (None: no file)."""

    def assign(points, *more, grids=None, crs="wgs84"):
        out = folder / "out.csv"
        out.unlink(missing_ok=True)
        said = ["--grids", grids or ground / "grids.gpkg", "--out", out, *(["--crs", crs] if crs else [])]
        monkeypatch.setattr(sys, "argv", ["gridwright", *map(str, ["assign", points, *said, *more])])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        err = capsys.readouterr().err
        assert "Traceback" not in err
        assert sorted(p.name for p in folder.iterdir() if p.name.startswith(".")) == []
        if stop.value.code == 2:
            assert err.count("\n") == 1, err
            assert not out.exists()
            return 2, err, None
        table = files.open_table(out).read()
        return (
            stop.value.code,
            err,
            list(zip(table["id"].to_pylist(), table["grid"].to_pylist(), strict=True)),
        )

    return assign


def csv(rows=POINTS, header="id,lng,lat"):
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


FOUND = [("a", "W"), ("b", "东"), ("c", "")]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8-sig", "utf-16", "utf-8"])
def test_a_csv_in_the_encodings_that_spreadsheets_write(folder, assign, encoding):
    (folder / "p.csv").write_bytes(csv(header="编号,经度,纬度").encode(encoding))
    assert assign("p.csv") == (0, "", FOUND)


def test_ids_that_differ_only_by_spaces_stay_what_they_are(folder, assign):
    (folder / "p.csv").write_text(
        csv([("x", *POINTS[0][1:]), (" x", *POINTS[1][1:]), ("x ", *POINTS[0][1:])])
    )
    assert assign("p.csv")[2] == [("x", "W"), (" x", "东"), ("x ", "W")]


def test_an_id_that_is_there_twice_is_answered_twice(folder, assign):
    (folder / "p.csv").write_text(csv([POINTS[0], ("a", *POINTS[1][1:])]))
    assert assign("p.csv")[2] == [("a", "W"), ("a", "东")]


def test_quoted_cells_may_hold_line_breaks(folder, assign):
    (folder / "p.csv").write_text('id,note,lng,lat\na,"first\nsecond",116.005,24.005\n')
    assert assign("p.csv")[2] == [("a", "W")]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("116°0'18\"", "not a number"),
        ("１１６.005", "not a number"),
        ('"116,005"', "not a number"),
        ("", "no longitude"),
        ("nan", "no longitude"),
        ("1e400", "not finite"),
        ("416", "beyond ±180"),
    ],
)
def test_a_cell_that_is_no_longitude_is_one_rejected_row(folder, assign, given, reason):
    (folder / "p.csv").write_text(csv([("x", given, "24.005"), POINTS[0]]))
    status, _, rows = assign("p.csv")
    assert (status, rows) == (0, [("x", ""), ("a", "W")])
    assert reason in files.open_table(folder / "out.csv").read()["reason"].to_pylist()[0]


def test_swapped_columns_are_named_with_their_evidence(folder, assign):
    (folder / "p.csv").write_text(csv([(i, lat, lng) for i, lng, lat in POINTS[:2]] * 20))
    status, err, _ = assign("p.csv")
    assert status == 0
    assert "swapped" in err


def test_a_parquet_without_rows_is_answered_without_rows(folder, assign):
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "lng": pa.array([], pa.float64()),
                             "lat": pa.array([], pa.float64())}), folder / "p.parquet")  # fmt: skip
    status, _, rows = assign("p.parquet")
    assert (status, rows) == (0, [])


def test_ten_thousand_columns_are_passed_over(folder, assign):
    more = {f"c{i}": [i] * 3 for i in range(10_000)}
    ids, lng, lat = zip(*POINTS, strict=True)
    pq.write_table(
        pa.table({"id": list(ids), "lng": list(lng), "lat": list(lat), **more}), folder / "p.parquet"
    )
    assert assign("p.parquet")[2] == FOUND


def frame(shapes=None):
    ids, lng, lat = zip(*POINTS, strict=True)
    return gpd.GeoDataFrame({"id": ids}, geometry=shapes or list(shapely.points(lng, lat)), crs=4326)


def test_heights_of_points_are_passed_over(folder, assign):
    frame([shapely.Point(x, y, 12.5) for _, x, y in POINTS]).to_file(folder / "p.gpkg")
    assert assign("p.gpkg")[2] == FOUND


def test_a_shape_that_is_no_point_is_a_rejected_row(folder, assign):
    mixed = [shapely.Point(*POINTS[0][1:]), shapely.LineString([(116, 24), (116.01, 24)]), None]
    frame(mixed).to_file(folder / "p.geojson")
    assert assign("p.geojson")[2] == [("a", "W"), ("b", ""), ("c", "")]
    assert "LineString" in files.open_table(folder / "out.csv").read()["reason"].to_pylist()[1]


def test_the_crs_member_of_old_geojson_is_heard_and_overridden(folder, assign):
    frame().to_crs(32650).to_file(folder / "p.geojson", driver="GeoJSON", RFC7946="NO")
    assert assign("p.geojson", crs=None)[2] == FOUND
    assert assign("p.geojson", crs="wgs84")[2] == [("a", ""), ("b", ""), ("c", "")]


@pytest.mark.parametrize("encoding", ["WKB", "geoarrow"])
def test_geoparquet_in_either_encoding(folder, assign, encoding):
    frame().to_parquet(folder / "p.parquet", geometry_encoding=encoding)
    assert assign("p.parquet", crs=None)[2] == FOUND


@pytest.mark.parametrize("gone", [".shx", ".prj", ".dbf"])
def test_a_shapefile_without_one_of_its_files(folder, assign, gone):
    frame().to_file(folder / "p.shp")
    (folder / "p.shp").with_suffix(gone).unlink()
    status, err, rows = assign("p.shp", crs=None if gone == ".prj" else "wgs84")
    assert (rows == FOUND) or (status == 2 and "p." in err), err
    if gone == ".prj":
        assert "--crs" in err


@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.gpkg", "p.geojson", "p.shp", "p.fgb"])
def test_noise_is_one_line_whatever_it_is_called(folder, assign, name):
    (folder / name).write_bytes(np.random.default_rng(1).bytes(4096))
    status, err, _ = assign(name)
    assert (status, name in err) == (2, True)


@pytest.mark.parametrize("name", ["p.gpkg", "p.parquet", "p.fgb", "p.geojson"])
def test_a_file_that_is_cut_off_is_named(folder, assign, name):
    whole = frame([shapely.Point(116 + i / 1e4, 24.005) for i in range(3)])
    whole = gpd.GeoDataFrame(
        {"id": np.arange(2_000)}, geometry=[shapely.Point(116.005, 24.005)] * 2_000, crs=4326
    )
    write = whole.to_parquet if name.endswith("parquet") else whole.to_file
    write(folder / name)
    (folder / name).write_bytes((folder / name).read_bytes()[: (folder / name).stat().st_size // 2])
    status, err, _ = assign(name, crs=None)
    assert (status, name in err) == (2, True)


def test_a_folder_and_a_missing_file_are_named(folder, assign):
    (folder / "p.csv").mkdir()
    for name in ("p.csv", "q.csv"):
        status, err, _ = assign(name)
        assert (status, name in err) == (2, True)


def test_a_nul_far_into_the_file_is_named_or_kept(folder, assign):
    rows = [(f"id{i}", 116.005, 24.005) for i in range(9_000)]
    (folder / "p.csv").write_text(csv([*rows, ("x\0y", 116.005, 24.005)]))
    status, err, rows = assign("p.csv")
    assert status == 2 or rows[-1][0] == "x\0y", err


def test_grids_in_a_false_crs_are_told_apart_from_the_points(folder, ground, assign):
    (folder / "p.csv").write_text(csv())
    status, err, rows = assign("p.csv", "--grids-crs", "epsg:32650")
    assert status == 2 or "warning" in err, (status, err, rows)


FORMATS = (".csv", ".parquet", ".gpkg", ".geojson", ".fgb")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(suffix=st.sampled_from(FORMATS), data=st.data())
def test_no_damage_to_a_file_brings_a_traceback(folder, assign, suffix, data):
    path = folder / f"p{suffix}"
    path.unlink(missing_ok=True)
    if suffix == ".csv":
        path.write_text(csv())
    else:
        (frame().to_parquet if suffix == ".parquet" else frame().to_file)(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content))
    assert assign(path.name)[0] in (0, 2)
