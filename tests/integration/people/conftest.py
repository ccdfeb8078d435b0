"""A plane ``p`` with grids G1 G2 G3 side by side, in force since the year began."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

SINCE = "2026-01-01"


def square(west: float) -> str:
    """A square of a hundredth of a degree, whose western edge is so many hundredths east of 116."""
    a, b = 116 + west / 100, 116 + (west + 1) / 100
    return f'"POLYGON(({a} 24,{b} 24,{b} 24.01,{a} 24.01,{a} 24))"'


GRIDS = "code,name,wkt\n" + "".join(f"G{n + 1},grid {n + 1},{square(n)}\n" for n in range(3))

Load = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def load(api: Any) -> Load:
    """Load a CSV that has to succeed: the job's result, with the refused rows as ``why``."""
    loaded: Load = api.load
    return loaded


Published = Callable[..., Awaitable[str]]


@pytest.fixture
def published(api: Any, load: Load) -> Published:
    """Put a file of grids in force in a plane that is made for it; the plan."""

    async def published(
        code: str = "p",
        grids: str = GRIDS,
        kind: str = "place",
        rules: tuple[str, ...] = ("point",),
        since: str = SINCE,
    ) -> str:
        answer = await api.post("/v1/planes", {"code": code, "kind": kind, "rules": rules})
        assert answer.status_code == 201, answer.text
        placed = {"crs": "wgs84"} if kind == "place" else {}
        made = await load("grids", grids, plane=code, since=since, **placed)
        plan: str = made["plan"]
        await api.put_in_force(plan, since)
        return plan

    return published
