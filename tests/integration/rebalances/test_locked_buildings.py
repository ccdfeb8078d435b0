"""A locked building stays in its grid, whether its file, a request or the redraw's own request locks it."""

from __future__ import annotations

from typing import Any

import pytest
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


@pytest.mark.parametrize("how", ["api", "request", "file", "land"])
async def test_a_locked_building_stays_with_its_customers(town: Town, how: str) -> None:
    building = await _that_moves(town)
    wanted: dict[str, Any] = {}
    at = int(building[1:]) // 4
    if how == "api":
        told = await town.api.post("/v1/buildings/locks", {"buildings": [building], "locked": True})
        assert (told.status_code, told.json()["changed"]) == (200, [building]), told.text
    elif how == "request":
        wanted["locked_buildings"] = [building]
    elif how == "file":
        spot = shapely.point_on_surface(town.footprints[at])
        box = f"id,geometry,锁定\n{building},{town.footprints[at].wkt!r},是\n".replace("'", '"')
        assert spot is not None
        await town.api.load("buildings", box, crs="wgs84")
    else:
        foot = shapely.geometry.mapping(town.footprints[at])
        wanted["locked_land"] = {"polygons": {"type": "GeometryCollection", "geometries": [foot]}}
    done = await _redrawn(town, **wanted)
    report = done["report"]
    assert report["feasible"]
    assert report["locked"]["units"] >= 1
    assert report["locked"]["buildings"] == ([] if how == "land" else [building])
    moved = await _handed(town, done["plan"])
    assert moved
    assert building not in {row["id"] for row in moved if row["what"] == "building"}
    assert building not in {row["building"] for row in moved}
    if how in ("api", "file"):
        assert (await town.api.told(f"/v1/buildings/{building}"))["locked"] is True
        [only] = (await town.api.told("/v1/buildings", locked="true"))["buildings"]
        assert (only["id"], only["locked"]) == (building, True)


async def test_an_unlocked_building_may_move_again(town: Town) -> None:
    building = await _that_moves(town)
    for locked in (True, False):
        told = await town.api.post("/v1/buildings/locks", {"buildings": [building], "locked": locked})
        assert told.json() == {"locked": locked, "changed": [building]}
    assert await _that_moves(town) == building
    told = await town.api.post("/v1/buildings/locks", {"buildings": [building, "nowhere"], "locked": True})
    assert (told.status_code, told.json()["buildings"]) == (422, ["nowhere"])
    assert (await town.api.told(f"/v1/buildings/{building}"))["locked"] is False


async def test_all_that_could_move_is_locked_and_the_report_says_so(town: Town) -> None:
    whole = shapely.geometry.mapping(shapely.box(WEST, SOUTH, WEST + SIDE, SOUTH + SIDE))
    locked = {"polygons": {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": whole}]}}
    report = (await _redrawn(town, locked_land=locked))["report"]
    assert not report["feasible"]
    assert report["moved"]["customers"] == 0
    assert "locks" in {one["kind"] for one in report["certificates"]}


async def test_a_grid_with_a_locked_building_is_not_dissolved(town: Town) -> None:
    building = await _that_moves(town)
    answer = await town.api.post(
        f"/v1/plans/{town.plan}/rebalances", {"dissolve": ["A1"], "locked_buildings": [building]}
    )
    job = await town.api.ended(answer.json()["id"])
    assert job["status"] == "failed"
    assert job["problem"]["type"].rsplit("/")[-1] == "locked-and-dissolved"
    assert "A1" in job["problem"]["title"]
