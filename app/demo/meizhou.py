"""Meizhou: an operator's planes over a prefecture, in GCJ-02; real places, synthetic customers."""

from app.demo import customers, question, steps
from app.demo.client import Document
from app.demo.steps import Stage
from app.demo.towns import Chapter

NAME = "梅州演示"
TIME_ZONE = "Asia/Shanghai"
CRS = "gcj02"
LOWER, UPPER = "lower", "upper"
WANTED: Document = {"weights": ["customers"], "tolerance": 0.1, "within": "branch", "time_limit": 300}


def tell(stage: Stage) -> Chapter:
    """The whole story of Meizhou; the plans before and after, for the maps."""
    teller = stage.teller
    teller.step("Two planes over the same ground: geographic grids below, lists and markets above")
    steps.plane(stage, LOWER, "网格平面", "place", ["lock", "building", "point", "region"])
    steps.plane(stage, UPPER, "名单与聚类平面", "list", ["named_list", "cluster"], ["business"])

    teller.step("Load what the operator has, places in GCJ-02 as received")
    steps.load(stage, "areas", "areas.csv")
    steps.load(stage, "people", "people.csv", crs=CRS)
    first = steps.load_grids(stage, "grids.geojson", crs=CRS, plane=LOWER, name="现行网格")
    lists = steps.load_grids(stage, "grids-upper.csv", crs=None, plane=UPPER, name="现行名单与聚类")
    steps.load(stage, "responsibilities", "responsibilities.csv", plane=LOWER)
    steps.load(stage, "buildings", "buildings.csv", crs=CRS)
    steps.load(stage, "clusters", "clusters.csv", plane=UPPER)
    steps.load(stage, "parties", "parties.csv")
    loaded = steps.load(stage, "accounts", "accounts.csv", crs=CRS, plane=LOWER)
    steps.load(stage, "named-lists", "named-lists.csv", plane=UPPER)
    who = customers.customers(stage.folder / "accounts.csv", CRS, steps.refused_numbers(stage, loaded))

    teller.step(f"Check the grids, and publish both planes from {stage.days.first}")
    steps.check(stage, first, "现行网格")
    steps.publish(stage, first, "现行网格", from_first=True)
    steps.publish(stage, lists, "现行名单与聚类", from_first=True)

    teller.step("Every customer has an answer in each plane, by rule")
    today = stage.days.today.isoformat()
    for plane in (LOWER, UPPER):
        steps.assigned(stage, plane)
        answer = customers.ask(stage, who, plane, today)
        customers.rules(stage, answer, plane)
    question.in_both_planes(stage, who, answer, (LOWER, UPPER))

    teller.step("Redraw: customers within 10 % of a fair share, no class and no branch mixed")
    second, report = steps.redraw(stage, first, "均衡后网格", WANTED)

    teller.step(f"Check the redraw, and publish it from {stage.days.next}")
    steps.check(stage, second, "均衡后网格")
    steps.publish(stage, second, "均衡后网格", from_first=False)
    steps.handover(stage, second)

    teller.step(f"Ask one place on {stage.days.last} and on {stage.days.next}")
    before = customers.ask(stage, who, LOWER, stage.days.last.isoformat())
    after = customers.ask(stage, who, LOWER, stage.days.next.isoformat())
    question.before_and_after(stage, who, question.one_that_moves(who, before, after), LOWER)
    return Chapter(first, second, report)
