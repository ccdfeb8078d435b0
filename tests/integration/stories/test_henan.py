"""Henan: everyone in one plane on the ground, key accounts on a list; no crowd at one point is believed."""

from __future__ import annotations

import numpy as np

from tests.integration.stories.conftest import Begin, Operator, ground, spot

GRIDS = "code,name,wkt\n" + "".join(
    f"HN-{column + 4 * row + 1:04d},grid,{ground(column, row)}\n" for row in range(3) for column in range(4)
)
SPREAD, CROWD, STACK = 240, 40, 35


def _accounts() -> str:
    """20 customers in each of 12 grids, a crowd at one point, a stack of tenants in one house."""
    rng = np.random.default_rng(5)
    rows = ["id,lng,lat,segment,tier,geocode_level,building"]
    for number in range(SPREAD):
        column, row = number % 12 % 4, number % 12 // 4
        x, y = rng.uniform(0.05, 0.95, 2)
        segment, tier = ("business", "A") if number < 6 else ("household", "C")
        rows.append(f"s{number},{spot(column + x, row + y)},{segment},{tier},point,")
    rows += [f"c{number},{spot(1.5, 1.5)},household,C,point," for number in range(CROWD)]
    rows += [f"t{number},{spot(2.5, 1.5)},household,C,building,B1" for number in range(STACK)]
    return "\n".join(rows) + "\n"


async def _operator(begin: Begin) -> Operator:
    henan = await begin("nation")
    await henan.publish("grid", GRIDS)
    await henan.publish("key", "code,name\nK1,key accounts\n")
    await henan.load("buildings", f"id,wkt,households\nB1,{ground(2.4, 1.4, 0.2, 0.2)},70\n", crs="wgs84")
    done = await henan.load("accounts", _accounts(), crs="wgs84")
    assert (done["accepted"], done["refused"]) == (SPREAD + CROWD + STACK, 0)
    await henan.load("named-lists", "account,grid,list,from\ns0,K1,key,2026-01-01\n", plane="key")
    return henan


async def test_a_crowd_at_one_point_is_quarantined_and_a_stack_in_a_house_is_not(begin: Begin) -> None:
    henan = await _operator(begin)
    assert await henan.by_status("grid") == {"assigned": SPREAD + STACK, "quarantined": CROWD}
    assert await henan.by_status("key") == {
        "assigned": 1,
        "unassigned": 5,
        "uncovered": SPREAD + CROWD + STACK - 6,
    }
    points = (await henan.get("/v1/planes/grid/quarantine/points"))["points"]
    assert [(one["quarantined"], one["at_point"]) for one in points] == [(CROWD, CROWD)]
    stacks = (await henan.get("/v1/markets/stacks", min=30))["rows"]
    assert [(one["building"], one["most"]) for one in stacks] == [("B1", STACK)]
    cells = await henan.get("/v1/coverage/h3", plane="grid", res=7)
    assert sum(cell["value"] for cell in cells["cells"]) == SPREAD + STACK + CROWD
    rows = (await henan.get("/v1/coverage/summary", plane="grid"))["rows"]
    assert {row["grid"]: row["customers"] for row in rows} == {
        f"HN-{n:04d}": 20 + (STACK if n == 7 else 0) for n in range(1, 13)
    }
    await henan.nothing_drifted("grid")


async def test_better_coordinates_resolve_the_crowd_from_their_day(begin: Begin) -> None:
    henan = await _operator(begin)
    better = "id,lng,lat,geocode_level\n" + "".join(
        f"c{n},{spot(0.1 + 0.02 * n, 0.5)},point\n" for n in range(30)
    )
    done = await henan.load("accounts", better, crs="wgs84", since="2026-02-15")
    assert done["refused"] == 0
    assert await henan.by_status("grid", at="2026-02-14") == {
        "assigned": SPREAD + STACK,
        "quarantined": CROWD,
    }
    # The ten who are left are no crowd any more: their place is believed again.
    assert await henan.by_status("grid") == {"assigned": SPREAD + STACK + CROWD}
    assert await henan.held("c0", "grid") == ("assigned", "HN-0001", "point")
    assert await henan.held("c39", "grid") == ("assigned", "HN-0006", "point")
    account = await henan.get("/v1/accounts/c0")
    assert account["profile"]["segment"] == "household"
    await henan.nothing_drifted("grid")


async def test_a_planner_who_knows_the_crowd_lets_it_stand(begin: Begin) -> None:
    henan = await _operator(begin)
    lng, lat = map(float, spot(1.5, 1.5).split(","))
    said = {"lng": lng, "lat": lat, "crs": "wgs84", "verdict": "genuine", "from": "2026-02-01"}
    answer = await henan.api.ask("PUT", "/v1/geocodes/piles", json=said)
    assert answer.status_code in (200, 202), answer.text
    if answer.status_code == 202:
        await henan.api.done(answer)
    assert (await henan.by_status("grid", at="2026-01-31"))["quarantined"] == CROWD
    assert await henan.by_status("grid") == {"assigned": SPREAD + STACK + CROWD}
    await henan.nothing_drifted("grid")
