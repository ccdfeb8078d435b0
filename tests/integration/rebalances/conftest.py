"""A small town, loaded over HTTP as an operator would: three grids, of which two are far from even."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest_asyncio
import shapely
from shapely.geometry import mapping

from tests.integration.conftest import Api

WEST, SOUTH, SIDE = 116.10, 24.30, 0.02
"""The south-west corner of A1; grids are squares of about 2 km."""

PLANE = "lower"


@dataclass(frozen=True)
class Town:
    """The organisation, its plan in draft, and what stands where."""

    api: Api
    plan: str
    footprints: Any


def _features(shapes: list[Any], rows: list[dict[str, Any]]) -> bytes:
    features = [
        {"type": "Feature", "geometry": mapping(shape), "properties": row}
        for shape, row in zip(shapes, rows, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def grids() -> tuple[list[Any], list[dict[str, Any]]]:
    """A1 and A2 side by side, B1 south of both; edge-matched."""
    a1 = shapely.Polygon(
        [(WEST, SOUTH), (WEST + SIDE, SOUTH), (WEST + SIDE, SOUTH + SIDE), (WEST, SOUTH + SIDE)]
    )
    a2 = shapely.transform(a1, lambda c: np.round(c + np.array([SIDE, 0]), 9))
    b1 = shapely.Polygon(
        [
            (WEST, SOUTH - SIDE), (WEST + 2 * SIDE, SOUTH - SIDE), (WEST + 2 * SIDE, SOUTH),
            (WEST + SIDE, SOUTH), (WEST, SOUTH),
        ]
    )  # fmt: skip
    shapes = [shapely.transform(shape, lambda c: np.round(c, 9)) for shape in (a1, a2, b1)]
    return shapes, [{"code": "A1", "class": "A"}, {"code": "A2", "class": "A"}, {"code": "B1", "class": "B"}]


def _scattered(rng: np.random.Generator, number: int, west: float, south: float) -> Any:
    return np.round(rng.uniform(0.001, SIDE - 0.001, (number, 2)) + np.array([west, south]), 9)


async def load(api: Api, kind: str, file_name: str, content: bytes, **form: Any) -> dict[str, Any]:
    """Load one file and wait for the job's result."""
    answer = await api.post(f"/v1/imports/{kind}", files={"file": (file_name, content)}, data=form)
    return await api.done(answer)


@pytest_asyncio.fixture
async def town(api: Api) -> Town:
    """The town of the test's own organisation."""
    return await make_town(api)


async def make_town(api: Api) -> Town:
    """160 customers in A1 and 40 in A2 (1.6 and 0.4 of a load), 50 in B1, every fourth in a building."""
    rng = np.random.default_rng(1)
    made = await api.post("/v1/planes", {"code": PLANE, "kind": "place", "rules": ["building", "point"]})
    assert made.status_code == 201, made.text
    shapes, rows = grids()
    loaded = await load(
        api, "grids", "g.geojson", _features(shapes, rows), plane=PLANE, crs="wgs84", name="old"
    )
    spots = np.vstack(
        [
            _scattered(rng, 160, WEST, SOUTH),
            _scattered(rng, 40, WEST + SIDE, SOUTH),
            _scattered(rng, 50, WEST, SOUTH - SIDE),
        ]
    )
    housed = np.arange(0, len(spots), 4)
    feet = [shapely.box(x - 1e-4, y - 1e-4, x + 1e-4, y + 1e-4) for x, y in spots[housed]]
    feet = [shapely.transform(foot, lambda c: np.round(c, 9)) for foot in feet]
    await load(
        api,
        "buildings",
        "b.geojson",
        _features(feet, [{"id": f"b{i}"} for i in housed]),
        crs="wgs84",
    )
    lines = ["id,lng,lat,building"]
    lines += [f"c{i},{x!r},{y!r},{f'b{i}' if i % 4 == 0 else ''}" for i, (x, y) in enumerate(spots.tolist())]
    result = await load(api, "accounts", "a.csv", "\n".join(lines).encode(), crs="wgs84")
    assert result["accepted"] == len(spots), result
    return Town(api, loaded["plan"], np.array(feet, dtype=object))
