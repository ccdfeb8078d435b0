"""Pay by a measure of what people owned, capped within areas."""

from __future__ import annotations

from typing import Any

import pytest

AREAS = "code,name,parent,kind\nC,city,,city\nB1,west,C,branch\nB2,east,C,branch\nS1,street,B1,community\n"
GRIDS = (
    "code,name,area,wkt\n"
    'G1,one,S1,"POLYGON((116 24,116.01 24,116.01 24.01,116 24.01,116 24))"\n'
    'G2,two,B1,"POLYGON((116.01 24,116.02 24,116.02 24.01,116.01 24.01,116.01 24))"\n'
    'G3,three,B2,"POLYGON((116.02 24,116.03 24,116.03 24.01,116.02 24.01,116.02 24))"\n'
)
RESPONSIBILITIES = (
    "grid,person,role,from,to\n"
    "G1,p1,owner,2026-01-01,\n"
    "G2,p2,owner,2026-01-01,2026-06-16\n"
    "G2,p3,owner,2026-06-16,\n"
    "G3,p3,owner,2026-01-01,\n"
    "G3,p1,stand_in,2026-01-01,\n"
)
ACCOUNTS = "id,lng,lat\na1,116.005,24.005\na2,116.015,24.005\na3,116.025,24.005\na4,116.5,24\n"
METRICS = (
    "account,month,measure,value\n"
    "a1,2026-06,revenue,600\na2,2026-06,revenue,300\na3,2026-06,revenue,1000\na4,2026-06,revenue,50\n"
)
POLICY = {"measure": "revenue", "rate": 0.1, "caps": {"B1": 45, "B2": 500}}


async def _paid(api: Any, load: Any, published: Any, policy: dict[str, Any] = POLICY) -> None:
    await load("areas", AREAS, since="2026-01-01")
    await published(grids=GRIDS)
    await load("people", "id,name\np1,一\np2,二\np3,三\n")
    await load("responsibilities", RESPONSIBILITIES, plane="p")
    await load("accounts", ACCOUNTS, crs="wgs84", since="2026-01-01")
    await load("metrics", METRICS)
    answer = await api.ask("PUT", "/v1/policies/pay", json={"from": "2026-01-01", "document": policy})
    assert answer.status_code == 200, answer.text


async def _pay(api: Any, **asked: Any) -> dict[str, Any]:
    answer = await api.get("/v1/planes/p/pay", params={"month": "2026-06"} | asked)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_pay_is_capped_within_a_branch_and_shared_by_days(api: Any, load: Any, published: Any) -> None:
    await _paid(api, load, published)
    told = await _pay(api, within="branch")
    people = {row["person"]: row for row in told["people"]}
    # B1: 60 + 15 + 15 = 90 is twice its cap of 45; B2: 100 is below its own.
    assert {row["area"]: (row["amount"], row["factor"], row["pay"]) for row in told["areas"]} == {
        "B1": (90, 0.5, 45),
        "B2": (100, 1, 100),
    }
    assert {who: (row["measure"], row["pay"]) for who, row in people.items()} == {
        "p1": (600, 30),
        "p2": (150, 7.5),
        "p3": (1150, 107.5),
    }
    assert (told["measure_total"], told["measure_unowned"]) == (1900, 0)
    table = await api.get("/v1/planes/p/pay", params={"month": "2026-06", "format": "csv"})
    assert len(table.text.splitlines()) == 5


async def test_without_a_kind_the_nearest_area_with_a_cap_counts(api: Any, load: Any, published: Any) -> None:
    await _paid(api, load, published, {"measure": "revenue", "caps": {"S1": 300, "C": 650}})
    told = await _pay(api)
    assert {row["area"]: (row["amount"], row["pay"]) for row in told["areas"]} == {
        "S1": (600, 300),
        "C": (1300, 650),
    }
    city = await _pay(api, within="city")
    assert city["areas"] == [
        {"area": "C", "cap": 650, "factor": pytest.approx(650 / 1900), "measure": 1900, "amount": 1900}
        | {"pay": pytest.approx(650)}
    ]
    assert city["caps_unused"] == ["S1"]


async def test_what_cannot_be_paid_is_said(api: Any, load: Any, published: Any) -> None:
    await _paid(api, load, published)
    for asked, kind in (
        ({"measure": "gold"}, "unknown-measure"),
        ({"month": "2026-05"}, "unknown-measure"),
        ({"within": "county"}, "unknown-area-kind"),
    ):
        answer = await api.get("/v1/planes/p/pay", params={"month": "2026-06"} | asked)
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"].endswith(f"/{kind}")
    bad = {"from": "2026-01-01", "document": {"caps": {"B1": -1}}}
    answer = await api.ask("PUT", "/v1/policies/pay", json=bad)
    assert answer.status_code == 422
    assert "caps.B1" in answer.text
