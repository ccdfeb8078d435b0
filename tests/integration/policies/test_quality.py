"""What is missing and what is stale, of each tier, record by record and rolled up."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.integration.policies.conftest import GRIDS, SINCE

AT = {"plane": "p", "at": "2026-02-01"}
BUILDINGS = (
    "id,name,households,confirmed,wkt\n"
    'b1,一号楼,40,2026-01-20,"POLYGON((116.001 24.001,116.002 24.001,116.002 24.002,116.001 24.001))"\n'
    'b2,,,,"POINT(116.012 24.002)"\n'
)
CLUSTERS = "id,name,kind,grid\nc1,建材市场,market,W\nc2,园区,,\n"


async def ask(api: Any, path: str, **asked: Any) -> Any:
    return await api.told(f"/v1/quality/{path}", **{**AT, **asked})


async def need(api: Any, **document: Any) -> None:
    body = {"from": "2026-01-01", "document": document}
    answer = await api.ask("PUT", "/v1/policies/completeness", json=body)
    assert answer.status_code == 200, answer.text


async def missing(api: Any, tier: str, **asked: Any) -> dict[str, list[str]]:
    return {one["id"]: one["missing"] for one in (await ask(api, "records", tier=tier, **asked))["records"]}


async def test_of_each_customer_what_its_tier_and_segment_need(town: Any) -> None:
    also = [
        {"tier": ["A"], "needed": ["uscc", "attributes.services"]},
        {"segment": ["household"], "needed": ["building"]},
    ]
    await need(town, customer={"needed": ["name", "exact_place"], "also": also})
    assert await missing(town, "customer") == {
        "a1": ["uscc", "attributes.services"],
        "a2": [],
        "a3": ["name", "uscc", "attributes.services"],
        "a4": ["building"],
    }
    assert await missing(town, "customer", missing="name") == {"a3": ["name", "uscc", "attributes.services"]}
    assert set(await missing(town, "customer", missing="any")) == {"a1", "a3", "a4"}
    assert set(await missing(town, "customer", grid="W")) == {"a1", "a2"}
    assert set(await missing(town, "customer", area="TE")) == {"a3"}
    unknown = await town.get("/v1/quality/records", params={**AT, "tier": "customer", "missing": "shoes"})
    assert unknown.json()["type"].endswith("/unknown-field")


async def test_what_is_loaded_is_no_longer_missing(town: Any, load: Any) -> None:
    await need(town, customer={"needed": ["uscc", "attributes.services", "address"]})
    head = "id,lng,lat,address,services,uscc"
    row = "a3,116.015,24.005,东街1号,宽带,91350100M000100Y43"
    await load("accounts", f"{head}\n{row}\n", crs="wgs84")
    found = await missing(town, "customer")
    assert found["a3"] == []
    assert found["a1"] == ["uscc", "attributes.services", "address"]


async def test_the_other_tiers_say_what_they_lack(town: Any, load: Any) -> None:
    await load("buildings", BUILDINGS, crs="wgs84")
    await load("clusters", CLUSTERS, plane="p")
    policy = {
        "grid": {"needed": ["owner", "class", "area", "code"]},
        "building": {"needed": ["name", "households", "footprint"]},
        "cluster": {"needed": ["kind", "owner", "members"]},
    }
    await need(town, **policy)
    body = {"from": "2026-01-01", "document": {"grid": "{area}-{number:2}"}}
    await town.ask("PUT", "/v1/policies/codes", json=body)
    assert await missing(town, "grid") == {"E": ["owner", "code"], "W": ["code"]}
    assert await missing(town, "building") == {"b1": [], "b2": ["name", "households", "footprint"]}
    assert await missing(town, "cluster") == {"c1": ["members"], "c2": ["kind", "owner", "members"]}


async def test_a_record_is_stale_when_it_was_long_not_confirmed(town: Any, load: Any) -> None:
    also = [{"tier": ["A"], "stale_after_days": 30}]
    await need(town, customer={"needed": [], "stale_after_days": 100, "also": also})
    row = "id,lng,lat,confirmed\n{},116.005,24.005,2026-01-10\n"
    for account in ("a1", "a2"):
        await load("accounts", row.format(account), crs="wgs84")
    told = await ask(town, "records", tier="customer", at="2026-02-09")
    by_id = {one["id"]: one for one in told["records"]}
    assert [(by_id[a]["confirmed"], by_id[a]["days"], by_id[a]["stale"]) for a in ("a1", "a2")] == [
        ("2026-01-10", 30, False),
        ("2026-01-10", 30, False),
    ]
    stale = await ask(town, "records", tier="customer", at="2026-02-10", stale="true")
    assert [one["id"] for one in stale["records"]] == ["a1"]
    later = await ask(town, "records", tier="customer", at="2026-04-21", stale="true")
    assert {"a1", "a2"} <= {one["id"] for one in later["records"]}
    # Without a confirmation it is the day on which it last changed: when it was loaded.
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date().isoformat()
    assert by_id["a3"]["confirmed"] == today


async def test_it_is_rolled_up_by_grid_and_by_area(town: Any) -> None:
    await need(town, customer={"needed": ["name", "visits"]}, grid={"needed": ["owner"]})
    told = await ask(town, "summary", by="grid")
    assert [one["tier"] for one in told["tiers"]] == ["grid", "building", "cluster", "customer"]
    customers = told["tiers"][3]
    assert customers["needed"] == ["name", "visits"]
    rows = {row["grid"]: row for row in customers["rows"]}
    assert {grid: (row["records"], row["complete"]) for grid, row in rows.items()} == {
        "E": (1, 0),
        "W": (2, 1),
        None: (1, 0),
    }
    assert rows["E"]["missing"] == {"name": 1, "visits": 1}
    total = customers["total"]
    assert (total["records"], total["complete"], total["missing"]) == (4, 1, {"name": 1, "visits": 3})
    assert total["completeness"] == pytest.approx(0.25)
    by_area = (await ask(town, "summary", by="area", tier="grid"))["tiers"]
    assert [(row["area"], row["complete"]) for row in by_area[0]["rows"]] == [("TE", 0), ("TW", 1)]
    table = await town.get("/v1/quality/summary", params={**AT, "tier": "customer", "format": "csv"})
    assert table.content.decode("utf-8-sig").splitlines()[0].split(",")[-2:] == [
        "missing name",
        "missing visits",
    ]


async def test_records_come_a_page_at_a_time_and_as_a_table(town: Any) -> None:
    first = await ask(town, "records", tier="customer", limit=3)
    second = await ask(town, "records", tier="customer", limit=3, token=first["next"])
    ids = [one["id"] for page in (first, second) for one in page["records"]]
    assert len(first["records"]) == 3
    assert sorted(ids) == ["a1", "a2", "a3", "a4"]
    assert second["next"] is None
    table = await town.get(
        "/v1/quality/records", params={**AT, "tier": "customer", "format": "csv", "limit": 2}
    )
    lines = table.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "id,name,grid,area,missing,confirmed,days,stale"
    assert len(lines) == 3
    assert lines[1].split(",")[0] == ids[0]
    assert table.headers["Gridwright-Next"]
    foreign = await town.get(
        "/v1/quality/records",
        params={**AT, "tier": "customer", "token": table.headers["Gridwright-Next"] + "x"},
    )
    assert foreign.json()["type"].endswith("/bad-token")


async def test_whom_the_plane_does_not_cover_is_not_its_business(town: Any, load: Any) -> None:
    plane = {"code": "q", "kind": "place", "rules": ["point"], "covers": {"segment": ["business"]}}
    assert (await town.post("/v1/planes", plane)).status_code == 201
    assert (await ask(town, "summary", plane="q", tier="grid"))["plan"] is None
    await town.put_in_force((await load("grids", GRIDS, plane="q", crs="wgs84"))["plan"], SINCE)
    assert set(await missing(town, "customer", plane="q")) == {"a1", "a2", "a3"}
    assert set(await missing(town, "customer")) == {"a1", "a2", "a3", "a4"}
