"""Penetration by grid, area, class and building, and customers stacked at one point."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
from typing import Any

import pytest


def _box(lng: float, lat: float = 24.005) -> str:
    west, east, south, north = lng - 0.0005, lng + 0.0005, lat - 0.0005, lat + 0.0005
    return f'"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"'


BUILDINGS = (
    "id,name,wkt,households,ports,ports_used\n"
    f"B1,塔一,{_box(116.003)},10,8,4\n"
    f"B2,塔二,{_box(116.006)},30,24,2\n"
    f"B3,east,{_box(116.015)},20,16,8\n"
    f"B4,shed,{_box(116.018)},,,\n"
    f"B5,far,{_box(117.0)},5,4,1\n"
)
ACCOUNTS = (
    "id,lng,lat,building,segment,net_status\n"
    "a1,116.003,24.005,B1,home,on_net\n"
    "a2,116.003,24.005,B1,home,on_net\n"
    "a3,116.003,24.005,B1,business,on_net\n"
    "a4,116.006,24.005,B2,home,off_net\n"
    "a5,116.015,24.005,B3,home,on_net\n"
    "a6,116.018,24.005,B4,home,on_net\n"
    # Three more at one point inside B3, which do not name it.
    "a7,116.0152,24.005,,home,on_net\n"
    "a8,116.0152,24.005,,home,off_net\n"
    "a9,116.0152,24.005,,home,prospect\n"
    # Three at one point under the open sky.
    "c1,116.0005,24.0005,,home,on_net\n"
    "c2,116.0005,24.0005,,home,on_net\n"
    "c3,116.0005,24.0005,,home,on_net\n"
)


async def _loaded(ground: Any) -> None:
    await ground.load("buildings", BUILDINGS)
    await ground.load("accounts", ACCOUNTS)


async def test_penetration_of_grids_areas_classes_and_buildings(ground: Any) -> None:
    await _loaded(ground)
    told = await ground.get("/v1/markets/penetration", plane="p", at="2026-05-02")
    rows = {row["group"]: row for row in told["rows"]}
    assert list(rows) == ["G1", "G2", None]
    assert (rows["G1"]["households"], rows["G1"]["on_net"], rows["G1"]["penetration"]) == (40, 3, 0.075)
    assert (rows["G1"]["buildings_with_any"], rows["G1"]["share_with_any"]) == (1, 0.5)
    assert rows["G1"]["port_use"] == pytest.approx(6 / 32)
    # B4 has a customer and no known households: it counts as a building with any, not in the ratio.
    assert (rows["G2"]["on_net"], rows["G2"]["penetration"]) == (2, 0.05)
    assert (rows["G2"]["buildings_with_any"], rows["G2"]["share_with_any"]) == (2, 1.0)
    assert (rows[None]["buildings"], rows[None]["penetration"]) == (1, 0.0)
    assert (told["total"]["buildings"], told["total"]["households"], told["total"]["on_net"]) == (5, 65, 5)

    for by, groups in (("area", ["N", "S", None]), ("class", ["A", "B", None])):
        told = await ground.get("/v1/markets/penetration", plane="p", by=by, at="2026-05-02")
        assert [(row["group"], row["on_net"]) for row in told["rows"]] == list(
            zip(groups, (3, 2, 0), strict=True)
        )
    by_building = {"plane": "p", "by": "building", "at": "2026-05-02", "limit": 3}
    told = await ground.get("/v1/markets/penetration", **by_building)
    assert [(row["group"], row["grid"], row["penetration"]) for row in told["rows"]] == [
        ("B1", "G1", 0.3),
        ("B2", "G1", 0.0),
        ("B3", "G2", 0.05),
    ]
    told = await ground.get("/v1/markets/penetration", **by_building, token=told["next"])
    assert [row["group"] for row in told["rows"]] == ["B4", "B5"]
    homes = await ground.get("/v1/markets/penetration", plane="p", at="2026-05-02", segment="home")
    assert homes["total"]["on_net"] == 4


async def test_groups_page_to_the_last_and_open_in_a_spreadsheet(ground: Any) -> None:
    await _loaded(ground)
    seen, token = [], {}
    for _ in range(3):
        page = await ground.get("/v1/markets/penetration", plane="p", at="2026-05-02", limit=1, **token)
        seen += [row["group"] for row in page["rows"]]
        token = {"token": page["next"]}
    assert (seen, page["next"]) == (["G1", "G2", None], None)
    table = await ground.api.get(
        "/v1/markets/penetration", params={"plane": "p", "by": "building", "format": "csv"}
    )
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [(row["group"], row["name"], row["grid"]) for row in rows[:2]] == [
        ("B1", "塔一", "G1"),
        ("B2", "塔二", "G1"),
    ]


async def test_penetration_of_another_day_and_of_what_was_believed(ground: Any) -> None:
    await _loaded(ground)
    believed = dt.datetime.now(dt.UTC).isoformat()
    await asyncio.sleep(0.01)
    await ground.load(
        "accounts",
        "id,lng,lat,building,segment,net_status\na4,116.006,24.005,B2,home,on_net\n",
        since="2026-06-01",
    )
    more = f"id,wkt,households\nB1,{_box(116.003)},20\n"
    await ground.load("buildings", more, since="2026-07-01")

    async def first(**asked: str) -> Any:
        row = (await ground.get("/v1/markets/penetration", plane="p", **asked))["rows"][0]
        return row["on_net"], row["households"]

    assert await first(at="2026-05-31") == (3, 40)
    assert await first(at="2026-06-30") == (4, 40)
    assert await first(at="2026-07-01") == (4, 50)
    assert await first(at="2026-07-01", known_at=believed) == (3, 40)


async def test_stacks_are_many_customers_at_one_point_of_a_building(ground: Any) -> None:
    await _loaded(ground)
    asked: dict[str, Any] = {"min": 3, "at": "2026-05-02", "plane": "p"}
    told = await ground.get("/v1/markets/stacks", **asked)
    assert [(row["building"], row["grid"], row["most"], row["points"]) for row in told["rows"]] == [
        ("B1", "G1", 3, 1),
        ("B3", "G2", 3, 1),
    ]
    assert (told["rows"][1]["lng"], told["rows"][1]["on_net"]) == (116.0152, 1)
    page = await ground.get("/v1/markets/stacks", **asked, limit=1)
    page = await ground.get("/v1/markets/stacks", **asked, limit=1, token=page["next"])
    assert ([row["building"] for row in page["rows"]], page["next"]) == (["B3"], None)
    assert (await ground.get("/v1/markets/stacks", min=4, at="2026-05-02"))["rows"] == []
    assert (await ground.get("/v1/markets/stacks", min=3, at="2026-04-30"))["rows"] == []


async def test_a_plane_without_ground_has_no_penetration(empty: Any) -> None:
    await empty.api.post("/v1/planes", {"code": "upper", "kind": "list", "rules": ["named_list"]})
    answer = await empty.api.get("/v1/markets/penetration", params={"plane": "upper"})
    assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (422, "no-ground")
    wrong = await empty.api.get("/v1/buildings", params={"grid": "G1"})
    assert (wrong.status_code, wrong.json()["type"].split("/")[-1]) == (422, "missing-plane")
