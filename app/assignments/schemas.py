import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["assigned", "outside", "quarantined", "uncovered", "unassigned"]


class AssignmentOut(BaseModel):
    """Whose an account is in a plane, over which days, and why."""

    plane: str
    grid: str | None
    status: Status
    rule: str | None
    tie: bool
    evidence: dict[str, Any] | None
    from_: dt.date = Field(alias="from")
    to: dt.date | None = Field(description="The first day on which it no longer holds; null: open.")


class BuildingAssignmentOut(AssignmentOut):
    """Whose a building is, with its share of the footprint."""

    share: float | None


class AccountAssignments(BaseModel):
    """An account's assignments on a day: one for each plane that has one."""

    account: str
    at: dt.date
    assignments: list[AssignmentOut]


class BuildingAssignments(BaseModel):
    """A building's assignments on a day: one for each plane that has one."""

    building: str
    at: dt.date
    assignments: list[BuildingAssignmentOut]


class Step(BaseModel):
    """One step of an explanation: what a rule said, or (last, without rule) what came of it."""

    rule: str | None
    outcome: str
    text: str


class PlaneExplanation(BaseModel):
    """How a plane comes to its answer for an account, from what is known (now, or at ``known_at``)."""

    plane: str
    plan: str | None
    status: Status | None
    grid: str | None
    rule: str | None
    tie: bool
    evidence: dict[str, Any] | None
    basis: list[str] = Field(description="What it rests on: the plan, the rules and whom the plane covers.")
    steps: list[Step]


class Explanation(BaseModel):
    """Why an account belongs where it does, in each plane."""

    account: str
    at: dt.date
    planes: list[PlaneExplanation]


class ReassignFrom(BaseModel):
    """From which day on a plane is to be decided again."""

    model_config = ConfigDict(extra="forbid")

    from_: dt.date = Field(alias="from")
