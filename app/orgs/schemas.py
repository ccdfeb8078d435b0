import datetime as dt

from pydantic import BaseModel, Field


class PersonOut(BaseModel):
    """Somebody in service on the day: the residence in WGS 84, the capacity in minutes a month."""

    id: str
    name: str
    area: str | None
    capacity: float | None
    lng: float | None
    lat: float | None
    from_: dt.date = Field(alias="from", description="The day from which this holds of them.")
    to: dt.date | None = Field(description="The day from which it does no longer; none: open.")


class PeopleOut(BaseModel):
    """A page of people by id; ``next`` is the token of the page behind it, none at the end."""

    people: list[PersonOut]
    next: str | None
