"""/v1/planes/{plane}/quarantine, /v1/geocodes/piles

A plane's code may hold slashes: the whole path up to the last words is it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app import tokens
from app.geocodes import listing, marking, quarantine
from app.geocodes.quarantine import Level, Reason
from app.geocodes.quarantine_repository import Asked
from app.geocodes.schemas import (
    PileIn,
    PileMarked,
    PilesOut,
    QuarantinePage,
    QuarantinePoints,
    QuarantineRegions,
    QuarantineSummary,
    Verdict,
)
from app.idempotency.service import Answer
from app.requests import Limit, Reading, Scope, When, Writing
from app.storage.dated import AsOf
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1", tags=["geocodes"])

Why = Annotated[Reason | None, Query(description="Only what is quarantined for this reason.")]
Coarse = Annotated[Level | None, Query(description="Only geocodes of this level.")]
Grid = Annotated[
    str | None, Query(description="Only what might be this grid's: its region of doubt or point meets it.")
]
Token = Annotated[str | None, Query(description="The `next` of the page before.")]


async def _asked(scope: Scope, plane: str, when: AsOf, *filters: Any) -> Asked:
    return await quarantine.asked(scope.connection, plane, when.at, when.known_at, *filters)


@router.get("/planes/{plane:path}/quarantine/summary", response_model=QuarantineSummary)
async def quarantine_summary(plane: str, scope: Reading, when: When) -> dict[str, Any]:
    """How much of a plane cannot be decided by place on a day, and why."""
    asked = await _asked(scope, plane, when)
    return {"plane": plane, "at": asked.at} | await quarantine.summary(scope.connection, asked)


@router.get("/planes/{plane:path}/quarantine/points", response_model=QuarantinePoints)
async def quarantine_points(
    plane: str,
    scope: Reading,
    when: When,
    reason: Why = None,
    level: Coarse = None,
    grid: Grid = None,
    limit: Limit = 200,
    token: Token = None,
    shape: Format = "json",
) -> Any:
    """The quarantined customers by point, the most crowded first: one new geocode resolves many."""
    asked = await _asked(scope, plane, when, reason, level, grid)
    after = tokens.parts(token, tokens.number, float, float)
    rows, last = await quarantine.points(scope.connection, asked, after, limit)
    if shape == "csv":
        return _table(rows, QuarantinePoints, "points", last)
    return {"plane": plane, "at": asked.at, "points": rows, "next": _next(last)}


@router.get("/planes/{plane:path}/quarantine/regions", response_model=QuarantineRegions)
async def quarantine_regions(
    plane: str,
    scope: Reading,
    when: When,
    reason: Why = None,
    level: Coarse = None,
    grid: Grid = None,
    limit: Limit = 200,
    token: Token = None,
    shape: Format = "json",
) -> Any:
    """The quarantined customers by the region of doubt that was loaded for them."""
    asked = await _asked(scope, plane, when, reason, level, grid)
    after = tokens.parts(token, tokens.number, tokens.number)
    rows, last = await quarantine.regions(scope.connection, asked, after, limit)
    if shape == "csv":
        return _table(rows, QuarantineRegions, "regions", last)
    return {"plane": plane, "at": asked.at, "regions": rows, "next": _next(last)}


@router.get("/planes/{plane:path}/quarantine", response_model=QuarantinePage)
async def quarantined(
    plane: str,
    scope: Reading,
    when: When,
    reason: Why = None,
    level: Coarse = None,
    grid: Grid = None,
    limit: Limit = 200,
    token: Token = None,
    shape: Format = "json",
) -> Any:
    """The work list: customers whose place cannot decide their grid, why, and what would.

    To resolve it, geocode the addresses again and load a file of accounts with `id` and the new coordinates
    (and `geocode_level`): everything else stays as it is.
    """
    asked = await _asked(scope, plane, when, reason, level, grid)
    after = tokens.part(token, tokens.number, 0)
    rows, last = await quarantine.customers(scope.connection, asked, after, limit)
    key = None if last is None else (last,)
    if shape == "csv":
        return _table(rows, QuarantinePage, "customers", key)
    return {"plane": plane, "at": asked.at, "customers": rows, "next": _next(key)}


@router.get("/geocodes/piles", response_model=PilesOut)
async def list_piles(
    scope: Reading,
    when: When,
    verdict: Verdict | None = None,
    limit: Limit = 200,
    token: Token = None,
) -> dict[str, Any]:
    """Points with more customers than can stand there, and what a planner has called genuine."""
    after = tokens.parts(token, float, float)
    rows, last = await listing.piles(scope.connection, when.at, when.known_at, verdict, after, limit)
    return {"at": when.at, "piles": rows, "next": _next(last)}


@router.put("/geocodes/piles", response_model=PileMarked)
async def mark_pile(body: PileIn, scope: Writing) -> Response:
    """Say that the customers at a point do stand there, or take that back; they are decided anew."""

    async def make() -> Answer:
        since = body.from_ or scope.today
        done = await marking.mark(
            scope.connection, scope.by, body.lng, body.lat, body.crs, body.verdict, since
        )
        return Answer(done, 200)

    return await scope.once(make)


def _next(key: tuple[Any, ...] | None) -> str | None:
    return None if key is None else tokens.token(key)


def _table(rows: list[dict[str, Any]], page: Any, field: str, last: tuple[Any, ...] | None) -> Response:
    columns = list(page.model_fields[field].annotation.__args__[0].model_fields)
    return csv_response(rows, columns, _next(last))
