"""Two areas under a county: a town of class B with grids T1 T2, and the country around it with C1."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

SINCE = "2026-01-01"
GRIDS = (
    "code,name,area,class,owner,wkt\n"
    'T1,town west,T,,p1,"POLYGON((116 24,116.01 24,116.01 24.01,116 24.01,116 24))"\n'
    'T2,town east,T,{own},p2,"POLYGON((116.01 24,116.02 24,116.02 24.01,116.01 24.01,116.01 24))"\n'
    'C1,country,C,,p2,"POLYGON((116.02 24,116.04 24,116.04 24.01,116.02 24.01,116.02 24))"\n'
)
AREAS = "code,name,parent,kind,class\nH,county,,branch,B\nT,town,H,community,\nC,country,H,community,\n"
ACCOUNTS = (
    "id,lng,lat,tier\na1,116.005,24.005,A\na2,116.006,24.005,C\na3,116.015,24.005,A\na4,116.03,24.005,A\n"
)

Load = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def load(api: Any) -> Load:
    """Load a CSV that has to succeed: the job's result, with the refused rows as ``why``."""
    loaded: Load = api.load
    return loaded


@pytest.fixture
def county(api: Any, load: Load) -> Callable[..., Awaitable[str]]:
    """The county with its plane ``p``, whose plan is in force since the year began; ``own``: class of T2."""

    async def county(own: str = "", areas: str = AREAS) -> str:
        answer = await api.post("/v1/planes", {"code": "p", "kind": "place", "rules": ["point"]})
        assert answer.status_code == 201, answer.text
        await load("areas", areas, since=SINCE, **({"crs": "wgs84"} if "wkt" in areas else {}))
        await load("people", "id,name,capacity\np1,一,400\np2,二,300\n")
        await load("accounts", ACCOUNTS, crs="wgs84", since=SINCE)
        made = await load("grids", GRIDS.format(own=own), plane="p", crs="wgs84", since=SINCE)
        plan: str = made["plan"]
        await api.put_in_force(plan, SINCE)
        return plan

    return county
