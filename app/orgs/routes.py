"""/v1/areas and /v1/people"""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Query

from app import tokens
from app.orgs import directory
from app.orgs.schemas import AreasOut, PeopleOut
from app.requests import Reading

router = APIRouter(prefix="/v1", tags=["organisation"])

Limit = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/areas", response_model=AreasOut)
async def list_areas(
    scope: Reading, at: dt.date | None = None, limit: Limit = 1_000, token: str | None = None
) -> dict[str, Any]:
    """The organisation's areas by code, as they were on a day (default: today)."""
    after = tokens.key(token, 1)[0] if token else None
    found = await directory.areas(scope.connection, at or scope.today, after, limit + 1)
    page = found[:limit]
    rows = [
        {
            "code": area.code,
            "name": area.name,
            "parent": area.parent,
            "kind": area.kind,
            "class": area.area_class,
            "class_reason": area.class_reason,
            "nbs_code": area.nbs_code,
        }
        for area in page
    ]
    return {"areas": rows, "next": tokens.token(page[-1].code) if len(found) > limit else None}


@router.get("/people", response_model=PeopleOut)
async def list_people(scope: Reading, limit: Limit = 1_000, token: str | None = None) -> dict[str, Any]:
    """The organisation's people by id."""
    after = tokens.key(token, 1)[0] if token else None
    found = await directory.people(scope.connection, after, limit + 1)
    page = found[:limit]
    rows = [
        {
            "id": person.person_id,
            "name": person.name,
            "area": person.area,
            "capacity": person.capacity,
            "lng": person.lng,
            "lat": person.lat,
        }
        for person in page
    ]
    return {"people": rows, "next": tokens.token(page[-1].person_id) if len(found) > limit else None}
