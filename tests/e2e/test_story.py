"""The whole story over HTTP: `gridwright demo --once` as a user would type it, on a cluster of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.demo.page import page
from app.storage import cluster

Document = dict[str, Any]
GRIDWRIGHT = (sys.executable, "-c", "from app.cli import main; main()")
LONGEST_S = 900


@dataclass(frozen=True)
class Told:
    """What a run of the demo left: its output, its data folder and its story by town."""

    run: "subprocess.CompletedProcess[str]"
    folder: Path
    story: Document
    towns: dict[str, Document]


@pytest.fixture(scope="module")
def told() -> Iterator[Told]:
    """One run of the demo for all tests of this module."""
    folder = Path(tempfile.mkdtemp(prefix="gridwright-demo-"))
    folder.chmod(0o755)  # the server may run as another user, who must get in
    try:
        run = subprocess.run(
            [*GRIDWRIGHT, "demo", "--once"],
            env={**os.environ, "GRIDWRIGHT_DATA_DIR": str(folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
        assert run.returncode == 0, f"{run.stdout[-3000:]}\n{run.stderr[-3000:]}"
        story = json.loads((folder / "demo" / "story.json").read_text(encoding="utf-8"))
        yield Told(run, folder, story, {town["town"]: town for town in story["towns"]})
    finally:
        cluster.stop(folder / "postgres")
        shutil.rmtree(folder)


@pytest.fixture(params=["meizhou", "neubrandenburg"])
def town(request: pytest.FixtureRequest, told: Told) -> Document:
    """Each town's story."""
    return told.towns[request.param]


def test_it_ends_what_it_started(told: Told) -> None:
    """Nothing is left running, and no complaint was made."""
    assert cluster.status(told.folder / "postgres") == "stopped"
    assert told.run.stderr == ""


def test_rows_are_refused_as_the_data_announces(told: Told) -> None:
    """data/SOURCES.md lists the faults that were put in; every other row of every file is loaded."""
    refused = {
        town: {one["kind"]: one["refused"] for one in told.towns[town]["loads"] if one["refused"]}
        for town in told.towns
    }
    assert refused == {"meizhou": {"accounts": 30}, "neubrandenburg": {"accounts": 8}}

    def faults(town: str) -> Counter[str]:
        [accounts] = [one for one in told.towns[town]["loads"] if one["kind"] == "accounts"]
        words = {
            "swapped": "swapped",
            "missing": "missing",
            "already": "twice",
            "building:": "building",
            "cluster:": "cluster",
            "out of range": "range",
        }
        found: Counter[str] = Counter()
        for row in accounts["examples"]:
            found[next(kind for word, kind in words.items() if word in row["reason"])] += row["alike"]
        return found

    in_meizhou = {"missing": 5, "swapped": 8, "twice": 5, "building": 5, "cluster": 3, "range": 4}
    assert faults("meizhou") == in_meizhou
    assert faults("neubrandenburg") == {"missing": 2, "range": 2, "twice": 2, "building": 2}


def test_faulty_grids_are_refused_with_their_faults_named(told: Told) -> None:
    """One overlap 3 m deep and one hole 500 m by 500 m, each with its grids and its area."""
    faulty = told.towns["neubrandenburg"]["faulty"]
    assert faulty["status"] == 422
    found = {one["kind"]: one for one in faulty["findings"]}
    assert set(found) == {"overlap", "gap"}
    assert len(found["overlap"]["codes"]) == 2
    assert found["gap"]["area_m2"] == pytest.approx(250_000, rel=0.01)


def test_plans_are_clean_before_and_after(town: Document) -> None:
    """The checks of both plans find nothing that would block them."""
    assert [one["valid"] for one in town["checks"]] == [True, True]
    assert town["checks"][0]["grids"] == town["checks"][1]["grids"] > 40


def test_every_customer_is_decided_in_every_plane(town: Document) -> None:
    """Statuses add up to the customers loaded, and rules to those assigned."""
    [loaded] = [one["accepted"] for one in town["loads"] if one["kind"] == "accounts"]
    for counts in town["assigned"].values():
        assert sum(counts["by_status"].values()) == loaded
        assert sum(counts["by_rule"].values()) == counts["by_status"]["assigned"]


def test_rules_of_both_planes_decide(told: Told) -> None:
    """The ground below, lists and markets above."""
    planes = told.towns["meizhou"]["assigned"]
    assert set(planes["lower"]["by_rule"]) == {"lock", "building", "point", "region"}
    assert set(planes["upper"]["by_rule"]) == {"named_list", "cluster"}
    assert {"outside", "quarantined"} <= set(planes["lower"]["by_status"])


def test_the_redraw_is_balanced_and_moves_no_less_than_the_bound(town: Document) -> None:
    """Grids far off before, all within tolerance after; nothing newly cut; the bound is a bound."""
    redraw = town["redraw"]
    assert redraw["feasible"]
    assert redraw["violation"]["before"] > 3
    assert redraw["violation"]["after"] <= 1
    assert {one["class"] for one in redraw["by_class"]["customers"]} == {"A", "B"}
    for one in redraw["by_class"]["customers"]:
        assert one["before"]["beyond"] > one["grids"] / 2
        assert one["after"]["beyond"] == 0
    assert redraw["bound"] <= redraw["moved"]["share"] < 2 * redraw["bound"]
    assert redraw["footprints"]["newly_cut"] == 0
    assert redraw["moved"]["customers"] == town["handover"]["customers"]


def test_new_borders_run_on_streets(told: Told) -> None:
    """Where streets are loaded, units are their blocks."""
    redraw = told.towns["neubrandenburg"]["redraw"]
    assert redraw["units"]["mode"] == "blocks"
    assert redraw["border"]["street_share"] > 0.6


def test_one_question_has_two_answers(town: Document) -> None:
    """The place and its customer go from one grid to another on the effective date, and not before."""
    before, after = town["question"]["answers"]
    assert (before["at"], after["at"]) == (town["days"]["last"], town["days"]["next"])
    assert before["grid"] != after["grid"]
    for answer in (before, after):
        assert answer["owner"]
    assert before["account_grid"] != after["account_grid"]
    assert before["to"] == after["from"] == town["days"]["next"]


def test_two_planes_have_two_answers(told: Told) -> None:
    """A customer in a market: its ground's grid below, its market's team above."""
    answers = told.towns["meizhou"]["two_planes"]["answers"]
    assert answers["upper"]["rule"] == "cluster"
    assert answers["lower"]["grid"] not in (None, answers["upper"]["grid"])


def test_maps_are_drawn_and_the_page_shows_them(told: Told) -> None:
    """PNGs of a sensible size; the page lists every one with the figures."""
    shown = page(told.story)
    for town in told.story["towns"]:
        assert len(town["maps"]) == 2
        for one in town["maps"]:
            path = told.folder / "demo" / one["file"]
            assert path.stat().st_size < 400_000
            with Image.open(path) as image:
                assert image.format == "PNG"
                assert image.size == (one["width"], one["height"])
                assert min(image.size) > 800
                assert len(image.getcolors(256) or []) > 20
            assert f'src="/demo/{one["file"]}"' in shown
        assert town["organisation"] in shown
        assert f"{town['redraw']['moved']['share']:.1%}" in shown
