"""Planes over HTTP; and with them that the service, its keys and its organisations' walls work at all."""

from typing import Any

PLACE = {
    "code": "lower",
    "name": "下层",
    "kind": "place",
    "rules": ["lock", "cluster", "building", "point", "region"],
}


async def test_a_plane_is_made_and_read_back(api: Any) -> None:
    made = await api.post("/v1/planes", PLACE)
    assert made.status_code == 201, made.text
    assert made.json()["rules"] == PLACE["rules"]
    assert (await api.get("/v1/planes/lower")).json() == made.json()
    assert [plane["code"] for plane in (await api.get("/v1/planes")).json()["planes"]] == ["lower"]


async def test_a_second_plane_of_one_code_is_a_conflict(api: Any) -> None:
    await api.post("/v1/planes", PLACE)
    assert (await api.post("/v1/planes", PLACE)).status_code == 409


async def test_another_organisation_has_no_such_plane(api: Any, new_org: Any) -> None:
    await api.post("/v1/planes", PLACE)
    other = await new_org()
    assert (await other.get("/v1/planes")).json() == {"planes": [], "next": None}
    assert (await other.get("/v1/planes/lower")).status_code == 404


async def test_without_a_key_nothing_is_answered(client: Any) -> None:
    answer = await client.get("/v1/planes")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_same_idempotency_key_twice_makes_one_plane(api: Any) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await api.post("/v1/planes", PLACE, headers=headers)
    second = await api.post("/v1/planes", PLACE, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    other = await api.post("/v1/planes", PLACE | {"code": "upper"}, headers=headers)
    assert other.status_code == 422


async def test_a_cancelled_job_that_does_not_exist_is_not_found(api: Any) -> None:
    answer = await api.delete("/v1/jobs/00000000-0000-0000-0000-000000000000")
    assert answer.status_code == 404
