import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Span(BaseModel):
    """The days over which a fact holds, and when that was known."""

    model_config = ConfigDict(populate_by_name=True)

    from_: dt.date = Field(alias="from")
    to: dt.date | None = Field(description="The first day on which it no longer holds; null: open.")
    recorded_at: dt.datetime
    superseded_at: dt.datetime | None = Field(description="Since when it is no longer believed; null: it is.")


class ProfileOut(Span):
    """What kind of customer an account is."""

    segment: str | None
    tier: str | None
    net_status: str | None
    party: str | None
    visits: float | None
    prospects: float | None
    opportunities: float | None
    complaints: float | None


class Received(BaseModel):
    """Coordinates as they were received."""

    lng: float
    lat: float
    crs: str


class PlaceOut(Span):
    """Where an account is, in WGS 84 and as received."""

    lng: float
    lat: float
    received: Received
    h3: str
    geocode_level: str
    radius_m: float | None
    building: str | None
    region: str | None
    address: str | None


class ClusterSpan(Span):
    """An account's membership of a cluster market."""

    cluster: str
    name: str


class LockOut(Span):
    """A lock to a grid."""

    plane: str
    grid: str | None


class ListEntryOut(LockOut):
    """An entry of a named list; with ``party``: through it."""

    list: str
    party: str | None


class NamedEntry(ListEntryOut):
    """An entry of a named list: of an account or of a party."""

    account: str | None


class AssignmentSpan(LockOut):
    """Whose an account is in a plane."""

    status: str
    rule: str | None
    tie: bool


class AccountOut(BaseModel):
    """An account as of a day."""

    id: str
    at: dt.date
    name: str | None
    uscc: str | None
    uscc_valid: bool | None = Field(description="Whether the registry number's check character is right.")
    confirmed: dt.date | None
    attributes: dict[str, Any]
    profile: ProfileOut | None
    place: PlaceOut | None
    cluster: ClusterSpan | None
    lists: list[ListEntryOut]
    locks: list[LockOut]
    assignments: list[AssignmentSpan]


class AccountHistory(BaseModel):
    """All spans of an account's facts."""

    account: str
    profiles: list[ProfileOut]
    places: list[PlaceOut]
    clusters: list[ClusterSpan]
    lists: list[ListEntryOut]
    locks: list[LockOut]
    assignments: list[AssignmentSpan]


class AccountRow(BaseModel):
    """An account in a list; grid, status and rule where a plane was named."""

    id: str
    name: str | None
    segment: str | None
    tier: str | None
    net_status: str | None
    party: str | None
    lng: float | None
    lat: float | None
    geocode_level: str | None
    address: str | None
    building: str | None
    cluster: str | None
    grid: str | None = None
    status: str | None = None
    rule: str | None = None


class AccountsOut(BaseModel):
    """A page of accounts."""

    at: dt.date
    accounts: list[AccountRow]
    next: str | None


class PartyRow(BaseModel):
    """A party in a list."""

    id: str
    name: str
    uscc: str | None
    uscc_valid: bool | None
    sites: int = Field(description="How many accounts are of it on the day.")


class PartiesOut(BaseModel):
    """A page of parties."""

    at: dt.date
    parties: list[PartyRow]
    next: str | None


class Responsible(BaseModel):
    """Whose a site is in a plane."""

    plane: str
    grid: str | None
    status: str
    rule: str | None


class Site(AccountRow):
    """A site of a party, and whose it is."""

    assignments: list[Responsible]


class PartyOut(PartyRow):
    """A party with its lists and a page of its sites."""

    at: dt.date
    attributes: dict[str, Any]
    lists: list[NamedEntry]
    accounts: list[Site]
    next: str | None


class EntriesOut(BaseModel):
    """A page of entries of named lists."""

    at: dt.date
    entries: list[NamedEntry]
    next: str | None
