"""A plane with two grids beside each other, and crowds of customers to load into it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest_asyncio

CENTRE = (116.005, 24.005)
GRIDS = """code,name,wkt
G1,west,"POLYGON((116 24,116.01 24,116.01 24.01,116 24.01,116 24))"
G2,east,"POLYGON((116.01 24,116.02 24,116.02 24.01,116.01 24.01,116.01 24))"
"""
SINCE = "2026-05-01"

Load = Callable[..., Awaitable[dict[str, Any]]]


class Ground:
    """The organisation with its grids in force since May, and a policy by which three are a crowd."""

    def __init__(self, api: Any, database: Any) -> None:
        self.api = api
        self.database = database

    async def load(self, kind: str, text: str, **fields: str) -> dict[str, Any]:
        """Load a CSV that has to succeed: the job's result."""
        result: dict[str, Any] = await self.api.load(kind, text, **({"crs": "wgs84"} | fields))
        assert not result["refused"], result
        return result

    async def crowd(
        self, *names: str, at: tuple[float, float] = CENTRE, level: str = "point", since: str = SINCE
    ) -> dict[str, Any]:
        """Customers at one point."""
        rows = [f"{name},{at[0]},{at[1]},{level}" for name in names]
        return await self.load("accounts", "\n".join(["id,lng,lat,geocode_level", *rows]), since=since)

    async def held(self, account: str, day: str = SINCE, **asked: str) -> tuple[str, str | None]:
        """Status and grid of an account in the plane on a day."""
        answer = await self.api.get(f"/v1/accounts/{account}/assignments", params={"at": day, **asked})
        (row,) = answer.json()["assignments"]
        return row["status"], row["grid"]

    async def piles(self, day: str = SINCE, **asked: str) -> list[dict[str, Any]]:
        """The piles on a day."""
        answer = await self.api.get("/v1/geocodes/piles", params={"at": day, **asked})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["piles"]
        return found

    async def policy(self, document: dict[str, Any], since: str) -> None:
        """Put a geocode policy in force, and wait for what it decides anew."""
        answer = await self.api.ask(
            "PUT", "/v1/policies/geocodes", json={"from": since, "document": document}
        )
        assert answer.status_code in (200, 202), answer.text
        if answer.status_code == 202:
            await self.api.done(answer)


@pytest_asyncio.fixture
async def ground(api: Any, database: Any) -> Ground:
    """Grids G1 and G2 of plane ``p`` in force since May; three customers at one point are a pile."""
    made = Ground(api, database)
    rules = ["lock", "named_list", "cluster", "building", "point", "region"]
    assert (await api.post("/v1/planes", {"code": "p", "kind": "place", "rules": rules})).status_code == 201
    plan = (await made.load("grids", GRIDS, plane="p", name="first"))["plan"]
    await made.policy({"pile": {"customers": 3}}, "2020-01-01")
    assert (await api.post(f"/v1/plans/{plan}/validate", {"acknowledge": True})).status_code == 200
    answer = await api.post(
        f"/v1/plans/{plan}/publish", {"effective_from": SINCE, "reason": "from the start"}
    )
    assert answer.status_code in (200, 202), answer.text
    if answer.status_code == 202:
        await api.done(answer)
    return made
