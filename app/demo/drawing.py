"""Which maps each town gets, made from the plans as the API gives them and the ground of the files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from PIL import Image

from app.demo import figures, ground, maps
from app.demo.client import Document
from app.demo.ground import Base, Geometries
from app.demo.steps import Stage
from app.demo.towns import Chapter
from geo.geodesy import Projection, local_projection

_ROOM = 0.03


@dataclass(frozen=True)
class Wanted:
    """A map: its file and title, and which grids its window shows (codes that begin so; all)."""

    file: str
    title: str
    of: str = ""
    only_class: str = ""
    label_size: float = 6.5


MAPS: Mapping[str, tuple[Wanted, ...]] = {
    "meizhou": (
        Wanted("meizhou.png", "Meizhou 梅州: grids before and after the redraw"),
        Wanted(
            "meizhou-town.png",
            "Meijiang 梅江区, the prefecture's town, before and after",
            of="MJ-",
            only_class="A",
        ),
    ),
    "neubrandenburg": (
        Wanted("neubrandenburg.png", "Neubrandenburg and its surroundings before and after the redraw"),
        Wanted(
            "neubrandenburg-town.png", "Neubrandenburg, the town, before and after the redraw", only_class="A"
        ),
    ),
}


@dataclass(frozen=True)
class _Plans:
    """Both plans' grids in the order of the codes."""

    codes: list[str]
    classes: list[str]
    before: Geometries
    after: Geometries


def draw(town: str, stage: Stage, chapter: Chapter, folder: Path) -> list[Document]:
    """Draw the town's maps into the folder; what the page needs to know of them."""
    with stage.teller.waiting("drawing the maps") as tell:
        plans = _plans(stage, chapter)
        plane = local_projection(shapely.total_bounds(plans.before))
        before, after = (
            np.asarray(plane.forward(shapes), dtype=object) for shapes in (plans.before, plans.after)
        )
        base = _base(town, stage, plane)
        loads = figures.loads(chapter.report, chapter.report_measure)
        drawn = []
        for number, wanted in enumerate(MAPS[town]):
            tell(number / len(MAPS[town]), wanted.file)
            maps.draw(
                maps.Map(
                    title=wanted.title,
                    subtitle=_subtitle(stage.told["redraw"]),
                    before=maps.State(f"Until {stage.days.last:%-d %B %Y}", before,
                                      {code: pair[0] for code, pair in loads.items()}),
                    after=maps.State(f"From {stage.days.next:%-d %B %Y}", after,
                                     {code: pair[1] for code, pair in loads.items()}),
                    codes=plans.codes,
                    classes=plans.classes,
                    base=base,
                    window=_window(before, plans, wanted),
                    label_size=wanted.label_size,
                ),
                folder / wanted.file,
            )  # fmt: skip
            with Image.open(folder / wanted.file) as image:
                width, height = image.size
            drawn.append({"file": wanted.file, "caption": wanted.title, "width": width, "height": height})
            stage.teller.figure(str(folder / wanted.file))
    return drawn


def _plans(stage: Stage, chapter: Chapter) -> _Plans:
    features = [
        {one["properties"]["code"]: one for one in stage.api.get(f"/v1/plans/{plan}/grids")["features"]}
        for plan in (chapter.before, chapter.after)
    ]
    codes = sorted(features[0])

    def shapes(of: Mapping[str, Any]) -> Geometries:
        return np.asarray(
            shapely.from_geojson([json.dumps(of[code]["geometry"]) for code in codes]), dtype=object
        )

    classes = [features[0][code]["properties"]["class"] for code in codes]
    return _Plans(codes, classes, shapes(features[0]), shapes(features[1]))


def _base(town: str, stage: Stage, plane: Projection) -> Base:
    if town == "meizhou":
        return ground.of_places(stage.folder / "buildings.csv", "gcj02", plane)
    return ground.of_lines(stage.folder, "epsg:25833", plane)


def _window(shapes: Geometries, plans: _Plans, wanted: Wanted) -> tuple[float, float, float, float]:
    """The ground of the grids wanted, with room around."""
    inside = [
        code.startswith(wanted.of) and wanted.only_class in ("", its)
        for code, its in zip(plans.codes, plans.classes, strict=True)
    ]
    west, south, east, north = (float(side) for side in shapely.total_bounds(shapes[inside]))
    room = _ROOM * max(east - west, north - south)
    # Neither a ribbon nor a tower: panels stand side by side on a page.
    width, height = east - west + 2 * room, north - south + 2 * room
    grown_w, grown_h = max(width, height / 1.15), max(height, width / 1.45)
    x, y = (west + east) / 2, (south + north) / 2
    return x - grown_w / 2, y - grown_h / 2, x + grown_w / 2, y + grown_h / 2


def _subtitle(redraw: Document) -> str:
    beyond = [sum(one[when]["beyond"] for one in redraw["by_class"][redraw["measures"][0]])
              for when in ("before", "after")]  # fmt: skip
    tolerance = redraw["tolerance"][redraw["measures"][0]]
    cut = redraw["footprints"]["newly_cut"]
    return (
        f"Grids more than {tolerance:.0%} off their fair share of {redraw['measures'][0]}: "
        f"{beyond[0]} before, {beyond[1]} after. {redraw['moved']['share']:.1%} of the work moves; "
        f"no plan can do with less than {redraw['bound']:.1%}. Buildings newly cut: {cut}."
    )
