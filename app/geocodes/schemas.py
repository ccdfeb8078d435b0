import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.geocodes.quarantine import Level, Reason

Verdict = Literal["coarse", "genuine"]


class Quarantined(BaseModel):
    """A customer that its place cannot decide."""

    account: str
    name: str | None
    address: str | None
    geocode_level: Level = Field(description="What the geocode claims.")
    radius_m: float | None = Field(description="Radius of the region of doubt, as it was decided with.")
    region: str | None = Field(description="The region of doubt that was loaded for it.")
    lng: float
    lat: float
    reason: Reason
    why: str
    grids: list[str] = Field(description="Grids that the region of doubt meets; else the grid at the point.")
    at_point: int = Field(description="Customers that stand at this very point.")


class QuarantinePage(BaseModel):
    """Quarantined customers of a plane on a day."""

    plane: str
    at: dt.date
    customers: list[Quarantined]
    next: str | None


class QuarantinedPoint(BaseModel):
    """A point at which quarantined customers stand."""

    lng: float
    lat: float
    reason: Reason
    levels: list[Level]
    quarantined: int
    at_point: int = Field(description="Customers that stand at this very point, quarantined or not.")
    grids: list[str]
    address: str | None
    example: str = Field(description="One of the customers.")


class QuarantinedRegion(BaseModel):
    """A region of doubt in which quarantined customers are."""

    region: str
    name: str | None
    kind: str | None
    quarantined: int
    levels: list[Level]
    grids: list[str]
    example: str = Field(description="One of the customers.")


class QuarantinePoints(BaseModel):
    """Quarantined customers of a plane on a day, by point."""

    plane: str
    at: dt.date
    points: list[QuarantinedPoint]
    next: str | None


class QuarantineRegions(BaseModel):
    """Quarantined customers of a plane on a day, by region of doubt."""

    plane: str
    at: dt.date
    regions: list[QuarantinedRegion]
    next: str | None


class AroundGrid(BaseModel):
    """How many quarantined customers might be a grid's."""

    grid: str
    quarantined: int


class QuarantineSummary(BaseModel):
    """How much of a plane cannot be decided by place on a day."""

    plane: str
    at: dt.date
    customers: int = Field(description="Customers that the plane covers.")
    quarantined: int
    share: float
    points: int = Field(description="Different points at which they stand.")
    by_reason: dict[Reason, int]
    by_level: dict[Level, int]
    by_grid: list[AroundGrid] = Field(description="By grid that their region of doubt meets.")


class PileOut(BaseModel):
    """A point with a crowd."""

    lng: float
    lat: float
    verdict: Verdict
    customers: int = Field(description="How many stood there when it was recognised or marked.")
    at_point: int = Field(description="How many stand there on the day.")
    from_: dt.date = Field(alias="from")
    to: dt.date | None
    recorded_at: dt.datetime


class PilesOut(BaseModel):
    """The piles on a day."""

    at: dt.date
    piles: list[PileOut]
    next: str | None


class PileIn(BaseModel):
    """What a planner says of a point."""

    model_config = ConfigDict(extra="forbid")

    lng: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    crs: str = Field(description="wgs84 for a point as these lists tell it; else the datum it is in.")
    verdict: Verdict = Field(
        description="genuine: they do stand there; coarse: take that back, and let the crowd decide."
    )
    from_: dt.date | None = Field(None, alias="from", description="Today without it.")


class PileMoved(BaseModel):
    """What a verdict changed in a plane."""

    plane: str
    accounts: int
    inserted: int
    superseded: int
    by_status: dict[str, int]


class PileMarked(BaseModel):
    """A point's verdict from a day on, and the customers decided anew by it."""

    lng: float
    lat: float
    verdict: Verdict
    from_: dt.date = Field(alias="from")
    customers: int
    assignments: list[PileMoved]
