"""/v1/people/{id}, /v1/responsibilities, /v1/planes/{code}/staffing and /pay"""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query

from app import tokens
from app.requests import KnownAt, Limit, Reading, When, known_moment
from app.staffing import asking, pay, service
from app.staffing.schemas import PayOut, PersonDetailOut, ResponsibilitiesOut, Role, StaffingOut
from app.tables import Format, csv_response

router = APIRouter(prefix="/v1", tags=["people"])


@router.get("/people/{person_id:path}", response_model=PersonDetailOut)
async def get_person(person_id: str, scope: Reading, when: When) -> dict[str, Any]:
    """A person as of a day: service, grids by role and dates, load against capacity, all that was said."""
    return await asking.person(scope.connection, person_id, when.at, when.known_at)


@router.get("/responsibilities", response_model=ResponsibilitiesOut)
async def list_responsibilities(
    scope: Reading,
    when: When,
    plane: Annotated[str | None, Query(description="Code of a plane; all of them without it.")] = None,
    grid: Annotated[str | None, Query(description="Code of a grid.")] = None,
    person: Annotated[str | None, Query(description="Id of a person.")] = None,
    role: Role | None = None,
    history: Annotated[bool, Query(description="All spans, not those of the day alone.")] = False,
    limit: Limit = 1_000,
    token: str | None = None,
    form: Format = "json",
) -> Any:
    """Who is responsible for which grid on a day, in which role, from when to when."""
    found = await asking.responsible(
        scope.connection,
        when.at,
        when.known_at,
        plane=plane,
        grid=grid,
        person_id=person,
        role=role,
        history=history,
    )
    if form == "csv":
        return csv_response(found)
    behind = tokens.parts(token, str, str, str, str, str)
    if behind is not None:
        found = [row for row in found if _key(row) > behind]
    page, following = tokens.cut(found, limit, _key)
    return {"at": when.at, "responsibilities": page, "next": following}


@router.get("/planes/{code:path}/staffing", response_model=StaffingOut)
async def get_staffing(
    code: str,
    scope: Reading,
    when: When,
    limit: Limit = 1_000,
    token: str | None = None,
    of: Annotated[
        Literal["grids", "people"], Query(description="Which rows a table has (format=csv).")
    ] = "grids",
    form: Format = "json",
) -> Any:
    """Who works the grids of a plane on a day, how much and how far from home, and what is missing."""
    told = await service.staffing(scope.connection, code, when.at, when.known_at)
    if form == "csv":
        return csv_response(told[of])
    behind = tokens.part(token, str, "")
    grids = [row for row in told["grids"] if row["grid"] > behind]
    page, following = tokens.cut(grids, limit, lambda row: row["grid"])
    return told | {"grids": page, "next": following}


@router.get("/planes/{code:path}/pay", response_model=PayOut)
async def get_pay(
    code: str,
    scope: Reading,
    month: Annotated[str, Query(pattern=r"^[12]\d{3}-(0[1-9]|1[0-2])$", examples=["2026-05"])],
    measure: Annotated[str | None, Query(description="A loaded measure; that of the policy else.")] = None,
    within: Annotated[str | None, Query(description="Kind of the areas whose caps count.")] = None,
    known_at: KnownAt = None,
    form: Format = "json",
) -> Any:
    """What the owners of a plane's grids earn by a measure in a month, capped within areas (policy `pay`)."""
    known = await known_moment(scope, known_at)
    first = dt.date.fromisoformat(f"{month}-01")
    told = await pay.pay(scope.connection, code, first, measure, within, known)
    return csv_response(told["lines"]) if form == "csv" else told


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    plane, grid, other, role, person, since = asking.sort_key(row)
    return plane, grid, f"{int(other)}{role}", person, since
