"""/v1/locate, /v1/assign, /v1/coverage"""

import uuid
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.coverage import bulk, columns, counting, locating
from app.coverage.counting import By
from app.coverage.repository import Measure, Split
from app.coverage.schemas import AssignIn, AssignOut, Located
from app.requests import At, KnownAt, Reading, known_moment

router = APIRouter(prefix="/v1", tags=["coverage"])


@router.get("/locate", response_model=Located)
async def locate(
    scope: Reading,
    lng: float,
    lat: float,
    crs: str,
    plane: str,
    at: At = None,
    plan: Annotated[uuid.UUID | None, Query(description="Another plan than the one in force.")] = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """Whose is this place?"""
    known = await known_moment(scope, known_at)
    return await locating.locate(scope.connection, lng, lat, crs, plane, at or scope.today, plan, known)


@router.post(
    "/assign",
    response_model=AssignOut,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": AssignIn.model_json_schema()}},
        }
    },
)
async def assign(
    request: Request,
    scope: Reading,
    include: Literal["h3"] | None = None,
    at: At = None,
    known_at: KnownAt = None,
) -> Response:
    """Whose are these places? Up to 100,000 rows a call, in columns; nothing is stored."""
    question = columns.parse(await request.body())
    known = await known_moment(scope, known_at)
    answer = await bulk.assign(
        scope.connection, question, at or scope.today, known, with_cells=include == "h3"
    )
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY), media_type="application/json")


@router.get("/coverage/summary")
async def summary(
    scope: Reading, plane: str, at: At = None, known_at: KnownAt = None, by: By = "grid"
) -> dict[str, Any]:
    """Customers, buildings and area of a plane by grid, area or class."""
    known = await known_moment(scope, known_at)
    return await counting.summary(scope.connection, plane, at or scope.today, by, known)


@router.get("/coverage/h3")
async def by_cell(
    scope: Reading,
    plane: str,
    res: Annotated[int, Query(ge=0, le=10)] = 8,
    at: At = None,
    bbox: Annotated[str | None, Query(description="west,south,east,north in WGS 84 degrees")] = None,
    measure: Measure = "customers",
    by: Annotated[Split | None, Query(description="Split each cell's count.")] = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """Counts for each H3 cell."""
    known = await known_moment(scope, known_at)
    return await counting.by_cell(
        scope.connection, plane, at or scope.today, res, measure, by, counting.parse_bbox(bbox), known
    )
