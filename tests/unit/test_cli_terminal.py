"""`gridwright assign` on a terminal, without one, and stopped: real processes."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from geo import files

GRIDWRIGHT = Path(sys.executable).with_name("gridwright")
QUIET = {k: v for k, v in os.environ.items() if k not in ("FORCE_COLOR", "TTY_COMPATIBLE")} | {
    "TERM": "xterm"
}


@pytest.fixture
def folder(tmp_path):
    wkb = pa.array(list(shapely.to_wkb([shapely.box(116, 24, 117, 25)])), pa.binary())
    files.write_table(tmp_path / "grids.gpkg", pa.table({"code": ["a"], "geometry": wkb}))
    return tmp_path


def points(path, rows):
    rng = np.random.default_rng(1)
    columns = {"id": np.arange(rows), "lng": rng.uniform(115.9, 117, rows), "lat": rng.uniform(24, 25, rows)}
    pq.write_table(pa.table(columns), path)


def command(folder, out="o.csv"):
    return [str(GRIDWRIGHT), "assign", "p.parquet", "--grids", "grids.gpkg", "--crs", "wgs84", "--out", out]


def test_a_terminal_sees_a_bar_and_its_end(folder):
    points(folder / "p.parquet", 1000)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command(folder), cwd=folder, env=QUIET, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    try:
        while block := os.read(ours, 1 << 16):
            seen += block
    except OSError:  # what Linux says when the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 0
    assert b"assigning" in seen
    assert b"1000/1000" in seen
    assert b"\x1b[?25h" in seen  # the cursor is shown again
    assert "1,000 rows: " in seen.decode().rstrip().splitlines()[-1]


def test_without_a_terminal_there_is_one_line_and_nothing_else(folder):
    points(folder / "p.parquet", 1000)
    done = subprocess.run(command(folder), cwd=folder, env=QUIET, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("number", "suffix"), [(signal.SIGTERM, ".csv"), (signal.SIGINT, ".parquet"), (signal.SIGHUP, ".gpkg")]
)
def test_who_stops_it_finds_nothing_and_is_told_so(folder, number, suffix):
    points(folder / "p.parquet", 2_000_000)
    (folder / f"o{suffix}").write_text("before")
    there = sorted(p.name for p in folder.iterdir())
    process = begun(folder, f"o{suffix}")
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == 128 + number
    assert said.decode() == f"gridwright: stopped; o{suffix} was not written\n"
    assert sorted(p.name for p in folder.iterdir()) == there
    assert (folder / f"o{suffix}").read_text() == "before"


def begun(folder, out):
    """A process that has begun to write."""
    before = set(folder.iterdir())
    process = subprocess.Popen(
        command(folder, out), cwd=folder, env=QUIET, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not [p for p in folder.glob(f".{out}.*.part/*") if p.parent not in before and p.stat().st_size]:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    return process


def test_what_a_killed_one_left_goes_with_the_next_and_what_a_living_one_writes_stays(folder):
    points(folder / "p.parquet", 2_000_000)
    killed = begun(folder, "o.csv")
    killed.kill()
    killed.communicate()
    (left,) = folder.glob(".o.csv.*.part")
    old = time.time() - 3600
    os.utime(left, (old, old))
    living = begun(folder, "o.csv")
    assert not left.exists()
    (works,) = folder.glob(".o.csv.*.part")
    os.utime(works, (old, old))
    files.write_table(folder / "o.csv", pa.table({"id": ["another"]}))
    assert works.exists()
    assert living.poll() is None
    living.terminate()
    living.communicate()
    assert not works.exists()


def test_no_room_is_one_line_that_names_the_output(folder):
    points(folder / "p.parquet", 20_000)
    for out in ("o.csv", "o.parquet", "o.geojson"):
        done = subprocess.run(
            ["sh", "-c", 'ulimit -f 16; exec "$@"', "sh", *command(folder, out)],
            cwd=folder, env=QUIET,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"gridwright: {out}: cannot be written (")
        assert done.stderr.count("\n") == 1
        assert sorted(p.name for p in folder.iterdir()) == ["grids.gpkg", "p.parquet"]
