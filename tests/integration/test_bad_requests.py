"""Requests no client should send: each gets a problem that says what was wrong, and never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest

PLACE = {"code": "lower", "name": "Lower", "kind": "place", "rules": ["point"]}
PROBLEM = "application/problem+json"
JSON = {"Content-Type": "application/json"}


def refused(answer: Any, kind: str) -> None:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["type"].endswith(f"/{kind}"), answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/planes/a%00b",
        "/v1/plans?plane=%00",
        "/v1/accounts/%00/assignments",
        "/v1/accounts/%00/explain",
        "/v1/buildings/%00/assignments",
        "/v1/locate?lng=116&lat=24&crs=wgs84&plane=%00",
        "/v1/coverage/summary?plane=%00",
        "/v1/coverage/h3?plane=%00",
    ],
)
async def test_a_nul_character_in_an_address_is_refused(api: Any, path: str) -> None:
    refused(await api.get(path), "unstorable-value")


async def test_a_nul_character_in_a_body_is_refused_and_nothing_kept(api: Any) -> None:
    for plane in (
        {**PLACE, "code": "a\0"},
        {**PLACE, "name": "\0"},
        {**PLACE, "covers": {"tier": ["\0"]}},
    ):
        refused(await api.post("/v1/planes", plane), "unstorable-value")
    assert (await api.get("/v1/planes")).json()["planes"] == []


async def test_a_code_with_a_slash_is_read_back(api: Any) -> None:
    made = await api.post("/v1/planes", {**PLACE, "code": "城区/一 😀"})
    assert (await api.get("/v1/planes/%E5%9F%8E%E5%8C%BA%2F%E4%B8%80%20%F0%9F%98%80")).json() == made.json()


@pytest.mark.parametrize("ids", [r'["\ud800"]', "[" + "1" * 30 + "]", "[" * 100_000])
async def test_columns_that_no_answer_can_repeat_are_refused(api: Any, ids: str) -> None:
    await api.post("/v1/planes", PLACE)
    body = f'{{"crs":"wgs84","plane":"lower","lng":[NaN],"lat":[24],"id":{ids}}}'
    refused(await api.ask("POST", "/v1/assign", content=body, headers=JSON), "invalid-request")


async def test_an_endless_id_is_a_refused_row(api: Any) -> None:
    rows = f"id,lng,lat\n{'é' * 501},116.05,24.05\nx,116.05,24.05\n".encode()
    answer = await api.ask(
        "POST", "/v1/imports/accounts", files={"file": ("a.csv", rows)}, data={"crs": "wgs84"}
    )
    result = await api.done(answer)
    assert (result["accepted"], result["refused"]) == (1, 1)
    listed = (await api.get(f"/v1/jobs/{answer.json()['id']}/rows")).json()["rows"]
    assert [row["row"] for row in listed] == [1]
    assert "501 characters" in listed[0]["reason"]


async def test_a_ring_of_two_points_is_a_refused_row_even_of_a_draft(api: Any) -> None:
    await api.post("/v1/planes", PLACE)
    rings = {"A": [[116, 24], [116.1, 24], [116.1, 24.1], [116, 24]], "B": [[117, 24], [118, 24]]}
    file = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": code},
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
            for code, ring in rings.items()
        ],
    }
    answer = await api.ask(
        "POST",
        "/v1/imports/grids",
        files={"file": ("g.geojson", json.dumps(file).encode())},
        data={"crs": "wgs84", "plane": "lower", "on_findings": "draft"},
    )
    result = await api.done(answer)
    assert (result["accepted"], result["refused"]) == (1, 1)


@pytest.mark.parametrize(
    "features", [[5], 5, [{"geometry": 5}], [{"type": "Feature", "geometry": {"type": "Polygon"}}]]
)
async def test_units_that_are_no_geojson_fail_the_redraw_with_a_reason(api: Any, features: Any) -> None:
    await api.post("/v1/planes", PLACE)
    plan = (await api.post("/v1/plans", {"plane": "lower"})).json()["id"]
    wanted = {"units": {"mode": "polygons", "polygons": {"features": features}}}
    answer = await api.post(f"/v1/plans/{plan}/rebalances", wanted)
    if answer.status_code == 202:
        job = await api.ended(answer.json()["id"])
        assert job["problem"]["status"] == 422, job
    else:
        assert 400 <= answer.status_code < 500, answer.text


async def test_an_endless_tolerance_is_refused(api: Any) -> None:
    await api.post("/v1/planes", PLACE)
    plan = (await api.post("/v1/plans", {"plane": "lower"})).json()["id"]
    refused(await api.post(f"/v1/plans/{plan}/rebalances", {"tolerance": "inf"}), "invalid-request")
