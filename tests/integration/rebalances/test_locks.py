"""What is locked stays, while everything around it is redrawn and does come within tolerance."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from tests.integration.conftest import Api
from tests.integration.plans.conftest import (
    SIDE,
    SOUTH,
    TODAY,
    WEST,
    draft,
    features,
    load,
    loaded,
    publish,
    square,
)

GRIDS = {"A1": square(0, 0), "A2": square(1, 0), "A3": square(2, 0), "B1": square(0, 1)}
NUMBER = {"A1": 160, "A2": 40, "A3": 100, "B1": 50}
"""Customers; of the class A grids each should have 100, and A3, which is locked, has."""


def _accounts() -> bytes:
    rng = np.random.default_rng(5)
    lines = ["id,lng,lat,locked_grid"]
    for code, count in NUMBER.items():
        west, south, east, north = GRIDS[code].bounds
        for n in range(count):
            x, y = rng.uniform(west + 1e-3, east - 1e-3), rng.uniform(south + 1e-3, north - 1e-3)
            lines.append(f"{code}-{n},{x:.9f},{y:.9f},")
    # In the strip of A1 that goes first, and well inside of A2: A1's whatever becomes of the ground.
    for n, x in enumerate((0.95, 0.96, 0.97, 1.4, 1.5)):
        lines.append(f"held-{n},{WEST + x * SIDE:.9f},{SOUTH + 0.5 * SIDE:.9f},A1")
    return ("\n".join(lines) + "\n").encode()


async def _polygons(api: Api, plan: str) -> dict[str, Any]:
    found = (await api.get(f"/v1/plans/{plan}/grids")).json()["features"]
    return {one["properties"]["code"]: shapely.geometry.shape(one["geometry"]) for one in found}


async def test_locked_grids_and_customers_stay_where_they_are(api: Api) -> None:
    made = await api.post("/v1/planes", {"code": "P", "kind": "place", "rules": ["lock", "point"]})
    assert made.status_code == 201
    classes = {code: code[0] for code in GRIDS}
    base = await draft(api, features(GRIDS, locked={"A3": True}, **{"class": classes}))
    await loaded(await load(api, "accounts", ("a.csv", _accounts()), crs="wgs84"))

    wanted = {"tolerance": 0.05, "seed": 1, "time_limit": 30}
    done = await api.done(await api.post(f"/v1/plans/{base}/rebalances", wanted))
    report = done["report"]
    assert report["feasible"]
    assert report["moved"]["customers"] >= 50
    sides = {side for step in report["moves"] for t in step["transfers"] for side in (t["from"], t["to"])}
    assert sides == {"A1", "A2"}
    before, after = await _polygons(api, base), await _polygons(api, done["plan"])
    for code in ("A3", "B1"):
        assert shapely.symmetric_difference(before[code], after[code]).area < 1e-12, code
    assert shapely.symmetric_difference(before["A1"], after["A1"]).area > 1e-5

    answer = await api.post(f"/v1/plans/{done['plan']}/validate", {"acknowledge": True})
    assert answer.status_code == 200, answer.text
    assert (await publish(api, done["plan"], TODAY)).status_code == 200
    for n in range(5):
        [held] = (await api.get(f"/v1/accounts/held-{n}/assignments")).json()["assignments"]
        assert (held["grid"], held["rule"]) == ("A1", "lock")
    by_grid = (await api.get("/v1/coverage/summary", params={"plane": "P"})).json()["rows"]
    count = {row["grid"]: row["customers"] for row in by_grid}
    assert (count["A3"], count["B1"]) == (100, 50)
    assert 95 <= count["A1"] - 5 <= 105
    assert 95 <= count["A2"] <= 105
