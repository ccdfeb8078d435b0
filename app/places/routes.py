"""/v1/buildings, /v1/clusters, /v1/regions

An id is the organisation's own and may hold anything, slashes too: the whole path is it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app import tokens
from app.coverage.counting import parse_bbox
from app.idempotency.service import Answer
from app.places import buildings, clusters
from app.places.schemas import (
    BuildingHistory,
    BuildingOut,
    BuildingRow,
    BuildingsOut,
    ClusterOut,
    ClustersOut,
    LocksOut,
    LocksWanted,
    RegionOut,
    RegionsOut,
)
from app.requests import KnownAt, Limit, Reading, When, Writing, known_moment
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1", tags=["places"])

Plane = Annotated[str | None, Query(description="Code of a plane.")]


@router.get("/buildings", response_model=BuildingsOut)
async def list_buildings(
    scope: Reading,
    when: When,
    plane: Plane = None,
    grid: Annotated[str | None, Query(description="Only those in this grid of the plane.")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in WGS 84 degrees")] = None,
    locked: Annotated[
        bool | None, Query(description="Only those that a redraw may not, or may, move.")
    ] = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Buildings by id, with their households, ports, customers and penetration on the day."""
    after = tokens.part(token, str, None)
    box = parse_bbox(bbox)
    found = await buildings.page(scope.connection, when, plane, grid, box, locked, after, limit + 1)
    page, following = tokens.cut(found, limit, lambda row: row["id"])
    if form == "csv":
        return csv_response(page, list(BuildingRow.model_fields), following)
    return {"at": when.at, "buildings": page, "next": following}


@router.post("/buildings/locks", response_model=LocksOut)
async def lock_buildings(body: LocksWanted, scope: Writing) -> Response:
    """Say which buildings redraws are to leave in their grids."""

    async def lock() -> Answer:
        changed = await buildings.lock(scope.connection, scope.by, body.buildings, body.locked)
        return Answer({"locked": body.locked, "changed": changed})

    return await scope.once(lock)


@router.get("/buildings/{building_id:path}/history", response_model=BuildingHistory)
async def building_history(building_id: str, scope: Reading, known_at: KnownAt = None) -> dict[str, Any]:
    """Where the building stood and what it held, over all days."""
    known = await known_moment(scope, known_at)
    return {
        "building": building_id,
        "versions": await buildings.history(scope.connection, building_id, known),
    }


@router.get("/buildings/{building_id:path}", response_model=BuildingOut)
async def get_building(building_id: str, scope: Reading, when: When) -> dict[str, Any]:
    """One building: its ground, customers, penetration, and whose it is in each plane."""
    return await buildings.one(scope.connection, building_id, when)


@router.get("/clusters", response_model=ClustersOut)
async def list_clusters(
    scope: Reading,
    when: When,
    plane: Plane = None,
    conflicts: Annotated[bool, Query(description="Only those that two grids of a plane own.")] = False,
    limit: Limit = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """Cluster markets by id, with their owners on the day."""
    found = await clusters.page(
        scope.connection, when, plane, conflicts, tokens.part(token, str, None), limit + 1
    )
    page, following = tokens.cut(found, limit, lambda row: row["id"])
    return {"at": when.at, "clusters": page, "next": following}


@router.get("/clusters/{cluster_id:path}", response_model=ClusterOut)
async def get_cluster(cluster_id: str, scope: Reading, when: When) -> dict[str, Any]:
    """One cluster market: its members, what became of them, and who owns it in each plane."""
    return await clusters.one(scope.connection, cluster_id, when)


@router.get("/regions", response_model=RegionsOut)
async def list_regions(
    scope: Reading,
    when: When,
    kind: str | None = None,
    limit: Limit = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """Regions of doubt (villages, roads, districts) by id."""
    found = await clusters.regions(scope.connection, when, kind, tokens.part(token, str, None), limit + 1)
    page, following = tokens.cut(found, limit, lambda row: row["id"])
    return {"at": when.at, "regions": page, "next": following}


@router.get("/regions/{region_id:path}", response_model=RegionOut)
async def get_region(region_id: str, scope: Reading, when: When) -> dict[str, Any]:
    """One region of doubt, with its polygon on the day."""
    return await clusters.region(scope.connection, region_id, when)
