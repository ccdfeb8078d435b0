import datetime as dt
import uuid
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.planes.schemas import Code

Datum = Literal["wgs84", "gcj02", "bd09"]
Status = Literal["draft", "validated", "published", "archived"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewPlan(_Body):
    """A draft to be made. ``base`` left away is the plan in force today; null makes an empty draft."""

    plane: Code
    base: uuid.UUID | None = None
    name: str = Field("", max_length=500)


class Validation(_Body):
    """``acknowledge`` takes the warnings on oneself."""

    acknowledge: bool = False


class Publication(_Body):
    """From when a plan is to be in force; a day that is past needs a reason."""

    effective_from: dt.date
    reason: str | None = Field(None, max_length=2_000)


class Withdrawal(_Body):
    """From when a plan is to be out of force (default: today); a day that is past needs a reason."""

    from_: dt.date | None = Field(None, alias="from")
    reason: str | None = Field(None, max_length=2_000)


class TermOut(BaseModel):
    """Days on which the plan is in force; ``to`` is the first on which it is not."""

    from_: dt.date = Field(alias="from")
    to: dt.date | None


class PlanLine(BaseModel):
    """A plan in a list."""

    id: str
    plane: str
    name: str
    status: Status
    version: int
    base: str | None
    effective_from: dt.date | None
    terms: list[TermOut]
    created_at: dt.datetime
    created_by: str | None
    validated_at: dt.datetime | None
    published_at: dt.datetime | None


class PlanOut(PlanLine):
    """A plan. ``report`` is that of the rebalance which made it."""

    grids: int
    acknowledged: dict[str, Any] | None
    report: dict[str, Any] | None


class PlansOut(BaseModel):
    """A page of plans, the newest first; ``next`` is the token of the page behind it, none at the end."""

    plans: list[PlanLine]
    next: str | None


class CheckOut(BaseModel):
    """What is wrong with a plan; warnings alone leave it valid."""

    valid: bool
    grids: int
    findings: list[dict[str, Any]]


class SplitOut(BaseModel):
    grid: str
    into: list[str]


class MergedOut(BaseModel):
    grids: list[str]
    into: str


class RenamedOut(BaseModel):
    before: str
    after: str


class ChangedOut(BaseModel):
    grid: str
    before: dict[str, Any]
    after: dict[str, Any]


class LandOut(BaseModel):
    """Ground that changes hands."""

    from_: str = Field(alias="from")
    to: str
    area_m2: float


class PairOut(BaseModel):
    """What goes from one grid to another; null: none."""

    from_: str | None = Field(alias="from")
    to: str | None
    customers: int
    buildings: int


class MovedOut(BaseModel):
    customers: int
    buildings: int
    by: list[PairOut]


class DiffOut(BaseModel):
    """How the plan's grids differ from those of ``against``, and what moves as of ``day``; grids by code."""

    plan: str
    against: str | None
    day: dt.date
    added: list[str]
    removed: list[str]
    split: list[SplitOut]
    merged: list[MergedOut]
    reshaped: list[str]
    renamed: list[RenamedOut]
    changed: list[ChangedOut]
    land: list[LandOut]
    moved: MovedOut


class SideOut(BaseModel):
    """A grid and who owns it."""

    grid: str | None
    grid_name: str | None
    person: str | None
    person_name: str | None


class HandoverRow(BaseModel):
    from_: SideOut = Field(alias="from")
    to: SideOut
    customers: int
    buildings: int


class HandoverOut(BaseModel):
    """Who gives what to whom when the plan takes effect."""

    plan: str
    against: str | None
    day: dt.date
    rows: list[HandoverRow]


class HandoverItem(BaseModel):
    """A customer or building that changes hands."""

    step: int | None = Field(description="The step of the redraw that moves it; null: none does.")
    what: Literal["customer", "building"]
    id: str
    name: str | None
    building: str | None = Field(description="The building that a customer is in.")
    from_: SideOut = Field(alias="from")
    to: SideOut


class HandoverList(BaseModel):
    """A page of what changes hands, step by step; ``next`` is the token of the page behind it."""

    plan: str
    against: str | None
    day: dt.date
    rows: list[HandoverItem]
    next: str | None
