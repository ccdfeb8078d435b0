from typing import Any, Literal

from pydantic import BaseModel, Field

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class JobOut(BaseModel):
    """A piece of long work and how it stands."""

    id: str
    kind: str
    status: Status
    progress: float
    note: str | None = None
    detail: dict[str, Any] | None = Field(
        None, description="What else is known of the work while it runs: of a redraw stage, violation, …"
    )
    result: dict[str, Any] | None
    problem: dict[str, Any] | None


class RefusedRow(BaseModel):
    """A row that an import refused; ``row`` counts from 1."""

    row: int
    id: str | None
    reason: str


class RefusedRows(BaseModel):
    """A page of refused rows; ``next`` is the token of the page behind it, none at the end."""

    rows: list[RefusedRow]
    next: str | None


class Submitted(BaseModel):
    """The job that does the work."""

    id: str
