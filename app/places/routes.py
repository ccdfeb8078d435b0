"""/v1/buildings, /v1/clusters, /v1/regions

An id is the organisation's own and may hold anything, slashes too: the whole path is it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app import tokens
from app.coverage.counting import parse_bbox
from app.places import buildings, clusters
from app.places.schemas import (
    BuildingHistory,
    BuildingOut,
    BuildingRow,
    BuildingsOut,
    ClusterOut,
    ClustersOut,
    RegionOut,
    RegionsOut,
)
from app.requests import At, KnownAt, Limit, Reading, known_moment
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1", tags=["places"])

Plane = Annotated[str | None, Query(description="Code of a plane.")]


@router.get("/buildings", response_model=BuildingsOut)
async def list_buildings(
    scope: Reading,
    plane: Plane = None,
    grid: Annotated[str | None, Query(description="Only those in this grid of the plane.")] = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in WGS 84 degrees")] = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Buildings by id, with their households, ports, customers and penetration on the day."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    found = await buildings.page(
        scope.connection, day, known, plane, grid, parse_bbox(bbox), _after(token), limit + 1
    )
    page, following = _cut(found, limit)
    if form == "csv":
        return _table(page, BuildingRow.model_fields, following)
    return {"at": day, "buildings": page, "next": following}


@router.get("/buildings/{building_id:path}/history", response_model=BuildingHistory)
async def building_history(building_id: str, scope: Reading, known_at: KnownAt = None) -> dict[str, Any]:
    """Where the building stood and what it held, over all days."""
    known = await known_moment(scope, known_at)
    return {
        "building": building_id,
        "versions": await buildings.history(scope.connection, building_id, known),
    }


@router.get("/buildings/{building_id:path}", response_model=BuildingOut)
async def get_building(
    building_id: str, scope: Reading, at: At = None, known_at: KnownAt = None
) -> dict[str, Any]:
    """One building: its ground, customers, penetration, and whose it is in each plane."""
    known = await known_moment(scope, known_at)
    return await buildings.one(scope.connection, building_id, at or scope.today, known)


@router.get("/clusters", response_model=ClustersOut)
async def list_clusters(
    scope: Reading,
    plane: Plane = None,
    conflicts: Annotated[bool, Query(description="Only those that two grids of a plane own.")] = False,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """Cluster markets by id, with their owners on the day."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    found = await clusters.page(scope.connection, day, known, plane, conflicts, _after(token), limit + 1)
    page, following = _cut(found, limit)
    return {"at": day, "clusters": page, "next": following}


@router.get("/clusters/{cluster_id:path}", response_model=ClusterOut)
async def get_cluster(
    cluster_id: str, scope: Reading, at: At = None, known_at: KnownAt = None
) -> dict[str, Any]:
    """One cluster market: its members, what became of them, and who owns it in each plane."""
    known = await known_moment(scope, known_at)
    return await clusters.one(scope.connection, cluster_id, at or scope.today, known)


@router.get("/regions", response_model=RegionsOut)
async def list_regions(
    scope: Reading,
    kind: str | None = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
) -> dict[str, Any]:
    """Regions of doubt (villages, roads, districts) by id."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    found = await clusters.regions(scope.connection, day, known, kind, _after(token), limit + 1)
    page, following = _cut(found, limit)
    return {"at": day, "regions": page, "next": following}


@router.get("/regions/{region_id:path}", response_model=RegionOut)
async def get_region(
    region_id: str, scope: Reading, at: At = None, known_at: KnownAt = None
) -> dict[str, Any]:
    """One region of doubt, with its polygon on the day."""
    known = await known_moment(scope, known_at)
    return await clusters.region(scope.connection, region_id, at or scope.today, known)


def _after(token: str | None) -> str | None:
    return tokens.key(token, 1)[0] if token is not None else None


def _cut(found: list[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], str | None]:
    """The page, and the token of the next when there is more."""
    page = found[:limit]
    return page, tokens.token(page[-1]["id"]) if len(found) > limit else None


def _table(rows: list[dict[str, Any]], columns: Any, following: str | None) -> Response:
    return csv_response(rows, list(columns), {"Gridwright-Next": following} if following else None)
