from pydantic import BaseModel


class PersonOut(BaseModel):
    """Somebody who can be responsible for a grid; ``lng`` and ``lat`` are the residence in WGS 84."""

    id: str
    name: str
    area: str | None
    capacity: float | None
    lng: float | None
    lat: float | None


class PeopleOut(BaseModel):
    """A page of people by id; ``next`` is the token of the page behind it, none at the end."""

    people: list[PersonOut]
    next: str | None
