"""A locked building stays in its grid, whether its file, a request or the redraw's own request locks it."""

from __future__ import annotations

from typing import Any

import shapely

from tests.integration.rebalances.conftest import SIDE, SOUTH, WEST, Town

WANTED = {"tolerance": 0.05, "seed": 3, "time_limit": 30}


async def _redrawn(town: Town, **wanted: Any) -> dict[str, Any]:
    answer = await town.api.post(f"/v1/plans/{town.plan}/rebalances", WANTED | wanted)
    return await town.api.done(answer)


async def _handed(town: Town, plan: str, **asked: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await town.api.told(f"/v1/plans/{plan}/handover/list", **asked))["rows"]
    return rows


async def _that_moves(town: Town) -> str:
    """A building that moves as long as nothing holds it."""
    rows = await _handed(town, (await _redrawn(town))["plan"], what="building")
    return str(rows[0]["id"])


async def test_a_locked_building_stays_with_its_customers(town: Town) -> None:
    building = await _that_moves(town)
    foot = town.footprints[int(building[1:]) // 4]
    await _stays(town, building, listed=True, locked_buildings=[building])
    land = {"polygons": {"type": "GeometryCollection", "geometries": [shapely.geometry.mapping(foot)]}}
    await _stays(town, building, listed=False, locked_land=land)

    told = await town.api.post("/v1/buildings/locks", {"buildings": [building], "locked": True})
    assert (told.status_code, told.json()["changed"]) == (200, [building]), told.text
    assert (await town.api.told(f"/v1/buildings/{building}"))["locked"] is True
    [only] = (await town.api.told("/v1/buildings", locked="true"))["buildings"]
    assert (only["id"], only["locked"]) == (building, True)
    await _stays(town, building, listed=True)

    told = await town.api.post("/v1/buildings/locks", {"buildings": [building, "nowhere"], "locked": False})
    assert (told.status_code, told.json()["buildings"]) == (422, ["nowhere"])
    assert (await town.api.told(f"/v1/buildings/{building}"))["locked"] is True
    told = await town.api.post("/v1/buildings/locks", {"buildings": [building], "locked": False})
    assert told.json() == {"locked": False, "changed": [building]}
    assert (await town.api.told("/v1/buildings", locked="true"))["buildings"] == []


async def _stays(town: Town, building: str, *, listed: bool, **wanted: Any) -> None:
    """The rest comes within tolerance; the building and its customers do not move, and the report says so."""
    done = await _redrawn(town, **wanted)
    report = done["report"]
    assert report["feasible"]
    assert report["locked"]["units"] >= 1
    assert report["locked"]["buildings"] == ([building] if listed else [])
    moved = await _handed(town, done["plan"])
    assert moved
    assert building not in {row["id"] for row in moved if row["what"] == "building"}
    assert building not in {row["building"] for row in moved}


async def test_a_file_locks_buildings_and_another_leaves_them_as_they_are(town: Town) -> None:
    async def locked() -> list[str]:
        found = (await town.api.told("/v1/buildings", locked="true"))["buildings"]
        return [one["id"] for one in found]

    def file(column: str, *values: str) -> str:
        rows = [
            f'b{n},"{town.footprints[n // 4].wkt}",{value}' for n, value in zip((0, 4), values, strict=True)
        ]
        return "\n".join([f"id,geometry,{column}", *rows])

    await town.api.load("buildings", file("锁定", "是", "否"), crs="wgs84")
    assert await locked() == ["b0"]
    await town.api.load("buildings", file("name", "one", "two"), crs="wgs84")
    assert await locked() == ["b0"]
    await town.api.load("buildings", file("locked", "", "true"), crs="wgs84")
    assert await locked() == ["b4"]


async def test_all_that_could_move_is_locked_and_the_report_says_so(town: Town) -> None:
    whole = shapely.geometry.mapping(shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE))
    locked = {"polygons": {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": whole}]}}
    report = (await _redrawn(town, locked_land=locked))["report"]
    assert not report["feasible"]
    assert report["moved"]["customers"] == 0
    assert "locks" in {one["kind"] for one in report["certificates"]}


async def test_a_grid_with_a_locked_building_is_not_dissolved(town: Town) -> None:
    answer = await town.api.post(
        f"/v1/plans/{town.plan}/rebalances", {"dissolve": ["A1"], "locked_buildings": ["b0"]}
    )
    job = await town.api.ended(answer.json()["id"])
    assert job["status"] == "failed"
    assert job["problem"]["type"].rsplit("/")[-1] == "locked-and-dissolved"
    assert "A1" in job["problem"]["title"]
