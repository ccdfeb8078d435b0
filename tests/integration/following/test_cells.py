"""Everything in its H3 cell: customers and buildings counted by cell, grids as cells."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import h3
import numpy as np
import pytest
from sqlalchemy import text

from app.storage.database import Database
from geo.cells import cells, to_text
from geo.grid_cells import grid_cells
from tests.integration.plans.conftest import FIRST, TODAY, features, four, load, loaded, published

PLACED = """
    SELECT h3, ST_X(geometry) AS lng, ST_Y(geometry) AS lat FROM account_places WHERE org_id = :org
    UNION ALL
    SELECT h3, ST_X(geometry), ST_Y(geometry) FROM building_versions WHERE org_id = :org
"""


def _places(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return (116 + 0.04 * chance.random(n)).round(6), (24 + 0.04 * chance.random(n)).round(6)


async def _load(api: Any, kind: str, prefix: str, seed: int, since: dt.date, crs: str = "wgs84") -> None:
    lng, lat = _places(60, seed)
    tiers = "ABC"
    rows = [f"{prefix}{n},{x},{y},{tiers[n % 3]}" for n, (x, y) in enumerate(zip(lng, lat, strict=True))]
    content = "\n".join([f"id,lng,lat,{'tier' if kind == 'accounts' else 'name'}", *rows]).encode()
    await loaded(await load(api, kind, ("rows.csv", content), crs=crs, since=since.isoformat()))


async def test_whatever_has_a_place_has_the_cell_of_that_place(city: Any, database: Database) -> None:
    await published(city, features(four()), TODAY)
    await _load(city, "accounts", "c", 1, TODAY)
    await _load(city, "accounts", "c", 2, FIRST, crs="gcj02")
    await _load(city, "buildings", "b", 3, TODAY)
    await _load(city, "buildings", "b", 4, FIRST, crs="bd09")
    async with database.transaction(city.org_id) as connection:
        found = (await connection.execute(text(PLACED), {"org": city.org_id})).all()
    assert len(found) >= 4 * 60
    stored, lng, lat = (np.array(column) for column in zip(*found, strict=True))
    assert (stored.astype(np.uint64) == cells(lng, lat)).all()


@pytest.mark.parametrize("res", [4, 7, 8, 10])
@pytest.mark.parametrize("day", [TODAY, FIRST])
async def test_counts_by_cell_are_those_of_the_places_on_the_day(city: Any, res: int, day: dt.date) -> None:
    await published(city, features(four()), TODAY)
    await _load(city, "accounts", "c", 1, TODAY)
    await _load(city, "accounts", "c", 2, FIRST)
    lng, lat = _places(60, 1 if day == TODAY else 2)
    # Of a coarser resolution it is the ancestor, which is not always the cell that a point is in by itself.
    own = [h3.cell_to_parent(cell, res) for cell in to_text(cells(lng, lat)).tolist()]
    asked = {"plane": "P", "res": res, "at": day.isoformat()}
    told = (await city.get("/v1/coverage/h3", params=asked)).json()
    assert {one["h3"]: one["value"] for one in told["cells"]} == Counter(own)
    tiers = [f"{cell} {'ABC'[n % 3]}" for n, cell in enumerate(own)]
    grids = [
        f"{cell} G{1 + (x >= 116.02) + 2 * (y >= 24.02)}" for cell, x, y in zip(own, lng, lat, strict=True)
    ]
    for by, expected in (("tier", tiers), ("grid", grids), ("status", [f"{cell} assigned" for cell in own])):
        told = (await city.get("/v1/coverage/h3", params=asked | {"by": by})).json()
        counted = {f"{one['h3']} {one[by]}": one["value"] for one in told["cells"]}
        assert counted == Counter(expected)


async def test_grids_as_cells_page_by_page(city: Any) -> None:
    plan = await published(city, features(four()), TODAY)
    expected = [
        (code, cell, "inside" if inside else "border", share)
        for code, shape in four().items()
        for found in [grid_cells(shape, 9)]
        for cell, inside, share in zip(
            to_text(found.cell).tolist(), found.inside.tolist(), found.share.tolist(), strict=True
        )
    ]
    told: list[tuple[Any, ...]] = []
    token = None
    while True:
        asked = {"plane": "P", "res": 9, "limit": 17} | ({"token": token} if token else {})
        answer = await city.get("/v1/coverage/grid-cells", params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["plan"] == plan
        told += zip(page["grid"], page["h3"], page["kind"], page["share"], strict=True)
        token = page["next"]
        if token is None:
            break
        assert len(page["h3"]) == 17
    assert told == expected
    sums: dict[str, float] = {}
    for _, cell, _, share in told:
        sums[cell] = sums.get(cell, 0.0) + share
    inner = to_text(cells([116.02], [24.02], 9))[0]
    assert sums[inner] == pytest.approx(1, abs=1e-9)
    one = (await city.get("/v1/coverage/grid-cells", params={"plane": "P", "res": 9, "grid": "G2"})).json()
    assert one["h3"] == [cell for code, cell, *_ in expected if code == "G2"]


async def test_grids_as_cells_that_cannot_be(city: Any) -> None:
    path = "/v1/coverage/grid-cells"
    before = await city.get(path, params={"plane": "P"})
    assert before.status_code == 200
    assert before.json()["plan"] is None
    assert before.json()["h3"] == []
    await published(city, features(four()), TODAY)
    for wrong, status in (
        ({"grid": "G9"}, 404),
        ({"res": 13}, 422),
        ({"res": -1}, 422),
        ({"token": "noise"}, 422),
        ({"limit": 0}, 422),
        ({"limit": 10**9}, 422),
        ({"res": 12, "grid": "G1"}, 200),
        ({"at": "2024-02-30"}, 422),
    ):
        answer = await city.get(path, params={"plane": "P", "limit": 10} | wrong)
        assert answer.status_code == status, answer.text
