"""Policies are dated, corrected without forgetting, and held against the customers there are."""

from __future__ import annotations

import datetime as dt
from typing import Any

VISITS = {"A": 8, "B": 2, "C": 1}


async def put(api: Any, kind: str, document: dict[str, Any], since: str = "2026-01-01") -> Any:
    return await api.ask("PUT", f"/v1/policies/{kind}", json={"from": since, "document": document})


async def held(api: Any, kind: str, **asked: str) -> dict[str, Any]:
    answer = await api.get(f"/v1/policies/{kind}", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_without_a_policy_the_default_holds_and_is_told_whole(api: Any) -> None:
    found = await held(api, "workload")
    assert (found["default"], found["document"], found["from"]) == (True, None, None)
    assert found["effective"]["visits"]["A"] == 4
    listed = (await api.get("/v1/policies")).json()["policies"]
    assert {"workload", "geocodes", "classes", "codes"} <= {one["kind"] for one in listed}
    assert (await api.get("/v1/policies/wages")).json()["type"].endswith("/unknown-policy")


async def test_a_policy_holds_from_its_day_until_the_next(api: Any) -> None:
    assert (await put(api, "workload", {"visits": VISITS}, "2026-06-01")).json()["to"] is None
    earlier = (await put(api, "workload", {"name": "spring"}, "2026-03-01")).json()
    assert earlier == {"kind": "workload", "changed": True, "from": "2026-03-01", "to": "2026-06-01"}
    assert (await held(api, "workload", at="2026-02-28"))["default"] is True
    assert (await held(api, "workload", at="2026-05-31"))["document"] == {"name": "spring"}
    june = await held(api, "workload", at="2026-06-01")
    assert june["document"] == {"visits": VISITS}
    assert june["effective"]["visits"] == {**VISITS, "": 0.5}
    again = (await put(api, "workload", {"name": "spring"}, "2026-03-01")).json()
    assert again["changed"] is False
    versions = (await api.get("/v1/policies/workload/versions")).json()["versions"]
    assert [(one["from"], one["to"]) for one in versions] == [
        ("2026-03-01", "2026-06-01"),
        ("2026-06-01", None),
    ]


async def test_a_correction_leaves_what_was_believed(api: Any) -> None:
    await put(api, "workload", {"name": "first"})
    before = dt.datetime.now(dt.UTC).isoformat()
    await put(api, "workload", {"name": "second"})
    assert (await held(api, "workload", at="2026-02-01"))["document"] == {"name": "second"}
    assert (await held(api, "workload", at="2026-02-01", known_at=before))["document"] == {"name": "first"}
    listed = (await api.get("/v1/policies", params={"at": "2026-02-01", "known_at": before})).json()
    assert [one["document"] for one in listed["policies"] if one["kind"] == "workload"] == [{"name": "first"}]


async def test_a_policy_may_be_yaml(api: Any) -> None:
    body = "from: 2026-01-01\nreason: new year\ndocument:\n  name: 2026-01-01\n  visits: {A: 4, B: 2, 1: 1}\n"
    headers = {"Content-Type": "application/yaml"}
    answer = await api.ask("PUT", "/v1/policies/workload", content=body.encode(), headers=headers)
    assert answer.status_code == 200, answer.text
    found = (await held(api, "workload"))["document"]
    assert found == {"name": "2026-01-01", "visits": {"A": 4, "B": 2, "1": 1}}
    broken = await api.ask("PUT", "/v1/policies/workload", content=b"from: [", headers=headers)
    assert broken.status_code == 422
    assert "no YAML" in broken.json()["title"]
    unquoted = b"from: 2026-01-01\ndocument:\n  visits: {no: 4}\n"
    refused = await api.ask("PUT", "/v1/policies/workload", content=unquoted, headers=headers)
    assert "document.visits has the key False: put names in quotes" in refused.json()["title"]


async def test_a_bad_document_is_refused_with_the_place(api: Any) -> None:
    answer = await put(api, "workload", {"classes": {"A": {"speed_kmh": 0}}})
    assert answer.status_code == 422
    assert answer.json()["column"] == "classes.A.speed_kmh"
    assert (await put(api, "geocodes", {"radius_m": {"street": -1}})).status_code == 422
    missing = await api.ask("PUT", "/v1/policies/workload", json={"document": {}})
    assert missing.status_code == 422
    assert "body.from" in missing.json()["title"]
    nul = await put(api, "workload", {"name": "\0"})
    assert nul.json()["type"].endswith("/unstorable-value")
    assert (await held(api, "workload"))["default"] is True


async def test_a_tier_in_use_cannot_be_left_out(town: Any) -> None:
    answer = await put(town, "workload", {"visits": {"C": 1}})
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["type"].endswith("/unknown-tier")
    assert (problem["column"], problem["tier"], problem["customers"]) == ("visits", "A", 2)
    assert (await held(town, "workload"))["default"] is True
    # Before any customer was known, nobody had the tier.
    await put(town, "workload", {"visits": VISITS}, "2026-01-01")
    assert (await put(town, "workload", {"visits": {"C": 1}}, "2025-01-01")).json()["to"] == "2026-01-01"


async def test_a_workload_names_only_tiers_that_are_listed(town: Any) -> None:
    short = await put(town, "codes", {"tiers": ["A", "B"]})
    assert (short.json()["column"], short.json()["tier"], short.json()["customers"]) == ("tiers", "C", 2)
    assert (await put(town, "codes", {"tiers": ["A", "B", "C"]})).status_code == 200
    answer = await put(town, "workload", {"visits": {**VISITS, "D": 1}})
    assert answer.status_code == 422
    assert (answer.json()["column"], answer.json()["tier"]) == ("visits.D", "D")
    assert (await put(town, "workload", {"visits": VISITS})).status_code == 200
    wider = await put(town, "codes", {"segments": ["business"]})
    assert wider.json()["type"].endswith("/unknown-segment")


async def test_a_policy_put_twice_with_one_key_is_put_once(api: Any) -> None:
    body = {"from": "2026-01-01", "document": {"name": "once"}, "reason": "year's targets"}
    answers = [
        await api.ask("PUT", "/v1/policies/workload", json=body, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [answer.json()["changed"] for answer in answers] == [True, True]


async def test_a_wider_radius_decides_again_from_its_day(town: Any, load: Any) -> None:
    doubtful = "id,lng,lat,geocode_level\nd1,116.0075,24.005,street\n"
    await load("accounts", doubtful, crs="wgs84")

    async def status(**asked: str) -> str:
        rows = (await town.get("/v1/accounts/d1/assignments", params=asked)).json()["assignments"]
        said: str = rows[0]["status"]
        return said

    assert await status(at="2026-04-01") == "assigned"
    before = dt.datetime.now(dt.UTC).isoformat()
    answer = await put(town, "geocodes", {"radius_m": {"street": 400}}, "2026-04-01")
    result = await town.done(answer)
    assert result["policy"] == {"kind": "geocodes", "changed": True, "from": "2026-04-01", "to": None}
    assert [one["plane"] for one in result["reassigned"]] == ["p"]
    assert await status(at="2026-04-01") == "quarantined"
    assert await status(at="2026-03-31") == "assigned"
    assert await status(at="2026-04-01", known_at=before) == "assigned"


async def test_a_customer_of_a_tier_that_is_not_listed_is_a_refused_row(town: Any) -> None:
    assert (await put(town, "codes", {"tiers": ["A", "B", "C"]})).status_code == 200
    rows = "id,lng,lat,tier\nb1,116.005,24.005,B\nb2,116.005,24.005,D\nb3,116.005,24.005,\n"
    answer = await town.ask(
        "POST",
        "/v1/imports/accounts",
        params={"wait": "true"},
        data={"crs": "wgs84", "since": "2026-01-01"},
        files={"file": ("accounts.csv", rows.encode())},
    )
    job = answer.json()
    assert (job["result"]["accepted"], job["result"]["refused"]) == (2, 1)
    refused = (await town.get(f"/v1/jobs/{job['id']}/rows")).json()["rows"]
    assert [(row["row"], row["id"]) for row in refused] == [(2, "b2")]
    assert "tier: 'D' is not one of A, B, C; add it to the policy codes first" in refused[0]["reason"]
