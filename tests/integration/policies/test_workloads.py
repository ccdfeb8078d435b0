"""What customers and grids weigh, told in parts that add up, as of a day and as known then."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

WAY_A = 60 * 0.7124 * 1.35 / (10 * 15)  # minutes to the next of 100 customers a km², by road at 15 km/h
WAY_B = 60 * 0.7124 * 1.45 / (2**0.5 * 35)
A1 = 4 * (30 + WAY_A) + 2 * 20  # tier A in class A, two prospects
A2 = 3 * (30 + WAY_A) + 40  # three visits of its own, one complaint
A3 = 4 * (40 + WAY_B)  # tier A in class B
AT = {"at": "2026-02-01"}


async def ask(api: Any, path: str, **asked: str) -> Any:
    return await api.told(path, **{**AT, **asked})


async def test_one_account_is_told_part_by_part(town: Any) -> None:
    told = (await ask(town, "/v1/accounts/a1/workload"))["planes"]
    assert [(one["plane"], one["grid"], one["class"]) for one in told] == [("p", "W", "A")]
    assert told[0]["minutes"] == pytest.approx(A1)
    assert sum(part["minutes"] for part in told[0]["parts"]) == pytest.approx(A1)
    visits, travel, prospects = told[0]["parts"][:3]
    assert visits["text"] == "4 visits a month (by tier A) × 30 min on the spot in class A"
    assert "0.7124/√100 km" in travel["text"]
    assert prospects["text"] == "2 prospects × 20 min in class A"
    assert "Daganzo 1984" in told[0]["why"]
    own = (await ask(town, "/v1/accounts/a2/workload", plane="p"))["planes"][0]
    assert own["parts"][0]["text"].startswith("3 visits a month (as the account itself says)")
    outside = (await ask(town, "/v1/accounts/a4/workload"))["planes"][0]
    assert (outside["status"], outside["grid"], outside["minutes"]) == ("outside", None, None)
    assert (await town.get("/v1/accounts/nobody/workload")).status_code == 404


async def test_a_grid_is_the_sum_of_its_customers(town: Any) -> None:
    told = await ask(town, "/v1/planes/p/grids/W/workload", top="1")
    assert (told["customers"], told["class"], told["policy"]) == (2, "A", "default")
    assert told["minutes"] == pytest.approx(A1 + A2)
    assert sum(part["minutes"] for part in told["parts"]) == pytest.approx(told["minutes"])
    assert sum(part["share"] for part in told["parts"]) == pytest.approx(1)
    assert told["parts"][0]["count"] == 7
    assert [(one["account"], one["tier"]) for one in told["top"]] == [("a1", "A")]
    assert told["top"][0]["minutes"] == pytest.approx(A1)
    assert (await town.get("/v1/planes/p/grids/X/workload", params=AT)).status_code == 404
    early = await town.get("/v1/planes/p/grids/W/workload", params={"at": "2025-12-31"})
    assert early.json()["type"].endswith("/no-plan-in-force")


async def test_an_owner_who_lives_away_has_a_way_to_go(town: Any) -> None:
    told = await ask(town, "/v1/planes/p/grids/W/workload")
    home = told["residence"]
    assert home["person"] == "p1"
    # A tenth of a degree of latitude, to customers who stand within 100 m of each other.
    assert home["distance_m"] == pytest.approx(11_076, rel=1e-3)
    assert home["minutes"] == pytest.approx(22 * 2 * home["distance_m"] / 1000 * 1.35 / 15 * 60)
    assert told["minutes_with_residence"] == pytest.approx(told["minutes"] + home["minutes"])
    assert (await ask(town, "/v1/planes/p/grids/E/workload"))["residence"] is None
    last = await ask(town, "/v1/planes/p/grids/W/workload", at="9999-12-31")
    assert last["residence"]["distance_m"] == pytest.approx(home["distance_m"])


async def test_every_grid_of_a_plane_as_a_table(town: Any) -> None:
    told = await ask(town, "/v1/planes/p/workload")
    assert [(row["grid"], row["class"], row["customers"]) for row in told["rows"]] == [
        ("E", "B", 1),
        ("W", "A", 2),
    ]
    assert [row["minutes"] for row in told["rows"]] == pytest.approx([A3, A1 + A2])
    assert told["minutes"] == pytest.approx(A1 + A2 + A3)
    table = await town.get("/v1/planes/p/workload", params={**AT, "format": "csv"})
    assert table.text.splitlines()[1].startswith("E,东,B,1,")


async def test_a_new_policy_weighs_from_its_day_and_is_not_known_before(town: Any) -> None:
    before = dt.datetime.now(dt.UTC).isoformat()
    document = {"name": "busy", "visits": {"A": 8, "C": 1}}
    body = {"from": "2026-03-01", "document": document}
    assert (await town.ask("PUT", "/v1/policies/workload", json=body)).status_code == 200
    path = "/v1/planes/p/grids/E/workload"
    assert (await ask(town, path))["minutes"] == pytest.approx(A3)
    assert (await ask(town, path, at="2026-03-01"))["minutes"] == pytest.approx(2 * A3)
    assert (await ask(town, path, at="2026-03-01", known_at=before))["minutes"] == pytest.approx(A3)


async def test_a_profile_that_changes_weighs_from_its_day(town: Any, load: Any) -> None:
    before = dt.datetime.now(dt.UTC).isoformat()
    await load("accounts", "id,lng,lat,tier\na3,116.015,24.005,C\n", crs="wgs84", since="2026-03-01")
    path = "/v1/accounts/a3/workload"
    assert (await ask(town, path))["planes"][0]["minutes"] == pytest.approx(A3)
    march = (await ask(town, path, at="2026-03-01"))["planes"][0]
    assert march["minutes"] == pytest.approx(A3 / 4)
    then = (await ask(town, path, at="2026-03-01", known_at=before))["planes"][0]
    assert then["minutes"] == pytest.approx(A3)


async def test_a_tier_that_came_after_the_policy_is_named_with_a_customer(town: Any, load: Any) -> None:
    body = {"from": "2026-01-01", "document": {"visits": {"A": 8, "C": 1}}}
    assert (await town.ask("PUT", "/v1/policies/workload", json=body)).status_code == 200
    await load("accounts", "id,lng,lat,tier\na9,116.015,24.005,Z\n", crs="wgs84")
    answer = await town.get("/v1/planes/p/grids/E/workload", params=AT)
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["tier"], problem["customers"]) == ("Z", 1)
    assert "'a9'" in problem["title"]
    assert (await town.get("/v1/planes/p/grids/W/workload", params=AT)).status_code == 200
