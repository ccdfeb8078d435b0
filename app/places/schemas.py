import datetime as dt
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

Counts = dict[str, int]


class BuildingRow(BaseModel):
    """A building of a list; ``lng`` and ``lat`` are a point inside it (WGS 84)."""

    id: str
    name: str | None
    use: str | None
    address: str | None
    lng: float
    lat: float
    grid: str | None = Field(description="Its grid in the plane asked for; null without a plane.")
    households: int | None
    ports: int | None
    ports_used: int | None
    customers: int
    on_net: int
    penetration: float | None = Field(description="on_net / households")
    confirmed: dt.date | None
    locked: bool = Field(description="A redraw leaves it in its grid.")


class LocksWanted(BaseModel):
    """Buildings that redraws are to leave in their grids, or may move again."""

    model_config = ConfigDict(extra="forbid")

    buildings: list[str] = Field(min_length=1, max_length=10_000)
    locked: bool


class LocksOut(BaseModel):
    """Which buildings were locked or unlocked by it."""

    locked: bool
    changed: list[str]


class BuildingsOut(BaseModel):
    """A page of buildings by id; ``next`` is the token of the page behind it, none at the end."""

    at: dt.date
    buildings: list[BuildingRow]
    next: str | None


class CustomersOut(BaseModel):
    """How many customers, by what is known of them; an empty word where nothing is."""

    total: int
    by_net_status: Counts
    by_tier: Counts


class Point(BaseModel):
    """Customers at one point."""

    lng: float
    lat: float
    customers: int


class StackOut(BaseModel):
    """How many points the customers of a building stand at, and the most crowded one."""

    points: int
    most: Point | None


class BuildingInPlane(BaseModel):
    """Whose a building is in a plane, and how much of it stands in which grid."""

    plane: str
    grid: str | None
    status: str
    tie: bool
    share: float | None
    shares: dict[str, float] = Field(description="Share of the footprint by grid.")
    from_: dt.date = Field(alias="from")
    to: dt.date | None


class BuildingOut(BaseModel):
    """A building as of a day."""

    id: str
    at: dt.date
    name: str | None
    use: str | None
    address: str | None
    confirmed: dt.date | None
    locked: bool = Field(description="A redraw leaves it in its grid.")
    attributes: dict[str, Any]
    from_: dt.date | None = Field(alias="from", description="The day from which it is so; null: ever since.")
    to: dt.date | None
    geometry: dict[str, Any]
    datum: str = Field(description="In which it was received; the geometry here is WGS 84.")
    households: int | None
    ports: int | None
    ports_used: int | None
    customers: CustomersOut
    on_net: int
    penetration: float | None = Field(description="on_net / households")
    any_on_net: bool
    stack: StackOut
    planes: list[BuildingInPlane]


class BuildingSpan(BaseModel):
    """One version of a building."""

    from_: dt.date | None = Field(alias="from", description="null: ever since.")
    to: dt.date | None
    recorded_at: dt.datetime
    households: int | None
    ports: int | None
    ports_used: int | None
    geometry: dict[str, Any]


class BuildingHistory(BaseModel):
    """The versions of a building in order."""

    building: str
    versions: list[BuildingSpan]


class Claim(BaseModel):
    """A grid that owns a cluster. Not ``in_force``: no plan in force on the day has it."""

    grid: str | None
    in_force: bool
    from_: dt.date = Field(alias="from")
    to: dt.date | None


class OwnerOut(BaseModel):
    """Who owns a cluster in a plane: of several claims the lowest code in force decides."""

    plane: str
    grid: str | None
    conflict: bool
    claims: list[Claim]


class ClusterRow(BaseModel):
    """A cluster of a list."""

    id: str
    name: str
    kind: str | None
    members: int
    owners: list[OwnerOut]
    confirmed: dt.date | None


class ClustersOut(BaseModel):
    """A page of clusters by id."""

    at: dt.date
    clusters: list[ClusterRow]
    next: str | None


class MembersInPlane(BaseModel):
    """Members by what became of them in a plane."""

    plane: str
    status: str
    rule: str | None
    customers: int


class ClusterOut(BaseModel):
    """A cluster as of a day."""

    id: str
    at: dt.date
    name: str
    kind: str | None
    confirmed: dt.date | None
    attributes: dict[str, Any]
    members: CustomersOut
    assignments: list[MembersInPlane]
    owners: list[OwnerOut]


class RegionRow(BaseModel):
    """A region of doubt of a list, and how many customers' geocodes name it."""

    id: str
    name: str | None
    kind: str | None
    customers: int


class RegionsOut(BaseModel):
    """A page of regions by id."""

    at: dt.date
    regions: list[RegionRow]
    next: str | None


class RegionOut(RegionRow):
    """A region of doubt as of a day."""

    at: dt.date
    attributes: dict[str, Any]
    from_: dt.date | None = Field(alias="from", description="null: ever since.")
    to: dt.date | None
    datum: str = Field(description="In which it was received; the geometry here is WGS 84.")
    geometry: dict[str, Any]
    area_m2: float
