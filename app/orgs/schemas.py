from pydantic import BaseModel, Field


class AreaOut(BaseModel):
    """A node of the organisation's tree on the day asked about. ``class`` is its own, empty: inherited."""

    code: str
    name: str
    parent: str | None
    kind: str | None
    area_class: str = Field(alias="class")
    class_reason: str | None
    nbs_code: str | None


class AreasOut(BaseModel):
    """A page of areas by code; ``next`` is the token of the page behind it, none at the end."""

    areas: list[AreaOut]
    next: str | None


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
