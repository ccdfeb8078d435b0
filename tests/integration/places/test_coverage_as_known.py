"""What a plane holds, as of a day and as known: neither a move nor a new plan changes what was believed."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from sqlalchemy import text

WEST = '"POLYGON((116.004 24.004,116.006 24.004,116.006 24.006,116.004 24.006,116.004 24.004))"'
EAST = '"POLYGON((116.014 24.004,116.016 24.004,116.016 24.006,116.014 24.006,116.014 24.004))"'
DAY = "2026-07-01"


async def test_counts_and_locations_are_answered_as_they_were_known(ground: Any) -> None:
    await ground.load("buildings", f"id,wkt,households\nB1,{WEST},100\n")
    await ground.load("accounts", "id,lng,lat,building,tier\na1,116.005,24.005,B1,A\n")
    believed = dt.datetime.now(dt.UTC).isoformat()
    await asyncio.sleep(0.01)
    await ground.load("buildings", f"id,wkt,households\nB1,{EAST},120\n", since=DAY)
    plan = (await ground.load("grids", f'code,wkt\nN1,{WEST}\n"N2",{EAST}\n', plane="p"))["plan"]
    await ground.api.post(f"/v1/plans/{plan}/validate", {"acknowledge": True})
    answer = await ground.api.post(
        f"/v1/plans/{plan}/publish", {"effective_from": "2026-08-01", "reason": "again"}
    )
    assert answer.status_code == 200, answer.text

    async def summary(**asked: str) -> Any:
        told = await ground.get("/v1/coverage/summary", plane="p", **asked)
        return {row["grid"]: (row["customers"], row["buildings"]) for row in told["rows"]}

    assert await summary(at="2026-06-30") == {"G1": (1, 1), "G2": (0, 0)}
    assert await summary(at=DAY) == {"G1": (0, 0), "G2": (1, 1)}
    assert await summary(at=DAY, known_at=believed) == {"G1": (1, 1), "G2": (0, 0)}
    assert await summary(at="2026-08-01", known_at=believed) == {"G1": (1, 1), "G2": (0, 0)}
    assert await summary(at="2026-08-01") == {"N1": (0, 0), "N2": (1, 1)}

    async def households(**asked: str) -> Any:
        told = await ground.get("/v1/coverage/h3", plane="p", res=9, measure="households", by="grid", **asked)
        return [(cell["grid"], cell["value"]) for cell in told["cells"]]

    assert await households(at=DAY) == [("G2", 120)]
    assert await households(at=DAY, known_at=believed) == [("G1", 100)]

    place = {"lng": 116.005, "lat": 24.005, "crs": "wgs84", "plane": "p", "at": "2026-08-01"}
    assert (await ground.get("/v1/locate", **place))["grid"]["code"] == "N1"
    assert (await ground.get("/v1/locate", **place, known_at=believed))["grid"]["code"] == "G1"


async def test_grids_keep_the_day_on_which_somebody_made_sure_of_them(ground: Any, database: Any) -> None:
    await ground.load("grids", f"code,wkt,核实日期\nG1,{WEST},2026-04-03\nG2,{EAST},\n", plane="p")
    query = text(
        "SELECT DISTINCT code, confirmed_on::text FROM grids JOIN plan_grids USING (grid_id) ORDER BY code"
    )
    async with database.transaction(ground.api.org_id) as connection:
        found = [tuple(row) for row in await connection.execute(query)]
    assert found == [("G1", "2026-04-03"), ("G2", None)]
