"""/v1/people"""

from typing import Any

from fastapi import APIRouter

from app import tokens
from app.orgs import people
from app.orgs.people import Person
from app.orgs.schemas import PeopleOut
from app.requests import Limit, Reading, When

router = APIRouter(prefix="/v1", tags=["organisation"])


@router.get("/people", response_model=PeopleOut)
async def list_people(
    scope: Reading,
    when: When,
    limit: Limit = 1_000,
    token: str | None = None,
) -> dict[str, Any]:
    """The people in service on a day (default: today), by id, as known then."""
    after = tokens.part(token, str, None)
    found = await people.on_day(scope.connection, when.at, when.known_at, after, limit + 1)
    page, following = tokens.cut(found, limit, lambda person: person.person_id)
    return {"people": [document(person) for person in page], "next": following}


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
