"""/v1/locate, /v1/assign, /v1/coverage"""

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.coverage import bulk, counting, formats, locating
from app.coverage.asking import Confirmed
from app.coverage.counting import By
from app.coverage.repository import Measure, Split
from app.coverage.schemas import Located
from app.requests import At, KnownAt, Reading, known_moment

router = APIRouter(prefix="/v1", tags=["coverage"])


@router.get("/locate", response_model=Located)
async def locate(
    asking: Confirmed,
    lng: float,
    lat: float,
    crs: str,
    plane: str,
    at: At = None,
    plan: Annotated[uuid.UUID | None, Query(description="Another plan than the one in force.")] = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """Whose is this place?"""
    return await locating.locate(asking, lng, lat, crs, plane, at, plan, known_at)


@router.post("/assign", responses=formats.ANSWERED, openapi_extra=formats.ASKED)
async def assign(
    request: Request,
    asking: Confirmed,
    include: Literal["h3"] | None = None,
    at: At = None,
    known_at: KnownAt = None,
    plane: Annotated[str | None, Query(description="For an Arrow stream; JSON has it in the body.")] = None,
    crs: Annotated[str | None, Query(description="For an Arrow stream; JSON has it in the body.")] = None,
) -> Response:
    """Whose are these places? Up to 100,000 rows a call, in columns; nothing is stored.

    The question is a JSON object of columns, or an Arrow IPC stream (not compressed) with the same columns,
    then with `plane` and `crs` as parameters.
    """
    arrow = formats.arrow_is_asked(request)
    asked = await formats.read(await formats.body_of(request), arrow, plane, crs)
    answer = await bulk.assign(asking, asked, at, known_at, with_cells=include == "h3")
    return await formats.respond(answer, formats.arrow_is_wanted(request, arrow))


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
