"""/v1/planes/{plane}/quarantine, /v1/geocodes/piles

A plane's code may hold slashes: the whole path up to the last words is it.
"""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app import tokens
from app.errors import Invalid
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
from app.requests import At, KnownAt, Limit, Reading, Scope, Writing, known_moment
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1", tags=["geocodes"])

Why = Annotated[Reason | None, Query(description="Only what is quarantined for this reason.")]
Coarse = Annotated[Level | None, Query(description="Only geocodes of this level.")]
Grid = Annotated[
    str | None, Query(description="Only what might be this grid's: its region of doubt or point meets it.")
]
Token = Annotated[str | None, Query(description="The `next` of the page before.")]


async def _asked(scope: Scope, plane: str, at: dt.date | None, known_at: str | None, *filters: Any) -> Asked:
    known = await known_moment(scope, known_at)
    return await quarantine.asked(scope.connection, plane, at or scope.today, known, *filters)


@router.get("/planes/{plane:path}/quarantine/summary", response_model=QuarantineSummary)
async def quarantine_summary(
    plane: str, scope: Reading, at: At = None, known_at: KnownAt = None
) -> dict[str, Any]:
    """How much of a plane cannot be decided by place on a day, and why."""
    asked = await _asked(scope, plane, at, known_at)
    return {"plane": plane, "at": asked.at} | await quarantine.summary(scope.connection, asked)


@router.get("/planes/{plane:path}/quarantine/points", response_model=QuarantinePoints)
async def quarantine_points(
    plane: str,
    scope: Reading,
    at: At = None,
    known_at: KnownAt = None,
    reason: Why = None,
    level: Coarse = None,
    grid: Grid = None,
    limit: Limit = 200,
    token: Token = None,
    shape: Format = "json",
) -> Any:
    """The quarantined customers by point, the most crowded first: one new geocode resolves many."""
    asked = await _asked(scope, plane, at, known_at, reason, level, grid)
    after = None if token is None else _numbers(token, int, float, float)
    rows, last = await quarantine.points(scope.connection, asked, after, limit)
    if shape == "csv":
        return _table(rows, QuarantinePoints, "points", last)
    return {"plane": plane, "at": asked.at, "points": rows, "next": _next(last)}


@router.get("/planes/{plane:path}/quarantine/regions", response_model=QuarantineRegions)
async def quarantine_regions(
    plane: str,
    scope: Reading,
    at: At = None,
    known_at: KnownAt = None,
    reason: Why = None,
    level: Coarse = None,
    grid: Grid = None,
    limit: Limit = 200,
    token: Token = None,
    shape: Format = "json",
) -> Any:
    """The quarantined customers by the region of doubt that was loaded for them."""
    asked = await _asked(scope, plane, at, known_at, reason, level, grid)
    after = None if token is None else _numbers(token, int, int)
    rows, last = await quarantine.regions(scope.connection, asked, after, limit)
    if shape == "csv":
        return _table(rows, QuarantineRegions, "regions", last)
    return {"plane": plane, "at": asked.at, "regions": rows, "next": _next(last)}


@router.get("/planes/{plane:path}/quarantine", response_model=QuarantinePage)
async def quarantined(
    plane: str,
    scope: Reading,
    at: At = None,
    known_at: KnownAt = None,
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
    asked = await _asked(scope, plane, at, known_at, reason, level, grid)
    after = 0 if token is None else _numbers(token, int)[0]
    rows, last = await quarantine.customers(scope.connection, asked, after, limit)
    key = None if last is None else (last,)
    if shape == "csv":
        return _table(rows, QuarantinePage, "customers", key)
    return {"plane": plane, "at": asked.at, "customers": rows, "next": _next(key)}


@router.get("/geocodes/piles", response_model=PilesOut)
async def list_piles(
    scope: Reading,
    at: At = None,
    known_at: KnownAt = None,
    verdict: Verdict | None = None,
    limit: Limit = 200,
    token: Token = None,
) -> dict[str, Any]:
    """Points with more customers than can stand there, and what a planner has called genuine."""
    day, known = at or scope.today, await known_moment(scope, known_at)
    after = None if token is None else _numbers(token, float, float)
    rows, last = await listing.piles(scope.connection, day, known, verdict, after, limit)
    return {"at": day, "piles": rows, "next": _next(last)}


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
    return None if key is None else tokens.token(*map(repr, key))


def _numbers(token: str, *kinds: Any) -> Any:
    try:
        return tuple(kind(part) for kind, part in zip(kinds, tokens.key(token, len(kinds)), strict=True))
    except ValueError as error:
        raise Invalid("token is not one that this list gave.", kind="bad-token") from error


def _table(rows: list[dict[str, Any]], page: Any, field: str, last: tuple[Any, ...] | None) -> Response:
    """The rows for a spreadsheet; the token of the next page is in a header: a table has no room for it."""
    columns = list(page.model_fields[field].annotation.__args__[0].model_fields)
    token = _next(last)
    return csv_response(rows, columns, {"Gridwright-Next": token} if token is not None else None)
