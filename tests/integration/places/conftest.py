"""A plane with two grids beside each other, and files to load into it."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio

SINCE = "2026-05-01"
GRIDS = """code,name,class,area,wkt
G1,west,A,N,"POLYGON((116 24,116.01 24,116.01 24.01,116 24.01,116 24))"
G2,east,B,S,"POLYGON((116.01 24,116.02 24,116.02 24.01,116.01 24.01,116.01 24))"
"""
AREAS = "code,name,kind\nN,north,branch\nS,south,branch\n"


class Ground:
    """An organisation that loads files and asks."""

    def __init__(self, api: Any) -> None:
        self.api = api

    async def load(self, kind: str, text: str, **fields: str) -> dict[str, Any]:
        """Load a CSV: the job's result, with the refused rows as ``why`` (row → reason)."""
        answer = await self.api.ask(
            "POST",
            f"/v1/imports/{kind}",
            params={"wait": "true"},
            data={"crs": "wgs84", "since": SINCE, **fields},
            files={"file": (f"{kind}.csv", text.encode())},
        )
        assert answer.status_code == 201, answer.text
        job = answer.json()
        rows = (await self.api.get(f"/v1/jobs/{job['id']}/rows")).json()["rows"]
        return {**job["result"], "why": {row["row"]: row["reason"] for row in rows}}

    async def get(self, path: str, **params: Any) -> Any:
        """The answer's document."""
        answer = await self.api.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def plane(self, code: str = "p", since: str = SINCE, **body: Any) -> None:
        """A plane whose plan with the two grids is in force since then."""
        rules = {"rules": ["lock", "named_list", "cluster", "building", "point", "region"]}
        answer = await self.api.post("/v1/planes", {"code": code, "kind": "place", **rules, **body})
        assert answer.status_code == 201, answer.text
        await self.load("areas", AREAS, since="2020-01-01")
        plan = (await self.load("grids", GRIDS, plane=code))["plan"]
        answer = await self.api.post(f"/v1/plans/{plan}/validate", {"acknowledge": True})
        assert answer.status_code == 200, answer.text
        body = {"effective_from": since, "reason": "begun then"}
        answer = await self.api.post(f"/v1/plans/{plan}/publish", body)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def empty(api: Any) -> Ground:
    return Ground(api)


@pytest_asyncio.fixture
async def ground(api: Any) -> Ground:
    made = Ground(api)
    await made.plane()
    return made
