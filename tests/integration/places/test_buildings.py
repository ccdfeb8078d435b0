"""Buildings that move and fill up over time, asked as of a day and as known."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
from typing import Any

WEST = "POLYGON((116.004 24.004,116.006 24.004,116.006 24.006,116.004 24.006,116.004 24.004))"
# Three quarters of it stand in G2.
ACROSS = "POLYGON((116.009 24.004,116.013 24.004,116.013 24.006,116.009 24.006,116.009 24.004))"
HEAD = "id,name,wkt,households,ports,ports_used,confirmed\n"
ACCOUNTS = (
    "id,lng,lat,building,tier,net_status\n"
    "a1,116.0051,24.005,B1,A,on_net\n"
    "a2,116.0051,24.005,B1,C,on_net\n"
    "a3,116.0052,24.005,B1,C,off_net\n"
    "a4,116.0001,24.0001,,C,on_net\n"
)


async def _grid(ground: Any, of: str, at: str) -> Any:
    held = (await ground.get(f"/v1/{of}/assignments", at=at, plane="p"))["assignments"]
    return held[0]["grid"] if held else None


async def test_a_building_moves_from_a_day_on_and_its_customers_with_it(ground: Any) -> None:
    await ground.load("buildings", f'{HEAD}B1,tower,"{WEST}",100,64,10,2026-04-01\n')
    await ground.load("accounts", ACCOUNTS)
    before = dt.datetime.now(dt.UTC).isoformat()
    await asyncio.sleep(0.01)
    moved = await ground.load("buildings", f'{HEAD}B1,tower,"{ACROSS}",120,64,20,\n', since="2026-07-01")
    assert moved["changed"] == 1

    assert await _grid(ground, "buildings/B1", "2026-06-30") == "G1"
    assert await _grid(ground, "buildings/B1", "2026-07-01") == "G2"
    assert await _grid(ground, "accounts/a1", "2026-06-30") == "G1"
    assert await _grid(ground, "accounts/a1", "2026-07-01") == "G2"
    assert await _grid(ground, "accounts/a4", "2026-07-01") == "G1"

    june = await ground.get("/v1/buildings/B1", at="2026-06-30")
    july = await ground.get("/v1/buildings/B1", at="2026-07-01")
    believed = await ground.get("/v1/buildings/B1", at="2026-07-01", known_at=before)
    assert (june["from"], june["to"], june["households"]) == (None, "2026-07-01", 100)
    assert (july["from"], july["to"], july["households"]) == ("2026-07-01", None, 120)
    assert believed["households"] == 100
    assert june["geometry"] == believed["geometry"] != july["geometry"]
    assert july["confirmed"] == "2026-04-01"
    assert july["planes"][0]["shares"] == {"G1": 0.25, "G2": 0.75}
    assert june["planes"][0]["shares"] == {"G1": 1.0}

    versions = (await ground.get("/v1/buildings/B1/history"))["versions"]
    assert [(one["from"], one["to"]) for one in versions] == [(None, "2026-07-01"), ("2026-07-01", None)]


async def test_a_building_knows_its_customers_and_how_many_households_it_reaches(ground: Any) -> None:
    await ground.load("buildings", f'{HEAD}B1,tower,"{WEST}",100,64,10,\nB2,shed,"{ACROSS}",,,,\n')
    await ground.load("accounts", ACCOUNTS)
    told = await ground.get("/v1/buildings/B1", at="2026-05-02")
    assert told["customers"] == {
        "total": 3,
        "by_net_status": {"off_net": 1, "on_net": 2},
        "by_tier": {"A": 1, "C": 2},
    }
    assert (told["on_net"], told["penetration"], told["any_on_net"]) == (2, 0.02, True)
    assert told["stack"] == {"points": 2, "most": {"lng": 116.0051, "lat": 24.005, "customers": 2}}

    # The day before the customers came, and one of them leaves the network later.
    assert (await ground.get("/v1/buildings/B1", at="2026-04-30"))["customers"]["total"] == 0
    await ground.load(
        "accounts",
        "id,lng,lat,building,tier,net_status\na1,116.0051,24.005,B1,A,off_net\n",
        since="2026-06-01",
    )
    assert (await ground.get("/v1/buildings/B1", at="2026-05-31"))["on_net"] == 2
    assert (await ground.get("/v1/buildings/B1", at="2026-06-01"))["on_net"] == 1
    empty = await ground.get("/v1/buildings/B2", at="2026-06-01")
    assert (empty["penetration"], empty["any_on_net"], empty["stack"]["most"]) == (None, False, None)


async def test_lists_of_buildings_page_filter_and_open_in_a_spreadsheet(ground: Any) -> None:
    await ground.load(
        "buildings",
        f'{HEAD}B1,塔楼,"{WEST}",100,64,10,\nB2,shed,"{ACROSS}",,,,\nB3,far,"POINT(117 25)",,,,\n',
    )
    first = await ground.get("/v1/buildings", plane="p", limit=2)
    assert [(one["id"], one["grid"]) for one in first["buildings"]] == [("B1", "G1"), ("B2", "G2")]
    rest = await ground.get("/v1/buildings", plane="p", limit=2, token=first["next"])
    assert [(one["id"], one["grid"]) for one in rest["buildings"]] == [("B3", None)]
    assert rest["next"] is None

    def ids(answer: Any) -> list[str]:
        return [one["id"] for one in answer["buildings"]]

    assert ids(await ground.get("/v1/buildings", plane="p", grid="G2")) == ["B2"]
    assert ids(await ground.get("/v1/buildings", bbox="116.9,24.9,117.1,25.1")) == ["B3"]
    wrong = await ground.api.get("/v1/buildings", params={"plane": "p", "grid": "G9"})
    assert (wrong.status_code, wrong.json()["type"].split("/")[-1]) == (404, "unknown-grid")

    table = await ground.api.get("/v1/buildings", params={"format": "csv", "limit": 1})
    assert table.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [(row["id"], row["name"]) for row in rows] == [("B1", "塔楼")]
    assert table.headers["Gridwright-Next"]


async def test_what_is_not_there(ground: Any) -> None:
    for path, kind in (
        ("/v1/buildings/nope", "unknown-building"),
        ("/v1/buildings/nope/history", "unknown-building"),
        ("/v1/clusters/nope", "unknown-cluster"),
        ("/v1/regions/nope", "unknown-region"),
    ):
        answer = await ground.api.get(path)
        assert (answer.status_code, answer.json()["type"].split("/")[-1]) == (404, kind)


async def test_a_file_without_a_column_leaves_it_and_the_same_file_writes_nothing(ground: Any) -> None:
    file = f'{HEAD}B1,tower,"{WEST}",100,64,10,\n'
    await ground.load("buildings", file)
    assert (await ground.load("buildings", file, since="2026-09-01"))["changed"] == 0
    ports = f'id,wkt,ports_used\nB1,"{WEST}",30\n'
    done = await ground.load("buildings", ports, since="2026-06-01")
    assert done["changed"] == 1
    assert "assignments" not in done
    told = await ground.get("/v1/buildings/B1", at="2026-06-01")
    assert (told["name"], told["households"], told["ports_used"]) == ("tower", 100, 30)
    assert (await ground.get("/v1/buildings/B1", at="2026-05-31"))["ports_used"] == 10


async def test_more_ports_in_use_than_there_are_is_kept_and_said(ground: Any) -> None:
    done = await ground.load("buildings", f'{HEAD}B1,tower,"{WEST}",100,8,8,\nB2,,"{ACROSS}",1,8,9,\n')
    assert done["accepted"] == 2
    assert [(one["kind"], one["rows"]) for one in done["warnings"]] == [("ports-used", [2])]
