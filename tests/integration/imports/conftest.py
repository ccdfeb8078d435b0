"""Handing files in, as a client of the API does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from app.orgs import service as orgs
from app.storage.database import Database

Send = Callable[..., Awaitable[httpx.Response]]
Load = Callable[..., Awaitable[dict[str, Any]]]

GRIDS = b"""code,name,wkt
G1,west,"POLYGON((116 24,116.01 24,116.01 24.01,116 24.01,116 24))"
G2,east,"POLYGON((116.01 24,116.02 24,116.02 24.01,116.01 24.01,116.01 24))"
"""


@pytest.fixture
def send(api: Any) -> Send:
    """Hand a file in: kind, name, bytes or text, then fields of the form; the answer as it comes."""

    async def send(
        kind: str,
        file: str,
        content: bytes | str,
        /,
        *,
        key: str | None = None,
        wait: bool = True,
        **fields: str,
    ) -> httpx.Response:
        answer: httpx.Response = await api.ask(
            "POST",
            f"/v1/imports/{kind}",
            params={"wait": "true"} if wait else {},
            data=fields,
            files={"file": (file, content.encode() if isinstance(content, str) else content)},
            headers={"Idempotency-Key": key} if key else {},
        )
        return answer

    return send


@pytest.fixture
def load(api: Any) -> Load:
    """Load a CSV that has to succeed: the job's result, with the refused rows as ``why`` (row → reason)."""

    loaded: Load = api.load
    return loaded


@pytest.fixture
def planned(api: Any, load: Load) -> Callable[[], Awaitable[None]]:
    """A place plane ``p`` and a list plane ``u``, each with a draft of grids G1 and G2."""

    async def planned() -> None:
        for code, kind, rules in (
            ("p", "place", ["lock", "named_list", "cluster", "building", "point", "region"]),
            ("u", "list", ["named_list", "cluster"]),
        ):
            answer = await api.post("/v1/planes", {"code": code, "kind": kind, "rules": rules})
            assert answer.status_code == 201, answer.text
        await load("grids", GRIDS, plane="p", crs="wgs84", name="first")
        await load("grids", "code,name\nG1,one\nG2,two\n", plane="u", name="lists")

    return planned


@pytest.fixture
def in_force(api: Any, database: Database, planned: Any) -> Callable[[], Awaitable[None]]:
    """The planes of ``planned``; the plan of ``p`` is in force from today."""

    async def in_force() -> None:
        await planned()
        plan = (await api.get("/v1/plans", params={"plane": "p"})).json()["plans"][0]["id"]
        assert (await api.post(f"/v1/plans/{plan}/validate", {"acknowledge": True})).status_code == 200
        async with database.transaction(api.org_id) as connection:
            day = (await orgs.today(connection, api.org_id)).isoformat()
        answer = await api.post(f"/v1/plans/{plan}/publish", {"effective_from": day})
        assert answer.status_code == 200, answer.text

    return in_force
