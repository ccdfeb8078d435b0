import json
import sqlite3
import warnings

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo import files
from geo.errors import InputError
from geo.files import EXTENSIONS, open_table, write_batches, write_table

GEO = [".gpkg", ".geojson", ".json", ".shp", ".fgb", ".parquet"]


def sample():
    shapes = [shapely.box(116, 24, 117, 25.123456789), None, shapely.box(117, 24, 118, 25)]
    return pa.table(
        {
            "code": pa.array(["007", "NA", '网格,"3"\n']),
            "n": pa.array([1, None, 3], pa.int64()),
            "x": pa.array([0.1, 1e-9, None]),
            "geometry": pa.array(list(shapely.to_wkb(shapes)), pa.binary()),
        }
    )


@pytest.mark.parametrize("suffix", GEO)
def test_geodata_round_trips(tmp_path, suffix):
    path = tmp_path / f"grids{suffix}"
    assert write_table(path, sample()) == 3
    table = open_table(path)
    assert table.names == ("code", "n", "x", "geometry")
    assert (table.crs, table.rows) == ("wgs84", 3)
    got = table.read()
    assert files.text(got["code"]).to_pylist() == ["007", "NA", '网格,"3"\n']
    values, wrong = files.numbers(got["x"])
    assert values[:2].tolist() == [0.1, 1e-9]
    assert np.isnan(values[2])
    assert not wrong.any()
    shapes = files.geometries(got["geometry"])
    want = files.geometries(sample()["geometry"])
    assert shapes[1] is None
    assert shapely.equals(shapes[[0, 2]], want[[0, 2]]).all()
    assert set(shapely.get_coordinates(shapes).ravel()) == set(shapely.get_coordinates(want).ravel())
    beside = {p.suffix for p in tmp_path.iterdir()}
    assert beside == ({".shp", ".shx", ".dbf", ".prj", ".cpg"} if suffix == ".shp" else {suffix})


def test_csv_round_trips_with_wkt(tmp_path):
    path = tmp_path / "grids.csv"
    write_table(path, sample())
    table = open_table(path)
    assert table.has_geometry
    got = table.read()
    assert got["code"].to_pylist() == ["007", "NA", '网格,"3"\n']
    shapes = files.geometries(got["geometry"])
    assert shapely.equals(shapes[0], shapely.box(116, 24, 117, 25.123456789))
    assert shapes[1] is None


def test_csv_columns_are_text_and_only_those_asked_for(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text('id,lng,note\n007,116.5,"a,\nb"\nNA,,\n')
    (batch,) = open_table(path).batches(only=["note", "id"])
    assert batch.schema.names == ["note", "id"]
    assert batch.to_pydict() == {"note": ["a,\nb", ""], "id": ["007", "NA"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_csv_encodings_are_detected(tmp_path, encoding):
    path = tmp_path / "客户.csv"
    path.write_bytes("编号,经度,纬度\n客户一,116.5,24.5\n".encode(encoding))
    table = open_table(path)
    assert table.columns == ("编号", "经度", "纬度")
    assert table.read()["编号"].to_pylist() == ["客户一"]


def test_csv_encoding_late_in_the_file_and_by_name(tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(b"id\n" + b"1\n" * 100_000 + "网格\n".encode("gbk"))
    assert open_table(path).read()["id"].to_pylist()[-1] == "网格"
    path.write_bytes("id\n網格\n".encode("big5"))
    assert open_table(path, encoding="big5").read()["id"].to_pylist() == ["網格"]
    with pytest.raises(InputError, match="unknown encoding"):
        open_table(path, encoding="klingon")
    with pytest.raises(InputError, match="unknown encoding"):
        open_table(path, encoding="base64")
    with pytest.raises(InputError, match="cannot be read as a CSV"):
        open_table(path, encoding="utf-16")
    (tmp_path / "p.geojson").write_text('{"type":"FeatureCollection","features":[]}')
    with pytest.raises(InputError, match="unknown encoding"):
        open_table(tmp_path / "p.geojson", encoding="klingon")


def test_a_csv_of_semicolons_is_named_as_one(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("id;lng;lat\n1;116,05;24,05\n")
    with pytest.raises(InputError, match="separated by ';'"):
        open_table(path)


def test_batches_are_no_larger_than_asked_and_in_order(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("id\n" + "\n".join(str(i) for i in range(1000)) + "\n")
    pq.write_table(pa.table({"id": list(range(1000))}), tmp_path / "p.parquet", row_group_size=333)
    for name in ("p.csv", "p.parquet"):
        batches = list(open_table(tmp_path / name).batches(300))
        assert max(b.num_rows for b in batches) <= 300
        assert [v for b in batches for v in files.text(b["id"]).to_pylist()] == [str(i) for i in range(1000)]


def test_ids_are_text_whatever_the_file_says():
    assert files.text(pa.array([7, None])).to_pylist() == ["7", None]
    assert files.text(pa.array([7.0, 7.5, float("nan"), None])).to_pylist() == ["7", "7.5", None, None]
    assert files.text(pa.array(["a ", " a"]).dictionary_encode()).to_pylist() == ["a ", " a"]
    assert files.text(pa.array(["a"], pa.large_string())).to_pylist() == ["a"]


def test_numbers_say_what_was_no_number():
    values, wrong = files.numbers(pa.array([" 116.5 ", "", None, "116°24'", "nan", "inf", "1e2", "1,5"]))
    assert values[[0, 6]].tolist() == [116.5, 100.0]
    assert np.isnan(values[[1, 2, 3, 4, 7]]).all()
    assert np.isinf(values[5])
    assert wrong.tolist() == [False, False, False, True, False, False, False, True]


def test_truths():
    assert files.truths(pa.array(["是", "no", None, "1", ""])).tolist() == [True, False, False, True, False]
    with pytest.raises(InputError, match=r"row 2: column locked: 'maybe' is neither"):
        files.truths(pa.array(["1", "maybe"]), name="locked")


def test_an_unclosed_ring_is_closed_and_noise_is_named():
    ring = pa.array(["POLYGON((0 0, 1 0, 1 1))", " ", None])
    shapes = files.geometries(ring)
    assert shapes[0].area == 0.5
    assert shapes[1] is None
    with pytest.raises(InputError, match="is not WKT") as error:
        files.geometries(pa.array(["POINT(1 2)", "rubbish"]), file="f.csv", first_row=11)
    assert (error.value.file, error.value.row) == ("f.csv", 12)
    with pytest.raises(InputError, match="not a geometry"):
        files.geometries(pa.array([b"rubbish"]))


@pytest.mark.parametrize("suffix", [*EXTENSIONS, ".xlsx", ""])
@pytest.mark.parametrize("content", ["noise", "empty", "missing", "truncated"])
def test_what_cannot_be_read_is_one_clear_error(tmp_path, suffix, content):
    path = tmp_path / f"grids{suffix}"
    if content == "noise":
        path.write_bytes(np.random.default_rng(1).bytes(5000))
    elif content == "empty":
        path.write_bytes(b"")
    elif content == "truncated":
        if suffix in ("", ".xlsx", ".csv"):
            return
        boxes = [shapely.box(i % 50, i // 50, i % 50 + 1, i // 50 + 1) for i in range(2000)]
        table = pa.table(
            {"code": [str(i) for i in range(2000)], "geometry": pa.array(list(shapely.to_wkb(boxes)))}
        )
        write_table(path, table)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) * 6 // 10])
    with pytest.raises(InputError) as error:
        open_table(path).read()
    assert error.value.file == str(path)
    assert "\n" not in str(error.value)


def test_a_damaged_geopackage_page_is_noticed(tmp_path):
    path = tmp_path / "g.gpkg"
    write_table(path, pa.table({"code": [f"{i:0200d}" for i in range(3000)]}))
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 8192] = b"\xff" * 8192
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError):
        open_table(path).read()


def test_header_only_and_zero_rows_are_tables_without_rows(tmp_path):
    (tmp_path / "p.csv").write_text("id,lng,lat\n")
    (tmp_path / "q.csv").write_text("id,lng,lat")
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), tmp_path / "p.parquet")
    for name in ("p.csv", "q.csv", "p.parquet"):
        table = open_table(tmp_path / name)
        assert list(table.batches()) == [] or table.read().num_rows == 0


def test_ten_thousand_columns(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join(["1"] * 10_000) + "\n")
    table = open_table(path)
    assert len(table.columns) == 10_000
    assert table.read(["c9999"])["c9999"].to_pylist() == ["1"]
    with pytest.raises(InputError, match=r"column zz: no such column; the file has c0, .* \(10000 columns\)"):
        table.read(["zz"])


@pytest.mark.parametrize(
    ("text", "words"),
    [("id,lng\n1,2\n1,2,3\n", "row 2: 3 values where the header has 2"),
     ("id,id\n", "two columns have this name"),
     ("\n1,2\n", "first line is empty")],
)  # fmt: skip
def test_broken_csv_is_named(tmp_path, text, words):
    path = tmp_path / "p.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        open_table(path).read()


def test_what_a_file_claims_about_its_crs(tmp_path):
    frame = gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.box(500_000, 2_600_000, 500_100, 2_600_100)])
    for suffix in (".gpkg", ".shp", ".fgb", ".parquet"):
        path = tmp_path / f"utm{suffix}"
        utm = frame.set_crs("EPSG:32650")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            utm.to_parquet(path) if suffix == ".parquet" else utm.to_file(path)
        assert open_table(path).crs == "epsg:32650"
    pq.write_table(pa.table({"lng": [1.0]}), tmp_path / "plain.parquet")
    assert open_table(tmp_path / "plain.parquet").crs is None
    write_table(tmp_path / "gcj.parquet", sample(), crs="gcj02")
    assert open_table(tmp_path / "gcj.parquet").crs is None


def test_several_layers_must_be_named(tmp_path):
    path = tmp_path / "two.gpkg"
    for layer in ("a", "b"):
        gpd.GeoDataFrame({"code": [layer]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326).to_file(
            path, layer=layer
        )
    with pytest.raises(InputError, match="several layers"):
        open_table(path)
    assert open_table(path, layer="b").read()["code"].to_pylist() == ["b"]
    with pytest.raises(InputError, match="no layer 'c'"):
        open_table(path, layer="c")


def test_tables_without_geometry_in_geodata_files(tmp_path):
    table = pa.table({"id": ["007", "b"], "tie": [True, False], "d": [1.5, None]})
    for suffix in (".gpkg", ".csv", ".parquet"):
        path = tmp_path / f"t{suffix}"
        write_table(path, table)
        back = open_table(path)
        assert not back.has_geometry
        assert files.text(back.read()["id"]).to_pylist() == ["007", "b"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".gpkg", ".geojson", ".fgb"])
def test_a_failed_write_leaves_nothing_and_keeps_what_was_there(tmp_path, suffix):
    path = tmp_path / f"out{suffix}"
    path.write_text("before")
    schema = pa.schema([("id", pa.string()), ("geometry", pa.binary())])

    def batches():
        yield pa.record_batch(
            [pa.array(["a"]), pa.array([shapely.to_wkb(shapely.Point(1, 2))])], schema=schema
        )
        raise InputError("the input broke off")

    with pytest.raises(InputError, match="the input broke off"):
        write_batches(path, schema, batches())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"


def test_a_path_that_cannot_be_written(tmp_path):
    table = pa.table({"nearest_grid": ["a"]})
    for path, words in [
        (tmp_path / "no" / "x.csv", "does not exist"),
        (tmp_path / "x.xlsx", "unknown file type"),
        (tmp_path / "x.shp", "cannot hold a column name"),
    ]:
        with pytest.raises(InputError, match=words):
            write_table(path, table)
    assert list(tmp_path.iterdir()) == []


def test_geojson_ids_keep_their_leading_zeros(tmp_path):
    path = tmp_path / "g.geojson"
    feature = {"type": "Feature", "properties": {"code": "007"}, "geometry": None}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert open_table(path).read()["code"].to_pylist() == ["007"]


def test_a_geopackage_is_readable_by_sqlite(tmp_path):
    write_table(tmp_path / "g.gpkg", sample())
    with sqlite3.connect(tmp_path / "g.gpkg") as db:
        assert db.execute("select code from g order by 1").fetchall()[0] == ("007",)
    db.close()


SHAPES = {
    "point": [shapely.Point(116, 24), None, shapely.Point(117, 25)],
    "linestring": [shapely.LineString([(116, 24), (117, 25), (118, 24)]), None],
    "multipoint": [shapely.MultiPoint([(116, 24), (117, 25)]), None],
    "polygon": [shapely.box(0, 0, 9, 9) - shapely.box(1, 1, 2, 2), None, shapely.box(5, 5, 6, 6)],
    "multilinestring": [shapely.MultiLineString([[(0, 0), (1, 1)], [(2, 2), (3, 4)]]), None],
    "multipolygon": [
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 5, 3) - shapely.box(3, 1, 4, 2)]),
        None,
        shapely.MultiPolygon(),
        shapely.MultiPolygon([shapely.box(5, 5, 6, 6)]),
    ],
}


@pytest.mark.parametrize("kind", SHAPES)
def test_geoparquet_in_its_native_encodings(tmp_path, kind):
    shapes = gpd.GeoSeries(SHAPES[kind] * 50, crs=4326)
    frame = gpd.GeoDataFrame({"code": range(len(shapes))}, geometry=shapes)
    frame.to_parquet(tmp_path / "a.parquet", geometry_encoding="geoarrow", row_group_size=60)
    table = open_table(tmp_path / "a.parquet")
    assert (table.names, table.crs, table.rows) == (("code", "geometry"), "wgs84", len(shapes))
    got = [shape for batch in table.batches(7) for shape in files.geometries(batch["geometry"])]
    for shape, want in zip(got, shapes, strict=True):
        if want is None:
            assert shape is None
        else:
            assert shape.geom_type.lower() == kind
            assert shapely.get_coordinates(shape).tolist() == shapely.get_coordinates(want).tolist()
            assert shape.area == want.area
