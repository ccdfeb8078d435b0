from typing import Any, Literal

from pydantic import BaseModel

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class JobOut(BaseModel):
    """A piece of long work and how it stands."""

    id: str
    kind: str
    status: Status
    progress: float
    note: str | None = None
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
