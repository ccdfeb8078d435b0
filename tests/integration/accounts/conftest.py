"""Two grids side by side (W, E), an enterprise with two sites, a market, lists: in force since May began."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

MAY = "2026-05-01"
GRIDS = (
    "code,name,wkt\n"
    'W,西,"POLYGON((116 24,116.01 24,116.01 24.01,116 24.01,116 24))"\n'
    'E,东,"POLYGON((116.01 24,116.02 24,116.02 24.01,116.01 24.01,116.01 24))"\n'
)
ACCOUNTS = (
    "id,lng,lat,name,segment,tier,net_status,party,cluster,address,visits,备注\n"
    "a1,116.005,24.005,甲,business,A,on_net,works,,一路 1 号,2,老客户\n"
    "a2,116.015,24.005,乙,business,B,off_net,works,,,,\n"
    "a3,116.015,24.006,丙,business,C,prospect,,m1,,,\n"
    "h1,116.005,24.006,,household,C,on_net,,,,,\n"
)
Load = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def load(api: Any) -> Load:
    """Load a CSV that has to be taken in: the result, with refused rows as ``why`` (row → reason)."""

    async def load(kind: str, text: str, /, **fields: str) -> dict[str, Any]:
        told: dict[str, Any] = await api.load(kind, text, **({"since": MAY} | fields))
        return told

    return load


@pytest.fixture
def ask(api: Any) -> Callable[..., Awaitable[Any]]:
    """The body of an answer that has to be 200."""

    asked: Callable[..., Awaitable[Any]] = api.told
    return asked


@pytest.fixture
async def town(api: Any, load: Load) -> Any:
    """The town: plane ``p`` covers businesses, plan and customers hold since May began."""
    rules = ["lock", "named_list", "cluster", "building", "point", "region"]
    body = {"code": "p", "kind": "place", "rules": rules, "covers": {"segment": ["business"]}}
    assert (await api.post("/v1/planes", body)).status_code == 201
    plan = (await load("grids", GRIDS, plane="p", crs="wgs84"))["plan"]
    await api.put_in_force(plan, MAY)
    await load("parties", "id,name,uscc\nworks,机械厂,91350100M000100Y43\n")
    await load("clusters", "id,name,kind,grid\nm1,批发市场,market,W\n", plane="p")
    await load("accounts", ACCOUNTS, crs="wgs84")
    return api
