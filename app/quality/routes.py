"""/v1/quality"""

from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query

from app import tokens
from app.errors import Invalid
from app.quality import service
from app.quality.schemas import Records, Summary, Tier
from app.requests import At, KnownAt, Limit, Reading, known_moment
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1/quality", tags=["quality"])

PlaneCode = Annotated[str, Query(description="Code of the plane whose grids the records are in.")]


@router.get("/summary", response_model=Summary, response_model_exclude_unset=True)
async def quality_summary(
    plane: PlaneCode,
    scope: Reading,
    tier: Annotated[Tier | None, Query(description="One tier; all of them without it.")] = None,
    by: Literal["grid", "area"] = "grid",
    at: At = None,
    known_at: KnownAt = None,
    form: Format = "json",
) -> Any:
    """How complete and how fresh grids, buildings, clusters and customers are, by grid or area."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    tiers = [tier] if tier else list(get_args(Tier))
    told = await service.summary(scope.connection, scope.org_id, plane, tiers, by, day, known)
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
    missing: Annotated[
        str | None, Query(description="Only records of which this field is missing; `any`: of which any is.")
    ] = None,
    stale: Annotated[bool | None, Query(description="Only stale records, or only fresh ones.")] = None,
    grid: Annotated[str | None, Query(description="Only records in the grid with this code.")] = None,
    area: Annotated[
        str | None, Query(description="Only records in grids of the area with this code.")
    ] = None,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 1_000,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """What is missing of each record of a tier, and when it was last confirmed; a page at a time."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    found = await service.records(
        scope.connection,
        scope.org_id,
        plane,
        tier,
        day,
        known,
        missing=missing,
        stale=stale,
        grid=grid,
        area=area,
        after=_after(tier, token),
        limit=limit + 1,
    )
    page = found[:limit]
    following = tokens.token(str(page[-1]["key"])) if len(found) > limit else None
    if form == "csv":
        rows = [{**row, "missing": ", ".join(row["missing"])} for row in page]
        columns = ("id", "name", "grid", "area", "missing", "confirmed", "days", "stale")
        return csv_response(rows, columns, {"Gridwright-Next": following} if following else None)
    return {"tier": tier, "at": day, "records": page, "next": following}


def _after(tier: Tier, token: str | None) -> int | str | None:
    """The key that a token holds: grids are listed by their codes, the rest by number."""
    if token is None:
        return None
    said = tokens.key(token, 1)[0]
    if tier == "grid":
        return said
    try:
        return int(said)
    except ValueError as error:
        raise Invalid(
            "token is not one that this list gave; leave it away for the first page.", kind="bad-token"
        ) from error
