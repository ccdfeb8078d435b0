"""Whose is this customer, with everything loaded, published and asked over HTTP, in any order."""

from __future__ import annotations

from typing import Any

import pytest
import shapely

from tests.integration.plans.conftest import (
    RULES,
    TODAY,
    features,
    load,
    load_grids,
    loaded,
    publish,
    published,
)

WEST, EAST = shapely.box(116.0, 24.0, 116.1, 24.1), shapely.box(116.1, 24.0, 116.2, 24.1)
ACROSS = shapely.box(116.0998, 24.05, 116.1004, 24.051)
"""A building, a third of it in the west."""
OUT = 116.2 + 500 / 101_700
"""500 m east of everything."""

ACCOUNTS = [
    "edge,116.1,24.02,,,",
    "tenant,116.0999,24.0505,B1,,",
    f"out,{OUT!r},24.05,,,",
    "vague,116.095,24.05,,,village",
    "village,116.05,24.05,,,village",
    "stall,116.05,24.05,,M1,",
    "key,116.05,24.06,,,",
]
EXPECTED = {
    "edge": ("G1", "assigned", "point", True),
    "tenant": ("G2", "assigned", "building", False),
    "out": (None, "outside", None, False),
    "vague": (None, "quarantined", None, False),
    "village": ("G1", "assigned", "region", False),
    "stall": ("G2", "assigned", "cluster", False),
    "key": ("G1", "assigned", "point", False),
}


async def _everything(api: Any, *, plan_first: bool, backwards: bool) -> None:
    """Two planes, their plans, a building, a market, a list and the customers, by imports."""
    for code, kind, rules in (("P", "place", RULES), ("upper", "list", ["named_list"])):
        made = await api.post("/v1/planes", {"code": code, "kind": kind, "rules": rules})
        assert made.status_code == 201, made.text
    grids = features(dict(sorted({"G1": WEST, "G2": EAST}.items(), reverse=backwards)))
    rows = ACCOUNTS[::-1] if backwards else ACCOUNTS
    names = await loaded(await load(api, "grids", ("l.csv", b"code,name\nL1,Key customers\n"), plane="upper"))
    drafts = [names["plan"], (await loaded(await load_grids(api, grids)))["plan"]]

    async def plans() -> None:
        for plan in drafts:
            ready = await api.post(f"/v1/plans/{plan}/validate", {"acknowledge": True})
            assert ready.status_code == 200, ready.text
            done = await publish(api, plan, TODAY)
            assert done.status_code == 200, done.text

    async def customers() -> None:
        await loaded(await load(api, "clusters", ("c.csv", b"id,name,grid\nM1,Market,G2\n"), plane="P"))
        building = f'id,wkt\nB1,"{ACROSS.wkt}"\n'.encode()
        await loaded(await load(api, "buildings", ("b.csv", building), crs="wgs84"))
        text = "id,lng,lat,building,cluster,geocode_level\n" + "\n".join(rows) + "\n"
        got = await loaded(await load(api, "accounts", ("a.csv", text.encode()), crs="wgs84"))
        assert (got["accepted"], got["refused"]) == (len(rows), 0)
        entry = b"account,grid,list\nkey,L1,key customers\n"
        await loaded(await load(api, "named-lists", ("n.csv", entry), plane="upper"))

    for step in (plans, customers) if plan_first else (customers, plans):
        await step()


async def _held(api: Any, account: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/accounts/{account}/assignments")
    assert answer.status_code == 200, answer.text
    return {row["plane"]: row for row in answer.json()["assignments"]}


@pytest.mark.parametrize("plan_first", [True, False], ids=["plan-first", "customers-first"])
@pytest.mark.parametrize("backwards", [False, True], ids=["in-order", "backwards"])
async def test_every_rule_decides_the_same_in_whatever_order_things_come(
    api: Any, plan_first: bool, backwards: bool
) -> None:
    await _everything(api, plan_first=plan_first, backwards=backwards)
    held = {account: await _held(api, account) for account in EXPECTED}
    got = {
        account: tuple(planes["P"][name] for name in ("grid", "status", "rule", "tie"))
        for account, planes in held.items()
    }
    assert got == EXPECTED
    # Rules are one thing, planes another: above, the list alone decides.
    above = {account: (planes["upper"]["grid"], planes["upper"]["rule"]) for account, planes in held.items()}
    assert above == dict.fromkeys(EXPECTED, (None, None)) | {"key": ("L1", "named_list")}
    assert {planes["upper"]["status"] for name, planes in held.items() if name != "key"} == {"unassigned"}

    assert held["edge"]["P"]["evidence"] == {"on_edge_of": ["G1", "G2"]}
    assert held["out"]["P"]["evidence"]["nearest"] == "G2"
    assert held["out"]["P"]["evidence"]["distance_m"] == pytest.approx(500, abs=5)
    building = (await api.get("/v1/buildings/B1/assignments")).json()["assignments"]
    assert [(row["plane"], row["grid"]) for row in building] == [("P", "G2")]


async def test_one_place_in_three_datums_is_in_one_grid_and_within_a_metre(api: Any) -> None:
    made = await api.post("/v1/planes", {"code": "P", "kind": "place", "rules": RULES})
    assert made.status_code == 201
    place = {
        "wgs84": (116.404, 39.915),
        "gcj02": (116.41024449916938, 39.91640428150164),
        "bd09": (116.41662724378733, 39.922699552216216),
    }

    async def located() -> list[dict[str, Any]]:
        answers = [
            await api.get("/v1/locate", params={"lng": x, "lat": y, "crs": crs, "plane": "P"})
            for crs, (x, y) in place.items()
        ]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.json() for answer in answers]

    unplanned = await located()
    assert [(one["grid"], one["plan"], one["nearest"], one["tie"]) for one in unplanned] == [
        (None, None, None, False)
    ] * 3
    assert len({one["h3"] for one in unplanned}) == 1

    # A grid whose edge is a metre and a half east of the place, and one that begins there.
    edge = 116.404 + 1.5 / 85_400
    plan = {"near": shapely.box(116.3, 39.9, edge, 39.95), "far": shapely.box(edge, 39.9, 116.5, 39.95)}
    first = await published(api, features(plan), TODAY)
    inside = await located()
    assert {one["grid"]["code"] for one in inside} == {"near"}
    assert {one["plan"] for one in inside} == {first}

    # Of grids that leave the place out, the nearest is as far from it in every datum, within a metre.
    await api.post("/v1/planes", {"code": "away", "kind": "place", "rules": RULES})
    await published(api, features({"E": shapely.box(116.41, 39.9, 116.5, 39.95)}), TODAY, plane="away")
    answers = [
        (await api.get("/v1/locate", params={"lng": x, "lat": y, "crs": crs, "plane": "away"})).json()
        for crs, (x, y) in place.items()
    ]
    far = [one["nearest"]["distance_m"] for one in answers]
    assert max(far) - min(far) < 1
    missing = await api.get("/v1/locate", params={"lng": 116.4, "lat": 39.9, "plane": "P"})
    assert missing.status_code == 422
    assert missing.headers["content-type"] == "application/problem+json"
