"""Who changed what: every change leaves one event, and one that was refused or done before leaves none."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text

from app.storage.database import Database
from app.storage.locks import one_import
from tests.integration.plans.conftest import RULES, TODAY, features, four, load, load_grids, loaded


@pytest.fixture
def events(database: Database, api: Any) -> Any:
    """The organisation's events in order: action, what it was about, who did it, from which request."""

    async def events() -> list[tuple[str, str, str, str | None]]:
        query = "SELECT action, subject_kind, actor, request_id FROM audit_events ORDER BY event_id"
        async with database.transaction(api.org_id) as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    return events


async def test_every_change_leaves_an_event(api: Any, events: Any) -> None:
    plane = {"code": "P", "kind": "place", "rules": RULES}
    for _ in range(2):  # the second time with the same key does nothing
        await api.post("/v1/planes", plane, headers={"Idempotency-Key": "plane"})
    assert (await api.post("/v1/planes", plane)).status_code == 409
    base = (await loaded(await load_grids(api, features(four()))))["plan"]
    assert (await load(api, "accounts", ("a.csv", b"id,name\n1,x\n"), crs="wgs84")).status_code == 422
    await loaded(await load(api, "accounts", ("a.csv", b"id,lng,lat\n1,116.01,24.01\n"), crs="wgs84"))
    plan = (await api.post("/v1/plans", {"plane": "P", "base": base})).json()["id"]
    day = (TODAY + dt.timedelta(days=30)).isoformat()
    for step, body in (
        ("validate", {"acknowledge": True}),
        ("publish", {"effective_from": day}),
        ("withdraw", {"from": day}),
    ):
        answer = await api.post(f"/v1/plans/{plan}/{step}", body)
        assert answer.status_code == 200, answer.text
    await api.done(await api.post(f"/v1/plans/{base}/rebalances", {"tolerance": 0.5, "time_limit": 5}))

    told = await events()
    assert [(action, kind) for action, kind, _, _ in told] == [
        ("org.create", "org"),
        ("key.create", "key"),
        ("plane.create", "plane"),
        ("import.grids", "import"),
        ("import.accounts", "import"),
        ("plan.create", "plan"),
        ("plan.validate", "plan"),
        ("plan.publish", "plan"),
        ("plan.withdraw", "plan"),
        ("plan.rebalance", "plan"),
    ]
    assert {actor for _, _, actor, _ in told[:2]} == {"operator"}
    assert {actor for _, _, actor, _ in told[2:]} == {"administrator"}
    asked = {action: request for action, _, _, request in told}
    assert all(asked[action] for action in ("plane.create", "plan.create", "plan.validate", "plan.publish"))


async def test_who_cancelled_a_job_is_kept(api: Any, events: Any, database: Database) -> None:
    # The import waits for this lock: it has not ended when it is cancelled.
    async with database.transaction(api.org_id) as holding:
        await one_import(holding, api.org_id)
        answer = await api.ask("POST", "/v1/imports/parties", files={"file": ("p.csv", b"id,name\nP1,one\n")})
        job = answer.json()["id"]
        assert (await api.delete(f"/v1/jobs/{job}")).status_code == 200
    assert (await api.ended(job))["status"] == "cancelled"
    assert [(action, actor) for action, _, actor, _ in await events()][2:] == [
        ("job.cancel", "administrator")
    ]


async def test_refused_rows_are_read_by_pages(api: Any, new_org: Any) -> None:
    rows = "id,name\n" + "".join(f"{n},\n" for n in range(5))
    answer = await load(api, "parties", ("p.csv", rows.encode()))
    assert answer.status_code == 201, answer.text
    path, seen, token = f"/v1/jobs/{answer.json()['id']}/rows", [], None
    while True:
        page = (await api.get(path, params={"limit": 2} | ({"token": token} if token else {}))).json()
        seen += [row["row"] for row in page["rows"]]
        token = page["next"]
        if token is None:
            break
    assert seen == [1, 2, 3, 4, 5]
    for bad in ("3", "²", "xx", "WyItMSJd", "WyJcdTAwMDAiXQ", "WyI5OTk5OTk5OTk5OTk5OTk5OTk5OSJd"):
        refused = await api.get(path, params={"token": bad})
        assert (refused.status_code, refused.json()["type"].rsplit("/")[-1]) == (422, "bad-token"), bad
    stranger = await new_org()
    for answer in (await stranger.get(path), await stranger.get(path.replace("rows", "events"))):
        assert answer.status_code == 404
