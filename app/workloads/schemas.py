import datetime as dt
import uuid

from pydantic import BaseModel, Field


class Part(BaseModel):
    """One part of a customer's minutes: so many, times so long."""

    part: str
    count: float
    each: float = Field(description="Minutes for each.")
    minutes: float
    text: str


class AccountWork(BaseModel):
    """What a customer weighs in a plane."""

    plane: str
    grid: str | None
    status: str
    class_: str | None = Field(alias="class")
    policy: str | None = Field(description="The name of the policy in force.")
    minutes: float | None = Field(description="Minutes a month; none where no grid has the work.")
    parts: list[Part]
    why: str


class AccountWorkload(BaseModel):
    """What a customer weighs, plane by plane."""

    account: str
    at: dt.date
    planes: list[AccountWork]


class PartOfGrid(BaseModel):
    """One part of a grid's minutes."""

    part: str
    count: float
    minutes: float
    share: float


class Residence(BaseModel):
    """The owner's way to the grid."""

    person: str
    name: str
    distance_m: float | None = Field(description="Mean distance to the customers, weighed by their minutes.")
    minutes: float | None
    text: str


class Heavy(BaseModel):
    """A customer and what it weighs."""

    account: str
    tier: str | None
    minutes: float


class GridWorkload(BaseModel):
    """What a grid weighs and why."""

    plane: str
    grid: str
    name: str | None
    class_: str = Field(alias="class")
    at: dt.date
    plan: uuid.UUID
    policy: str
    customers: int
    minutes: float = Field(description="Minutes a month of the customers.")
    parts: list[PartOfGrid]
    residence: Residence | None = Field(description="None without an owner.")
    minutes_with_residence: float
    top: list[Heavy]
    why: str


class GridRow(BaseModel):
    """One grid's minutes a month, and their parts."""

    grid: str
    name: str | None
    class_: str = Field(alias="class")
    customers: int
    minutes: float
    visits: float
    travel: float
    prospects: float
    opportunities: float
    complaints: float


class PlaneWorkload(BaseModel):
    """What every grid of a plane weighs."""

    plane: str
    at: dt.date
    plan: uuid.UUID
    policy: str
    customers: int
    minutes: float
    rows: list[GridRow]
