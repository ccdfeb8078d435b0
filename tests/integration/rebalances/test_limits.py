"""What cannot be done comes with the best plan and the reason; what makes no sense is refused."""

from __future__ import annotations

from typing import Any

from tests.integration.conftest import Api
from tests.integration.plans.conftest import draft, features, square
from tests.integration.rebalances.conftest import PLANE, Town


async def _report(town: Town, **wanted: Any) -> dict[str, Any]:
    answer = await town.api.post(f"/v1/plans/{town.plan}/rebalances", {"time_limit": 20, "seed": 1} | wanted)
    report: dict[str, Any] = (await town.api.done(answer))["report"]
    return report


def _kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit("/")[-1]


async def test_a_cap_that_is_too_low_says_what_would_do(town: Town) -> None:
    report = await _report(town, max_moved=0.01)
    assert not report["feasible"]
    assert report["moved"]["share"]["customers"] <= 0.01
    assert report["violation"] <= report["before"]["violation"]
    [cap] = [one for one in report["certificates"] if one["kind"] == "cap"]
    assert report["bound"]["share"] > 0.01
    assert cap["message"]


async def test_tolerance_nought_gives_the_nearest_plan(town: Town) -> None:
    # Of 201 customers no two grids have the same number.
    await town.api.load("accounts", "id,lng,lat\none more,116.11,24.31\n", crs="wgs84")
    report = await _report(town, tolerance=0.0, weights=["minutes"], time_limit=4)
    assert not report["feasible"]
    load = {row["grid"]: abs(row["deviation"]["minutes"]) for row in report["grids"]}
    before = {row["grid"]: abs(row["deviation"]["minutes"]) for row in report["before"]["grids"]}
    assert load["A1"] < before["A1"]


async def test_two_weights_at_tolerances_of_their_own(town: Town) -> None:
    report = await _report(
        town, weights=["customers", "minutes"], tolerance={"customers": 0.1, "minutes": 0.05}
    )
    assert report["feasible"]
    assert report["tolerance"] == {"customers": 0.1, "minutes": 0.05}
    rows = [row for row in report["grids"] if row["class"] == "A"]
    assert all(abs(row["deviation"]["customers"]) <= 0.1 + 1e-9 for row in rows)
    assert all(abs(row["deviation"]["minutes"]) <= 0.05 + 1e-9 for row in rows)
    # Customers are customers, whatever is balanced.
    assert sum(row["customers"] for row in report["grids"]) == 250
    assert sum(row["buildings"] for row in report["grids"]) == 63
    assert all(row["minutes"] > row["customers"] for row in report["grids"])


async def test_nobody_and_nothing_to_redraw(api: Api) -> None:
    await api.post("/v1/planes", {"code": "P", "kind": "place", "rules": ["point"]})
    empty = (await api.post("/v1/plans", {"plane": "P", "base": None, "name": "empty"})).json()["id"]
    assert _kind(await api.post(f"/v1/plans/{empty}/rebalances", {})) == (422, "empty-plan")
    bare = await draft(api, features({"A1": square(0, 0), "A2": square(1, 0)}))
    job = await api.ended((await api.post(f"/v1/plans/{bare}/rebalances", {})).json()["id"])
    assert (job["status"], job["problem"]["type"].rsplit("/")[-1]) == ("failed", "no-demand")
    assert job["problem"]["status"] == 422
    await api.post("/v1/planes", {"code": "L", "kind": "list", "rules": ["named_list"]})
    of_lists = (await api.post("/v1/plans", {"plane": "L", "base": None, "name": "lists"})).json()["id"]
    assert _kind(await api.post(f"/v1/plans/{of_lists}/rebalances", {})) == (422, "no-ground")


async def test_a_measure_that_was_loaded_is_balanced(town: Town) -> None:
    rows = "".join(f"c{n},2026-01,revenue,{1 + n % 3}\n" for n in range(200))
    await town.api.load("metrics", "account,month,measure,value\n" + rows)
    # The south has none, so it is left alone.
    report = await _report(town, weights=["revenue"])
    assert report["feasible"]
    assert report["left_alone"] == ["B1"]
    assert {row["grid"]: abs(row["deviation"]["revenue"]) <= 0.05 + 1e-9 for row in report["grids"]} == {
        "A1": True,
        "A2": True,
    }


async def test_a_measure_that_nobody_has_is_no_work(town: Town) -> None:
    month = "2026-01"
    rows = "account,month,measure,value\n" + "".join(f"c{n},{month},revenue,0\n" for n in range(5))
    await town.api.load("metrics", rows)
    answer = await town.api.post(f"/v1/plans/{town.plan}/rebalances", {"weights": ["revenue"]})
    job = await town.api.ended(answer.json()["id"])
    assert (job["status"], job["problem"]["type"].rsplit("/")[-1]) == ("failed", "no-demand")
    assert len((await town.api.told("/v1/plans", plane=PLANE))["plans"]) == 1


async def test_a_published_plan_is_redrawn_into_a_draft_and_stays(town: Town) -> None:
    await town.api.put_in_force(town.plan, "2026-11-01")
    report = await _report(town)
    assert report["feasible"]
    listed = (await town.api.told("/v1/plans", plane=PLANE))["plans"]
    assert sorted(one["status"] for one in listed) == ["draft", "published"]
    base = next(one["id"] for one in listed if one["status"] == "published")
    assert {one["base"] for one in listed} == {None, base}
