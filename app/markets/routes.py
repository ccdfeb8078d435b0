"""/v1/markets"""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app import tokens
from app.errors import Invalid
from app.markets import service
from app.markets.schemas import GroupSums, PenetrationOut, StackRow, StacksOut
from app.markets.service import By
from app.requests import At, KnownAt, Limit, Reading, known_moment
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1/markets", tags=["markets"])


@router.get("/penetration", response_model=PenetrationOut)
async def penetration(
    scope: Reading,
    plane: str,
    by: By = "grid",
    segment: Annotated[list[str] | None, Query(description="Only customers of these segments.")] = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 1_000,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """How much of what stands in the plane's grids is ours: customers on the net by households, and buildings
    with any, on the day.
    """
    day, known = at or scope.today, await known_moment(scope, known_at)
    after = tokens.key(token, 1)[0] if token is not None else None
    total, found = await service.penetration(
        scope.connection, plane, by, day, known, segment, after, limit + 1
    )
    rows = found[:limit]
    following = tokens.token(rows[-1]["group"] or "") if len(found) > limit else None
    if form == "csv":
        columns = [
            "group",
            "name",
            *(name for name in GroupSums.model_fields if name not in ("group", "name")),
        ]
        return csv_response(rows, columns, {"Gridwright-Next": following} if following else None)
    return {"plane": plane, "at": day, "by": by, "total": total, "rows": rows, "next": following}


@router.get("/stacks", response_model=StacksOut)
async def stacks(
    scope: Reading,
    plane: Annotated[str | None, Query(description="Tells each building's grid in this plane.")] = None,
    least: Annotated[
        int, Query(alias="min", ge=2, le=1_000_000_000, description="Customers at one point.")
    ] = 50,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 100,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Buildings in which many customers stand at one point, as in a tower: no coarse geocodes, but homes and
    offices above each other.
    """
    day, known = at or scope.today, await known_moment(scope, known_at)
    found = await service.stacks(scope.connection, plane, day, known, least, _behind(token), limit + 1)
    rows = found[:limit]
    following = tokens.token(str(rows[-1]["most"]), rows[-1]["building"]) if len(found) > limit else None
    if form == "csv":
        return csv_response(
            rows, list(StackRow.model_fields), {"Gridwright-Next": following} if following else None
        )
    return {"at": day, "rows": rows, "next": following}


def _behind(token: str | None) -> tuple[int, str] | None:
    if token is None:
        return None
    most, building = tokens.key(token, 2)
    try:
        return int(most), building
    except ValueError as error:
        raise Invalid("token is not one that this list gave.", kind="bad-token") from error
