"""/v1/accounts/{id}/workload, /v1/planes/{code}/workload, /v1/planes/{code}/grids/{grid}/workload"""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.requests import At, KnownAt, Reading, known_moment
from app.tables import Format, csv_response
from app.workloads import asking
from app.workloads.schemas import AccountWorkload, GridWorkload, PlaneWorkload

router = APIRouter(prefix="/v1", tags=["workload"])


@router.get("/accounts/{account_id:path}/workload", response_model=AccountWorkload)
async def account_workload(
    account_id: str,
    scope: Reading,
    plane: Annotated[str | None, Query(description="Code of a plane; all of them without it.")] = None,
    at: At = None,
    known_at: KnownAt = None,
) -> dict[str, Any]:
    """What a customer weighs, in minutes a month, and why."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    told = await asking.of_account(scope.connection, account_id, plane, day, known)
    return {"account": account_id, "at": day, "planes": told}


@router.get("/planes/{code:path}/grids/{grid:path}/workload", response_model=GridWorkload)
async def grid_workload(
    code: str,
    grid: str,
    scope: Reading,
    at: At = None,
    known_at: KnownAt = None,
    top: Annotated[int, Query(ge=0, le=1_000, description="So many of the heaviest customers.")] = 20,
) -> dict[str, Any]:
    """What a grid weighs, in minutes a month: part by part, with its owner's way and heaviest customers."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    return await asking.of_grid(scope.connection, code, grid, day, known, top)


@router.get("/planes/{code:path}/workload", response_model=PlaneWorkload)
async def plane_workload(
    code: str, scope: Reading, at: At = None, known_at: KnownAt = None, form: Format = "json"
) -> Any:
    """What every grid of a plane weighs, in minutes a month, part by part."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    told = await asking.of_plane(scope.connection, code, day, known)
    return csv_response(told["rows"]) if form == "csv" else told
