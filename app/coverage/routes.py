"""/v1/locate, /v1/assign, /v1/coverage"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app import tokens
from app.coverage import bulk, counting, formats, grid_cells, json_columns, locating
from app.coverage.counting import By
from app.coverage.direct import Direct
from app.coverage.repository import Measure, Split
from app.coverage.schemas import AssignQuery, GridCellsOut, Located, LocateQuery
from app.requests import At, KnownAt, Reading, known_moment
from app.standing.asking import Confirmed

router = APIRouter(prefix="/v1", tags=["coverage"])
direct = APIRouter(prefix="/v1", tags=["coverage"], route_class=Direct)


@direct.get("/locate", response_model=Located)
async def locate(request: Request, asking: Confirmed, asked: Annotated[LocateQuery, Query()]) -> Response:
    """Whose is this place?"""
    return Response(orjson.dumps(await locating.locate(asking, asked)), media_type=json_columns.KIND)


@direct.post("/assign", responses=formats.ANSWERED, openapi_extra=formats.ASKED)
async def assign(request: Request, asking: Confirmed, asked: Annotated[AssignQuery, Query()]) -> Response:
    """Whose are these places? Up to 100,000 rows a call, in columns; nothing is stored.

    The question is a JSON object of columns, or an Arrow IPC stream (not compressed) with the same columns,
    then with `plane` and `crs` as parameters.
    """
    arrow = formats.arrow_is_asked(request)
    question = await formats.read(await formats.body_of(request), arrow, asked.plane, asked.crs)
    cells = asked.include == "h3"
    answer = await bulk.assign(asking, question, asked.at, asked.known_at, with_cells=cells)
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


@router.get("/coverage/grid-cells", response_model=GridCellsOut)
async def cells_of_grids(
    scope: Reading,
    plane: str,
    res: Annotated[int, Query(ge=0, le=12, description="H3 resolution")] = 8,
    grid: Annotated[str | None, Query(description="Code of one grid; all without it.")] = None,
    at: At = None,
    known_at: KnownAt = None,
    token: Annotated[str | None, Query(description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=100_000)] = 10_000,
) -> dict[str, Any]:
    """Grids as H3 cells, in columns: those inside, and those on the border with the share in the grid."""
    known = await known_moment(scope, known_at)
    after = tokens.parts(token, str, tokens.number)
    return await grid_cells.of_plane(
        scope.connection, plane, at or scope.today, res, grid, after, limit, known
    )
