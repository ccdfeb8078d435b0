import datetime as dt

from pydantic import BaseModel, Field


class Sums(BaseModel):
    """Buildings with their households, ports and customers."""

    buildings: int
    buildings_with_any: int = Field(description="Buildings with at least one customer on the net.")
    households: int
    ports: int
    ports_used: int
    customers: int
    on_net: int
    penetration: float | None = Field(
        description="Customers on the net of buildings whose households are known, by those households."
    )
    share_with_any: float | None = Field(description="buildings_with_any / buildings")
    port_use: float | None = Field(description="ports_used / ports")


class GroupSums(Sums):
    """The sums of a grid, area, class or building; ``group`` null: buildings in none of them."""

    group: str | None
    name: str | None
    grid: str | None = Field(None, description="Of a building: its grid.")


class PenetrationOut(BaseModel):
    """A page of groups in order; ``total`` is the whole plane's, with the first page."""

    plane: str
    at: dt.date
    by: str
    total: Sums | None
    rows: list[GroupSums]
    next: str | None


class StackRow(BaseModel):
    """A building in which many customers stand at one point; ``lng`` and ``lat`` are the highest stack's."""

    building: str
    name: str | None
    grid: str | None
    households: int | None
    points: int = Field(description="Points with at least ``min`` customers.")
    most: int = Field(description="Customers at the most crowded point.")
    customers: int = Field(description="Customers at all these points.")
    on_net: int
    lng: float
    lat: float


class StacksOut(BaseModel):
    """A page of stacks, the highest first."""

    at: dt.date
    rows: list[StackRow]
    next: str | None
