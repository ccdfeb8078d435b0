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
        told: dict[str, Any] = await self.api.load(kind, text, **({"crs": "wgs84", "since": SINCE} | fields))
        return told

    async def get(self, path: str, **params: Any) -> Any:
        """The answer's document."""
        return await self.api.told(path, **params)

    async def plane(self, code: str = "p", since: str = SINCE, **body: Any) -> None:
        """A plane whose plan with the two grids is in force since then."""
        rules = {"rules": ["lock", "named_list", "cluster", "building", "point", "region"]}
        answer = await self.api.post("/v1/planes", {"code": code, "kind": "place", **rules, **body})
        assert answer.status_code == 201, answer.text
        await self.load("areas", AREAS, since="2020-01-01")
        plan = (await self.load("grids", GRIDS, plane=code))["plan"]
        await self.api.put_in_force(plan, since)


@pytest.fixture
def empty(api: Any) -> Ground:
    return Ground(api)


@pytest_asyncio.fixture
async def ground(api: Any) -> Ground:
    made = Ground(api)
    await made.plane()
    return made
