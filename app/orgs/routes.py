"""/v1/people"""

from typing import Any

from fastapi import APIRouter

from app import tokens
from app.orgs import people
from app.orgs.people import Person
from app.orgs.schemas import PeopleOut
from app.requests import At, KnownAt, Limit, Reading, known_moment

router = APIRouter(prefix="/v1", tags=["organisation"])


@router.get("/people", response_model=PeopleOut)
async def list_people(
    scope: Reading,
    at: At = None,
    known_at: KnownAt = None,
    limit: Limit = 1_000,
    token: str | None = None,
) -> dict[str, Any]:
    """The people in service on a day (default: today), by id, as known then."""
    after = tokens.key(token, 1)[0] if token else None
    known = await known_moment(scope, known_at)
    found = await people.on_day(scope.connection, at or scope.today, known, after, limit + 1)
    page = found[:limit]
    return {
        "people": [document(person) for person in page],
        "next": tokens.token(page[-1].person_id) if len(found) > limit else None,
    }


def document(person: Person) -> dict[str, Any]:
    """A person as callers see them."""
    return {
        "id": person.person_id,
        "name": person.name,
        "area": person.area,
        "capacity": person.capacity,
        "lng": person.lng,
        "lat": person.lat,
        "from": person.valid_from,
        "to": person.valid_to,
    }
