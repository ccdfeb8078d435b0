"""Branches never mix, and several plans on a frontier are drafts of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.integration.conftest import Api
from tests.integration.plans.conftest import draft, features, load, loaded, square
from tests.integration.rebalances.conftest import Town
from tests.integration.rebalances.test_scope import accounts

GRIDS = {f"{branch}{n}": square(n, row) for row, branch in enumerate("NS") for n in range(3)}
NUMBER = {"N0": 90, "N1": 30, "N2": 60, "S0": 20, "S1": 20, "S2": 80}
"""60 each in the north, 40 each in the south."""


async def test_no_customer_crosses_the_wall_between_branches(api: Api) -> None:
    made = await api.post("/v1/planes", {"code": "P", "kind": "place", "rules": ["building", "point"]})
    assert made.status_code == 201
    rows = ("code,name,parent,kind", "HQ,hq,,hq", "N,n,HQ,branch", "S,s,HQ,branch", "N-1,n1,N,town")
    await api.load("areas", "\n".join(rows))
    # A wall is that of the branch, whichever of its areas a grid is in.
    where = {code: code[0] for code in GRIDS} | {"N0": "N-1"}
    base = await draft(api, features(GRIDS, area=where))
    await loaded(await load(api, "accounts", ("a.csv", accounts(NUMBER, GRIDS)), crs="wgs84"))

    wanted = {"within": "branch", "tolerance": 0.1, "time_limit": 30}
    done = await api.done(await api.post(f"/v1/plans/{base}/rebalances", wanted))
    report = done["report"]
    assert report["feasible"], report["certificates"]
    assert {row["group"] for row in report["grids"]} == {"N", "S"}
    assert {row["target"]["customers"] for row in report["grids"]} == {60, 40}
    rows = (await api.told(f"/v1/plans/{done['plan']}/handover/list"))["rows"]
    assert rows
    assert {row["from"]["grid"][0] + row["to"]["grid"][0] for row in rows} == {"NN", "SS"}
    after = (await api.told(f"/v1/plans/{done['plan']}/grids"))["features"]
    for branch in "NS":
        mine = [
            shapely.geometry.shape(one["geometry"]) for one in after if one["properties"]["code"][0] == branch
        ]
        whole = shapely.union_all([ground for code, ground in GRIDS.items() if code[0] == branch])
        assert shapely.symmetric_difference(shapely.union_all(mine), whole).area < 1e-11

    answer = await api.post(f"/v1/plans/{base}/rebalances", {"within": "town"})
    assert (answer.status_code, answer.json()["type"].rsplit("/")[-1]) == (422, "grid-without-area")


async def test_each_plan_of_a_frontier_knows_its_place_on_it(town: Town) -> None:
    wanted = {"tolerance": 0.1, "frontier": 4, "time_limit": 60, "seed": 2}
    done = await town.api.done(await town.api.post(f"/v1/plans/{town.plan}/rebalances", wanted))
    table = done["report"]["frontier"]
    assert done["plan"] == done["plans"][0]
    shares = [row["share"] for row in table]
    assert shares == sorted(shares)
    for number, plan in enumerate(done["plans"], 1):
        report: dict[str, Any] = (await town.api.told(f"/v1/plans/{plan}"))["report"]
        assert report["frontier"] == {"of": len(table), **table[number - 1]}
        assert report["moved"]["share"]["customers"] == table[number - 1]["share"]
        found = (await town.api.told(f"/v1/plans/{plan}/grids"))["features"]
        ground = np.array([shapely.geometry.shape(one["geometry"]) for one in found], dtype=object)
        assert shapely.coverage_is_valid(ground)
