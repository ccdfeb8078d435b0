"""/v1/markets"""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app import tokens
from app.markets import service
from app.markets.schemas import GroupSums, PenetrationOut, StackRow, StacksOut
from app.markets.service import By
from app.requests import Limit, Reading, When
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1/markets", tags=["markets"])


@router.get("/penetration", response_model=PenetrationOut)
async def penetration(
    scope: Reading,
    when: When,
    plane: str,
    by: By = "grid",
    segment: Annotated[list[str] | None, Query(description="Only customers of these segments.")] = None,
    limit: Limit = 1_000,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """How much of what stands in the plane's grids is ours: customers on the net by households, and buildings
    with any, on the day.
    """
    after = tokens.part(token, str, None)
    total, found = await service.penetration(scope.connection, plane, by, when, segment, after, limit + 1)
    rows, following = tokens.cut(found, limit, lambda row: row["group"] or "")
    if form == "csv":
        columns = [
            "group",
            "name",
            *(name for name in GroupSums.model_fields if name not in ("group", "name")),
        ]
        return csv_response(rows, columns, following)
    return {"plane": plane, "at": when.at, "by": by, "total": total, "rows": rows, "next": following}


@router.get("/stacks", response_model=StacksOut)
async def stacks(
    scope: Reading,
    when: When,
    plane: Annotated[str | None, Query(description="Tells each building's grid in this plane.")] = None,
    least: Annotated[
        int, Query(alias="min", ge=2, le=1_000_000_000, description="Customers at one point.")
    ] = 50,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Buildings in which many customers stand at one point, as in a tower: no coarse geocodes, but homes and
    offices above each other.
    """
    found = await service.stacks(
        scope.connection, plane, when, least, tokens.parts(token, tokens.number, str), limit + 1
    )
    rows, following = tokens.cut(found, limit, lambda row: (row["most"], row["building"]))
    if form == "csv":
        return csv_response(rows, list(StackRow.model_fields), following)
    return {"at": when.at, "rows": rows, "next": following}
