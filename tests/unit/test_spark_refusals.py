"""What `gridwright assign --engine spark` refuses before Spark starts: one line, and nothing is touched."""

import socket
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from app import cli
from app.filemode.spark_session import _cause, require_answer
from geo import files


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wkb = pa.array([shapely.to_wkb(shapely.box(116, 24, 117, 25))], pa.binary())
    files.write_table("grids.parquet", pa.table({"code": ["G"], "geometry": wkb}))
    (tmp_path / "points").mkdir()
    for name in "ab":
        table = pa.table({"id": ["1"], "lng": [116.5], "lat": [24.5]})
        pq.write_table(table, tmp_path / "points" / f"{name}.parquet")
    return tmp_path


@pytest.fixture
def refusal(folder, capsys, monkeypatch):
    def run(points="points", out="out", crs="wgs84", engine=("--engine", "spark"), more=()):
        args = ["assign", points, "--grids", "grids.parquet", "--out", out, *engine, *more]
        monkeypatch.setattr(sys, "argv", ["gridwright", *args, *(["--crs", crs] if crs else [])])
        before = sorted(p.relative_to(folder) for p in folder.rglob("*"))
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        assert (stop.value.code, said.out, said.err.count("\n")) == (2, "", 1)
        assert sorted(p.relative_to(folder) for p in folder.rglob("*")) == before
        return said.err

    return run


def test_an_answer_goes_into_a_folder_that_has_nothing_else(refusal, folder):
    assert "folder of Parquet files" in refusal(out="out.csv")
    (folder / "file").touch()
    assert "this is a file" in refusal(out="file")
    assert "a.parquet" in refusal(out="points", points="grids.parquet")
    assert "does not exist" in refusal(out="no/out")
    (folder / "earlier").mkdir()
    (folder / "earlier" / "_SUCCESS").touch()
    (folder / "points" / "a.parquet").replace(folder / "earlier" / "part-00000.parquet")
    assert "write to another" in refusal(out="earlier", points="earlier")
    assert "write to another" in refusal(out="earlier", points="earlier/part-00000.parquet")


def test_every_file_of_a_folder_must_have_the_columns_and_one_crs(refusal, folder):
    pq.write_table(pa.table({"id": ["1"], "x": [1.0]}), folder / "points" / "b.parquet")
    error = refusal()
    assert "b.parquet" in error
    assert "lng" in error
    for name, crs in (("a", "epsg:4490"), ("b", "wgs84")):
        place = pa.array([shapely.to_wkb(shapely.Point(116.5, 24.5))], pa.binary())
        files.write_table(
            folder / "points" / f"{name}.parquet", pa.table({"id": ["1"], "geometry": place}), crs=crs
        )
    error = refusal(crs=None)
    assert "b.parquet" in error
    assert "epsg:4490" in error


def test_a_folder_without_points_is_named(refusal, folder):
    (folder / "empty").mkdir()
    assert "no .parquet file" in refusal(points="empty")


def test_a_master_is_spark_s(refusal):
    assert "--engine spark" in refusal(engine=(), more=("--spark-master", "local[2]"))


def test_a_master_that_nobody_listens_at_is_refused_at_once(refusal):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else comes to listen there
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        for master in (f"spark://{place}", f"spark://{place},{place}", f"k8s://https://{place}"):
            error = refusal(more=("--spark-master", master))
            assert f"no Spark master answers at {place}" in error
            assert master in error
    assert "no Spark master answers" in refusal(more=("--spark-master", "spark://nobody.invalid:7077"))
    assert "no Spark master answers" in refusal(more=("--spark-master", "spark://127.0.0.1:99999"))


def test_a_master_that_takes_connections_is_left_to_spark():
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        require_answer(f"spark://127.0.0.1:1,{place}")
    for master in ("local[*]", "yarn", "spark://host-without-port", ""):
        require_answer(master)


def test_what_is_missing_is_said_with_what_to_type(refusal, monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    assert "JAVA_HOME is /nowhere" in refusal()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install openjdk-17-jre-headless" in refusal()
    monkeypatch.setitem(sys.modules, "pyspark", None)
    assert "pip install 'gridwright[spark]'" in refusal()


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            'Exception in thread "main" org.apache.spark.SparkException: Master must be yarn\n\tat X: y\n',
            "SparkException: Master must be yarn",
        ),
        (
            "x.SparkException: Exception thrown in awaitResult: \n\tat foo\n"
            "Caused by: java.io.IOException: Failed to connect to /127.0.0.1:1\n",
            "IOException: Failed to connect to /127.0.0.1:1",
        ),
        ("Traceback\n  raise ValueError(x)\nValueError: boo\nhoo\n", "ValueError: boo"),
        ("nothing known\n", "nothing known"),
    ],
)
def test_of_a_trace_the_cause_is_told(said, cause):
    assert _cause(said) == cause
