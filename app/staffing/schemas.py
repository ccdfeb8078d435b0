import datetime as dt
import uuid
from typing import Literal

from pydantic import BaseModel, Field

Role = Literal["owner", "stand_in", "attack", "defence"]


class ResponsibilityOut(BaseModel):
    """Who is responsible for a grid, in which role, over which days."""

    plane: str
    grid: str | None
    grid_name: str | None
    person: str
    name: str | None
    role: Role
    from_: dt.date = Field(alias="from")
    to: dt.date | None = Field(description="The day from which it does not hold; none: open.")
    in_service: bool = Field(description="Whether the person is in service on the day asked about.")


class ResponsibilitiesOut(BaseModel):
    """A page of responsibilities by plane, grid, role and person; ``next`` is the token of the next page."""

    at: dt.date
    responsibilities: list[ResponsibilityOut]
    next: str | None


class GridOf(BaseModel):
    """A grid by its plane and code."""

    plane: str
    grid: str


class PersonLoad(BaseModel):
    """What a person works over all planes, against their capacity; all in minutes a month."""

    person: str
    name: str
    area: str | None
    capacity: float | None
    grids: list[GridOf]
    customers: int
    minutes: float = Field(description="The work of the grids' customers.")
    way_minutes: float = Field(description="Between residence and work.")
    load: float = Field(description="Both together.")
    share: float | None = Field(description="Load divided by capacity.")
    over_capacity: bool


class Days(BaseModel):
    """Days in service; ``to`` is the day of leaving."""

    from_: dt.date = Field(alias="from")
    to: dt.date | None


class PersonSpanOut(BaseModel):
    """What was said of a person over a span of days, when it was said, and until when it was believed."""

    name: str
    area: str | None
    capacity: float | None
    lng: float | None
    lat: float | None
    from_: dt.date = Field(alias="from")
    to: dt.date | None
    recorded_at: dt.datetime
    superseded_at: dt.datetime | None


class PersonDetailOut(BaseModel):
    """A person as of a day; area, capacity, residence and load are none when not in service then."""

    id: str
    name: str
    at: dt.date
    in_service: bool
    area: str | None
    capacity: float | None
    lng: float | None
    lat: float | None
    service: list[Days]
    responsibilities: list[ResponsibilityOut]
    load: PersonLoad | None
    history: list[PersonSpanOut]


class GridStaff(BaseModel):
    """Who works a grid, how much that is, and how far from their residence."""

    grid: str
    name: str | None
    class_: str = Field(alias="class")
    owner: str | None
    owner_name: str | None
    acting: str | None = Field(description="The owner, or a stand-in where there is none in service.")
    acting_name: str | None
    acting_as: Role | None
    stand_ins: list[str]
    customers: int
    minutes: float
    way_minutes: float
    distance_m: float | None = Field(description="Mean distance of the work, weighed by its minutes.")
    distance_p90_m: float | None = Field(description="Nine of ten customers are nearer than this.")


class Ownerless(BaseModel):
    """A grid without an owner in service."""

    grid: str
    name: str | None
    why: str
    stand_in: str | None
    customers: int


class PaidPerson(BaseModel):
    """What a person earns in the month over all their grids."""

    person: str
    name: str
    measure: float
    amount: float = Field(description="Measure times rate.")
    pay: float = Field(description="The amount, scaled where the cap of an area bites.")


class PaidArea(BaseModel):
    """What an area's owners earn in the month; ``area`` none: grids that no cap concerns."""

    area: str | None
    cap: float | None
    factor: float
    measure: float
    amount: float
    pay: float


class PaidLine(BaseModel):
    """What one person earns by one grid."""

    person: str
    name: str
    grid: str
    area: str | None
    customers: int
    measure: float
    amount: float
    factor: float
    pay: float


class PayOut(BaseModel):
    """What the owners of a plane's grids earn by a measure in a month, capped within areas."""

    plane: str
    month: str
    measure: str
    rate: float
    within: str | None
    people: list[PaidPerson]
    areas: list[PaidArea]
    lines: list[PaidLine]
    measure_total: float = Field(description="Of all customers in the plane's grids.")
    measure_unowned: float = Field(description="Of it, what nobody owned.")
    caps_unused: list[str] = Field(description="Areas with a cap that concerns no grid's area.")


class NamedPerson(BaseModel):
    """Somebody."""

    person: str
    name: str
    area: str | None


class StaffingOut(BaseModel):
    """A page of a plane's grids with who works them; with each everybody concerned, and what is missing."""

    plane: str
    kind: str
    at: dt.date
    plan: uuid.UUID
    grids: list[GridStaff]
    people: list[PersonLoad]
    without_owner: list[Ownerless]
    over_capacity: list[str] = Field(description="Ids of the people whose load is above their capacity.")
    without_grids: list[NamedPerson] = Field(description="In service, and responsible for nothing.")
    next: str | None
