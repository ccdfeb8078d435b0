"""/v1/quality"""

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query

from app import tokens
from app.quality import service
from app.quality.schemas import Records, Summary, Tier
from app.requests import Limit, Reading, When
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1/quality", tags=["quality"])

PlaneCode = Annotated[str, Query(description="Code of the plane whose grids the records are in.")]


@router.get("/summary", response_model=Summary, response_model_exclude_unset=True)
async def quality_summary(
    plane: PlaneCode,
    scope: Reading,
    when: When,
    tier: Annotated[Tier | None, Query(description="One tier; all of them without it.")] = None,
    by: Literal["grid", "area"] = "grid",
    form: Format = "json",
) -> Any:
    """How complete and how fresh grids, buildings, clusters and customers are, by grid or area."""
    tiers = [tier] if tier else list(get_args(Tier))
    told = await service.summary(scope.connection, scope.org_id, plane, tiers, by, when.at, when.known_at)
    if form == "json":
        return told
    rows = [
        {"tier": one["tier"], **row, "missing": None} | {f"missing {k}": v for k, v in row["missing"].items()}
        for one in told["tiers"]
        for row in one["rows"]
    ]
    for row in rows:
        del row["missing"]
    return csv_response(rows)


@router.get("/records", response_model=Records)
async def quality_records(
    plane: PlaneCode,
    tier: Tier,
    scope: Reading,
    when: When,
    missing: Annotated[
        str | None, Query(description="Only records of which this field is missing; `any`: of which any is.")
    ] = None,
    stale: Annotated[bool | None, Query(description="Only stale records, or only fresh ones.")] = None,
    grid: Annotated[str | None, Query(description="Only records in the grid with this code.")] = None,
    area: Annotated[
        str | None, Query(description="Only records in grids of the area with this code.")
    ] = None,
    limit: Limit = 1_000,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """What is missing of each record of a tier, and when it was last confirmed; a page at a time."""
    found = await service.records(
        scope.connection,
        scope.org_id,
        plane,
        tier,
        when.at,
        when.known_at,
        missing=missing,
        stale=stale,
        grid=grid,
        area=area,
        after=tokens.part(token, str if tier == "grid" else tokens.number, None),
        limit=limit + 1,
    )
    page, following = tokens.cut(found, limit, lambda row: row["key"])
    if form == "csv":
        rows = [{**row, "missing": ", ".join(row["missing"])} for row in page]
        columns = ("id", "name", "grid", "area", "missing", "confirmed", "days", "stale")
        return csv_response(rows, columns, following)
    return {"tier": tier, "at": when.at, "records": page, "next": following}
