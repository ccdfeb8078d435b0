import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, Field


class Day(BaseModel):
    """The day that a question is about, and the moment whose knowledge answers it."""

    at: dt.date | None = Field(None, description="The day asked about; today without it.")
    known_at: str | None = Field(
        None, description="What was known at that moment, or at the end of that day; now without it."
    )


class LocateQuery(Day):
    """One place."""

    lng: float
    lat: float
    crs: str
    plane: str
    plan: uuid.UUID | None = Field(None, description="Another plan than the one in force.")


class AssignQuery(Day):
    """What is asked of many places beside their columns."""

    include: Literal["h3"] | None = None
    plane: str | None = Field(None, description="For an Arrow stream; JSON has it in the body.")
    crs: str | None = Field(None, description="For an Arrow stream; JSON has it in the body.")


class ResponsibleOut(BaseModel):
    """Who is responsible for a grid, in which role, over which days."""

    person: str
    name: str
    role: str
    from_: str = Field(alias="from")
    to: str | None


class GridOut(BaseModel):
    """A grid and who is responsible for it on the day asked about."""

    id: str
    code: str
    name: str | None
    class_: str = Field(alias="class")
    responsible: list[ResponsibleOut]


class NearestOut(BaseModel):
    """The grid nearest to a place outside of all."""

    code: str
    distance_m: float


class Located(BaseModel):
    """Whose a place is; before any publication grid and plan are null."""

    grid: GridOut | None
    tie: bool
    nearest: NearestOut | None
    plan: str | None
    h3: str


class AssignIn(BaseModel):
    """Columns of one length. With any of the optional ones, the plane's rules and covers decide."""

    crs: str
    plane: str
    id: list[Any]
    lng: list[float | None]
    lat: list[float | None]
    account: list[str | None] | None = None
    building: list[str | None] | None = None
    cluster: list[str | None] | None = None
    party: list[str | None] | None = None
    geocode_level: list[str | None] | None = None
    radius_m: list[float | None] | None = None
    tier: list[str | None] | None = None
    segment: list[str | None] | None = None
    net_status: list[str | None] | None = None


class AssignOut(BaseModel):
    """Columns of the length of the question's."""

    plan: str | None
    id: list[Any]
    grid: list[str | None]
    status: list[Literal["assigned", "outside", "quarantined", "uncovered", "unassigned", "rejected"]]
    rule: list[str | None]
    tie: list[bool]
    nearest_grid: list[str | None]
    distance_m: list[float | None]
    reason: list[str | None]
    h3: list[str | None] | None = Field(None, description="With include=h3.")


class GridCellsOut(BaseModel):
    """Columns of one length: the cells of grids. The shares of a cell and what no grid covers make 1."""

    plane: str
    at: str
    plan: str | None
    res: int
    grid: list[str]
    h3: list[str]
    kind: list[Literal["inside", "border"]]
    share: list[float] = Field(description="Of the cell's area, what the grid covers; 1 inside.")
    next: str | None
