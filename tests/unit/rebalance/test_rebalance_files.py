"""The command: units and tables in, plan and report out, exit status and one clear line on bad input."""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import typer
from redraws import lattice, strips
from typer.testing import CliRunner

from app.cli.rebalance import register
from geo.errors import InputError

WEIGHED = ("--weight", "minutes:0.05", "--class-column", "class")


def run(*argv: object) -> int:
    root = typer.Typer()
    register(root)
    found = CliRunner().invoke(root, [str(a) for a in argv])
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """12 x 6 unit squares of 100 m; two strips of 8 and 4 columns of class A, one grid of class B."""
    cells = [shapely.box(500_000 + 100 * x, 2_600_000 + 100 * y, 500_100 + 100 * x, 2_600_100 + 100 * y)
             for y in range(6) for x in range(15)]  # fmt: skip
    grid = np.array(["007", "NA", "B1"])[strips(15, 6, [8, 4, 3])]
    frame = {
        "id": [f"u{i:03d}" for i in range(90)],
        "grid": grid,
        "class": np.where(grid == "B1", "B", "A"),
        "minutes": 1.0 + (np.arange(90) % 3) / 10,
        "locked": (np.arange(90) == 0).astype(int),
    }
    gpd.GeoDataFrame(frame, geometry=cells, crs="EPSG:32650").to_file(tmp_path / "units.gpkg")
    return tmp_path


def redraw(
    folder: Path, *argv: object, units: str = "units.gpkg"
) -> tuple[int, dict[str, Any], pd.DataFrame]:
    out, report = folder / "out.csv", folder / "report.json"
    status = run(folder / units, "--out", out, "--report", report, *argv)
    return status, json.loads(report.read_text()), pd.read_csv(out, dtype=str, keep_default_na=False)


def test_polygons_in_plan_and_report_out(town: Path) -> None:
    status, report, out = redraw(town, *WEIGHED, "--locked-column", "locked")
    assert status == 0
    assert report["feasible"]
    assert list(out.columns) == ["id", "grid_before", "grid", "moved"]
    assert set(out["grid"]) == {"007", "NA", "B1"}
    moved = out[out["grid"] != out["grid_before"]]
    assert set(moved["grid_before"]) == {"007"}
    assert report["moved"]["units"] == len(moved) == sum(out["moved"].str.lower() == "true")
    listed = [u for m in report["moves"] for t in m["transfers"] for u in t["units"]]
    assert sorted(listed) == sorted(moved["id"])
    assert {g["class"] for g in report["grids"]} == {"A", "B"}
    b1 = next(g for g in report["grids"] if g["grid"] == "B1")
    assert b1["polsby_popper"] == pytest.approx(4 * np.pi * 18 / 18**2)
    assert report["bound"]["share"] <= report["moved"]["share"]["minutes"]
    assert report["estimate"]["share"] > 0


@pytest.mark.parametrize(
    ("crs", "origin", "side"), [(4326, (116.0, 24.0), 0.001), (32650, (5e5, 2.6e6), 100.1)]
)
def test_units_whose_corners_differ_in_the_last_bit_are_neighbours(
    tmp_path: Path, crs: int, origin: tuple[float, float], side: float
) -> None:
    def corner(n: int, of: int, nudge: float) -> float:
        return origin[of] + side * n + nudge * np.spacing(origin[of])

    cells = [
        shapely.box(corner(x, 0, 1), corner(y, 1, 0), corner(x + 1, 0, -1), corner(y + 1, 1, 1))
        for y in range(4)
        for x in range(4)
    ]
    frame = {"id": np.arange(16), "grid": ["1"] * 10 + ["2"] * 6}
    gpd.GeoDataFrame(frame, geometry=cells, crs=crs).to_file(tmp_path / "units.gpkg")
    status, report, out = redraw(tmp_path)
    assert (status, report["feasible"]) == (0, True)
    assert out["grid"].value_counts().to_dict() == {"1": 8, "2": 8}


def test_the_same_seed_writes_the_same_bytes(town: Path) -> None:
    wanted = []
    for threads in (1, 2):
        _, report, out = redraw(town, "--weight", "minutes", "--class-column", "class", "--threads", threads)
        report.pop("seconds")
        wanted.append((report, out.to_csv()))
    assert wanted[0] == wanted[1]


def test_a_barrier_shuts_and_a_bridge_opens(town: Path) -> None:
    river = shapely.LineString([(500_800, 2_599_000), (500_800, 2_601_000)])
    gpd.GeoDataFrame(geometry=[river], crs="EPSG:32650").to_file(town / "river.gpkg")
    gpd.GeoDataFrame(geometry=[shapely.Point(500_800, 2_600_250)], crs="EPSG:32650").to_file(
        town / "bridge.gpkg"
    )
    argv = (*WEIGHED, "--barriers", town / "river.gpkg")
    status, report, _ = redraw(town, *argv)
    assert status == 3
    assert report["certificates"][0]["kind"] == "cut_off"
    assert "bridge" in report["certificates"][0]["message"]
    status, report, _ = redraw(town, *argv, "--bridges", town / "bridge.gpkg")
    assert status == 0


def test_edges_targets_new_and_dissolved_grids_without_geometry(town: Path) -> None:
    edges = lattice(10, 6)
    units = pd.DataFrame({"id": np.arange(60), "grid": strips(10, 6, [5, 5]), "work": 1.0})
    units.to_csv(town / "units.csv", index=False)
    pd.DataFrame(edges, columns=["source", "target"]).to_csv(town / "edges.csv", index=False)
    argv = ("--edges", town / "edges.csv", "--weight", "work:0.1")
    pd.DataFrame({"grid": [0, 1, "new"], "work": [30, 20, 10]}).to_csv(town / "targets.csv", index=False)
    status, report, out = redraw(
        town, *argv, "--add", "new", "--targets", town / "targets.csv", units="units.csv"
    )
    assert status == 0
    assert out["grid"].value_counts()["new"] in (9, 10, 11)
    assert report["polsby_popper"] == {"before": None, "after": None}
    status, _, out = redraw(town, *argv, "--dissolve", "1", units="units.csv")
    assert status == 0
    assert set(out["grid"]) == {"0"}


def test_from_scratch_and_frontier(town: Path) -> None:
    status, report, out = redraw(town, "--grids", 5, "--weight", "minutes:0.2", "--class-column", "class")
    assert status == 0
    assert set(out["grid"]) == {"1", "2", "3", "4", "5"}
    assert report["bound"] is report["gap"] is report["estimate"] is None
    assert report["moves"] == []
    status, report, out = redraw(town, "--weight", "minutes:0.2", "--class-column", "class", "--frontier", 3)
    assert status == 0
    assert len(report["plans"]) == len(report["frontier"]) == out["plan"].nunique()
    shares = [row["share"] for row in report["frontier"]]
    assert shares == sorted(shares)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--weight", "people"), "column people"),
        (("--weight", "minutes:x"), "--weight minutes:x"),
        (("--class-column", "id"), "mix classes"),
        (("--lock-grid", "Z9"), "Z9"),
        (("--dissolve", "Z9"), "Z9"),
        (("--add", "007"), "a grid 007 already"),
        (("--grids", 3, "--grid-column", "grid"), "--grid-column"),
        (("--grids", 500), "--grids 500"),
        (("--bridges", "x.gpkg"), "--barriers"),
        (("--prefer", "luck"), "prefer"),
        (("--id-column", "class"), "also in row 1"),
    ],
)
def test_bad_input_is_one_clear_error(town: Path, argv: tuple[object, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        redraw(town, *argv)
    assert not (town / "out.csv").exists()
