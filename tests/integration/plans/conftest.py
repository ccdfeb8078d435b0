"""Four grids of a city, in a file, in a draft, in force."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest_asyncio
import shapely

WEST, SOUTH, SIDE = 116.0, 24.0, 0.02
# Days of the organisation, which is in Shanghai: never yesterday there.
TODAY = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()
FIRST = TODAY + dt.timedelta(days=20)

RULES = ["lock", "named_list", "cluster", "building", "point", "region"]


def square(column: int, row: int, *, west: float = 0.0, east: float = 0.0) -> shapely.Polygon:
    """A square of the city, its western and eastern edge shifted by degrees."""
    x, y = WEST + column * SIDE, SOUTH + row * SIDE
    edges = (round(x + west, 9), round(y, 9), round(x + SIDE + east, 9), round(y + SIDE, 9))
    return shapely.box(*edges)


def four(**changed: shapely.Geometry) -> dict[str, shapely.Geometry]:
    """G1 G2 below, G3 G4 above; edge-matched unless changed."""
    return {"G1": square(0, 0), "G2": square(1, 0), "G3": square(0, 1), "G4": square(1, 1)} | changed


def features(grids: Mapping[str, Any], **columns: Mapping[str, Any]) -> bytes:
    """A GeoJSON file of grids; ``columns`` are further properties by code."""
    made = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(shape)) if shape is not None else None,
            "properties": {"code": code.split("#")[0]}
            | {name: values[code] for name, values in columns.items() if code in values},
        }
        for code, shape in grids.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": made}).encode()


async def load(api: Any, kind: str, file: tuple[str, bytes], **fields: str) -> httpx.Response:
    """The outcome of an import: 201 with the job, or the problem that it ended in."""
    answer = await api.ask(
        "POST", f"/v1/imports/{kind}", params={"wait": "true"}, files={"file": file}, data=fields
    )
    assert isinstance(answer, httpx.Response)
    return answer


async def load_grids(api: Any, content: bytes, plane: str = "P", **fields: str) -> httpx.Response:
    return await load(api, "grids", ("grids.geojson", content), crs="wgs84", plane=plane, **fields)


async def loaded(answer: httpx.Response) -> dict[str, Any]:
    """The result of an import that went well."""
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


async def draft(api: Any, content: bytes, **fields: str) -> str:
    """A draft of these grids."""
    plan: str = (await loaded(await load_grids(api, content, **fields)))["plan"]
    return plan


async def validated(api: Any, content: bytes, **fields: str) -> str:
    """A validated plan of these grids."""
    plan = await draft(api, content, **fields)
    answer = await api.post(f"/v1/plans/{plan}/validate", {"acknowledge": True})
    assert answer.status_code == 200, answer.text
    return plan


async def publish(api: Any, plan: str, day: dt.date, **more: Any) -> httpx.Response:
    answer = await api.post(f"/v1/plans/{plan}/publish", {"effective_from": day.isoformat(), **more})
    assert isinstance(answer, httpx.Response)
    return answer


async def published(api: Any, content: bytes, day: dt.date, **fields: str) -> str:
    """A plan of these grids that is in force from the day."""
    plan = await validated(api, content, **fields)
    answer = await publish(api, plan, day)
    assert answer.status_code == 200, answer.text
    return plan


@pytest_asyncio.fixture
async def city(api: Any) -> Any:
    """An organisation with a plane P and without a plan."""
    made = await api.post("/v1/planes", {"code": "P", "kind": "place", "rules": RULES})
    assert made.status_code == 201, made.text
    return api
