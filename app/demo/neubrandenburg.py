"""Neubrandenburg: real footprints, addresses, streets and water; units are street blocks."""

from app.demo import customers, question, steps
from app.demo.client import Document
from app.demo.steps import Stage
from app.demo.towns import Chapter

NAME = "Neubrandenburg (demo)"
TIME_ZONE = "Europe/Berlin"
UTM = "epsg:25833"
PLANE = "field"
WANTED: Document = {
    "weights": ["customers"],
    "tolerance": 0.05,
    "within": "branch",
    "units": {"mode": "blocks"},
    "time_limit": 300,
}


def tell(stage: Stage) -> Chapter:
    """The whole story of Neubrandenburg; the plans before and after, for the maps."""
    teller = stage.teller
    teller.step("One plane of places: a building goes whole to one grid, and its customers with it")
    steps.plane(stage, PLANE, "Außendienst", "place", ["lock", "building", "point", "region"])

    teller.step("Load areas, people, lakes, streets and barriers")
    steps.load(stage, "areas", "areas.csv")
    steps.load(stage, "people", "people.csv", crs="wgs84")
    steps.load(stage, "exclusions", "exclusions.gpkg", crs=UTM)
    steps.load(stage, "barriers", "barriers.gpkg", crs=UTM)

    teller.step("A faulty file of grids: it must be refused, with its faults named and placed")
    steps.refused_grids(stage, "grids-faulty.geojson", crs="wgs84", plane=PLANE)

    teller.step("The right file, then buildings and customers")
    first = steps.load_grids(stage, "grids.gpkg", crs=UTM, plane=PLANE, name="Gebiete heute")
    steps.load(stage, "buildings", "buildings.parquet", crs="wgs84")
    loaded = steps.load(stage, "accounts", "accounts.parquet", crs="wgs84")
    numbers = steps.refused_numbers(stage, loaded)
    who = customers.customers(stage.folder / "accounts.parquet", "wgs84", numbers)

    teller.step(f"Check the grids, and publish them from {stage.days.first}")
    steps.check(stage, first, "Gebiete heute")
    steps.publish(stage, first, "Gebiete heute", from_first=True)
    steps.assigned(stage, PLANE)
    customers.rules(stage, customers.ask(stage, who, PLANE, stage.days.today.isoformat()), PLANE)

    teller.step(
        "Redraw along streets: customers within 5 % of a fair share, rivers and rails crossed at bridges"
    )
    second, report = steps.redraw(stage, first, "Gebiete, ausgeglichen", WANTED)

    teller.step(f"Check the redraw, and publish it from {stage.days.next}")
    steps.check(stage, second, "Gebiete, ausgeglichen")
    steps.publish(stage, second, "Gebiete, ausgeglichen", from_first=False)
    steps.handover(stage, second)

    teller.step(f"Ask one place on {stage.days.last} and on {stage.days.next}")
    before = customers.ask(stage, who, PLANE, stage.days.last.isoformat())
    after = customers.ask(stage, who, PLANE, stage.days.next.isoformat())
    question.before_and_after(stage, who, question.one_that_moves(who, before, after), PLANE)
    return Chapter(first, second, report)
