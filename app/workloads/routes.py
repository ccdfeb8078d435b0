"""/v1/accounts/{id}/workload, /v1/planes/{code}/workload, /v1/planes/{code}/grids/{grid}/workload"""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.requests import Reading, When
from app.tables import Format, csv_response
from app.workloads import asking
from app.workloads.schemas import AccountWorkload, GridWorkload, PlaneWorkload

router = APIRouter(prefix="/v1", tags=["workload"])


@router.get("/accounts/{account_id:path}/workload", response_model=AccountWorkload)
async def account_workload(
    account_id: str,
    scope: Reading,
    when: When,
    plane: Annotated[str | None, Query(description="Code of a plane; all of them without it.")] = None,
) -> dict[str, Any]:
    """What a customer weighs, in minutes a month, and why."""
    told = await asking.of_account(scope.connection, account_id, plane, when.at, when.known_at)
    return {"account": account_id, "at": when.at, "planes": told}


@router.get("/planes/{code:path}/grids/{grid:path}/workload", response_model=GridWorkload)
async def grid_workload(
    code: str,
    grid: str,
    scope: Reading,
    when: When,
    top: Annotated[int, Query(ge=0, le=1_000, description="So many of the heaviest customers.")] = 20,
) -> dict[str, Any]:
    """What a grid weighs, in minutes a month: part by part, with its owner's way and heaviest customers."""
    return await asking.of_grid(scope.connection, code, grid, when.at, when.known_at, top)


@router.get("/planes/{code:path}/workload", response_model=PlaneWorkload)
async def plane_workload(code: str, scope: Reading, when: When, form: Format = "json") -> Any:
    """What every grid of a plane weighs, in minutes a month, part by part."""
    told = await asking.of_plane(scope.connection, code, when.at, when.known_at)
    return csv_response(told["rows"]) if form == "csv" else told
