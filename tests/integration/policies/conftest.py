"""A town with two grids side by side (W of class A, E of class B), customers, and an owner who lives away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

SINCE = "2026-01-01"
AREAS = "code,name,kind,class\nTW,西区,branch,A\nTE,东区,branch,B\n"
PEOPLE = "id,name,lng,lat\np1,一,116.005,24.105\n"
GRIDS = (
    "code,name,area,owner,wkt\n"
    'W,西,TW,p1,"POLYGON((116 24,116.01 24,116.01 24.01,116 24.01,116 24))"\n'
    'E,东,TE,,"POLYGON((116.01 24,116.02 24,116.02 24.01,116.01 24.01,116.01 24))"\n'
)
ACCOUNTS = (
    "id,lng,lat,name,segment,tier,net_status,visits,prospects,complaints\n"
    "a1,116.005,24.005,甲,business,A,on_net,,2,\n"
    "a2,116.006,24.005,乙,business,C,off_net,3,,1\n"
    "a3,116.015,24.005,,business,A,on_net,,,\n"
    "a4,116.5,24.005,丁,household,C,on_net,,,\n"
)
Load = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def load(api: Any) -> Load:
    """Load a CSV that has to succeed: the job's result."""

    async def load(kind: str, text: str, /, **fields: str) -> dict[str, Any]:
        told: dict[str, Any] = await api.load(kind, text, **({"since": SINCE} | fields))
        assert told["refused"] == 0, told["why"]
        return told

    return load


@pytest.fixture
async def town(api: Any, load: Load) -> Any:
    """The town in force since the year began, in the plane ``p``."""
    rules = ["lock", "building", "point", "region"]
    answer = await api.post("/v1/planes", {"code": "p", "kind": "place", "rules": rules})
    assert answer.status_code == 201, answer.text
    await load("areas", AREAS)
    await load("people", PEOPLE, crs="wgs84")
    await load("accounts", ACCOUNTS, crs="wgs84")
    await api.put_in_force((await load("grids", GRIDS, plane="p", crs="wgs84"))["plan"], SINCE)
    return api
