"""An operator that begins from a profile, loads what it has, puts plans in force and asks."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import pytest

from app.orgs import service as orgs
from app.profiles import service as profiles
from app.storage.database import Database
from tests.integration.conftest import Api

SINCE, DAY = "2026-01-01", "2026-03-01"
WEST, SOUTH, SIDE = 116.0, 24.0, 0.01


def ground(column: float, row: float, width: float = 1, height: float = 1) -> str:
    """A rectangle as quoted WKT, in sides of a grid."""
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    east, north = west + width * SIDE, south + height * SIDE
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return '"POLYGON((' + ",".join(f"{round(x, 9)} {round(y, 9)}" for x, y in corners) + '))"'


def spot(column: float, row: float) -> str:
    """``lng,lat`` of a place, in sides of a grid."""
    return f"{round(WEST + column * SIDE, 9)},{round(SOUTH + row * SIDE, 9)}"


@dataclass(frozen=True)
class Operator:
    """One organisation, over HTTP only."""

    api: Api

    async def load(self, kind: str, text: str, **fields: str) -> dict[str, Any]:
        """Load a CSV that is taken: the job's result, with the refused rows as ``why``."""
        return await self.api.load(kind, text, **({"since": SINCE} | fields))

    async def publish(self, plane: str, grids: str, since: str = SINCE) -> str:
        """Put a file of grids in force."""
        plan: str = (await self.load("grids", grids, plane=plane, since=since, crs="wgs84"))["plan"]
        return await self.in_force(plan, since)

    async def in_force(self, plan: str, since: str) -> str:
        await self.api.put_in_force(plan, since)
        return plan

    async def get(self, path: str, **asked: Any) -> dict[str, Any]:
        told: dict[str, Any] = await self.api.told(path, **({"at": DAY} | asked))
        return told

    async def put_policy(self, kind: str, document: Mapping[str, Any], since: str = SINCE) -> None:
        said = {"from": since, "document": document}
        answer = await self.api.ask("PUT", f"/v1/policies/{kind}", json=said)
        assert answer.status_code == 200, answer.text

    async def held(self, account: str, plane: str, **asked: Any) -> tuple[str, str | None, str | None]:
        """Status, grid and rule of an account."""
        told = await self.get(f"/v1/accounts/{account}/assignments", plane=plane, **asked)
        (one,) = told["assignments"]
        return one["status"], one["grid"], one["rule"]

    async def by_status(self, plane: str, **asked: Any) -> dict[str, int]:
        told = await self.get("/v1/coverage/summary", plane=plane, **asked)
        return {status: n for status, n in told["total"]["by_status"].items() if n}

    async def nothing_drifted(self, plane: str) -> None:
        """A full run from the first day writes nothing."""
        done = await self.api.done(await self.api.post(f"/v1/planes/{plane}/reassign", {"from": SINCE}))
        assert (done["inserted"], done["superseded"]) == (0, 0), done


Begin = Callable[[str], Awaitable[Operator]]


@pytest.fixture
def begin(client: httpx.AsyncClient, database: Database) -> Begin:
    """Makes an organisation from a profile."""

    async def begin(profile: str) -> Operator:
        furnish = partial(profiles.furnish, profiles.named(profile))
        org_id, key = await orgs.create(database, f"operator {uuid.uuid4().hex}", furnish=furnish)
        return Operator(Api(client, org_id, key))

    return begin
