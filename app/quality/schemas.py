import datetime as dt
import uuid
from typing import Literal

from pydantic import BaseModel, Field

Tier = Literal["grid", "building", "cluster", "customer"]


class Counts(BaseModel):
    """How complete and how fresh some records are."""

    records: int
    complete: int = Field(description="Records of which nothing needed is missing.")
    stale: int = Field(description="Records not confirmed within the days that the policy allows.")
    completeness: float | None = Field(description="Share of complete records; none without any.")
    freshness: float | None = Field(description="Share of records that are not stale.")
    oldest_confirmed: dt.date | None
    missing: dict[str, int] = Field(description="Records by what is missing of them.")


class Group(Counts):
    """The records of one grid or area; of none where it is null."""

    grid: str | None = None
    area: str | None = None


class TierSummary(BaseModel):
    """One tier: what is needed of it, in all and group by group."""

    tier: Tier
    needed: list[str]
    total: Counts
    rows: list[Group]


class Summary(BaseModel):
    """Completeness and freshness of a plane on a day."""

    plane: str
    at: dt.date
    plan: uuid.UUID | None
    by: Literal["grid", "area"]
    tiers: list[TierSummary]


class Record(BaseModel):
    """A record: what is missing of it, and when it was last confirmed."""

    id: str
    name: str | None
    grid: str | None
    area: str | None
    missing: list[str]
    confirmed: dt.date | None = Field(
        description="The day it was last confirmed, else the day it last changed."
    )
    days: int | None = Field(description="Days since then.")
    stale: bool


class Records(BaseModel):
    """Records in a fixed order, a page at a time."""

    tier: Tier
    at: dt.date
    records: list[Record]
    next: str | None = Field(description="Token of the next page.")
