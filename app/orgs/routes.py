"""/v1/people"""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from app import tokens
from app.orgs import directory
from app.orgs.schemas import PeopleOut
from app.requests import Reading

router = APIRouter(prefix="/v1", tags=["organisation"])

Limit = Annotated[int, Query(ge=1, le=10_000)]


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
