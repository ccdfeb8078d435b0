"""`gridwright assign` on a terminal, without one, and stopped."""

import io
import os
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

from app import cli
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


class Terminal(io.StringIO):
    """A stream that says it is a terminal: a minimal system has no pseudo-terminals."""

    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_and_its_end(folder, monkeypatch, capsys):
    points(folder / "p.parquet", 1000)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TERM", "xterm")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "argv", ["gridwright", *command(folder)[1:]])
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    seen = terminal.getvalue()
    assert stop.value.code == 0
    assert "assigning" in seen
    assert "1000/1000" in seen
    assert "\x1b[?25h" in seen  # the cursor is shown again
    assert capsys.readouterr().out.startswith("1,000 rows: ")


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
