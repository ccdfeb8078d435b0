from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKeyConstraint, Index, Integer, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant, Json, NewUuid, Now, OfOrganisation, Uuid, Words


class Job(OfOrganisation, Base):
    """A piece of long work. ``attempt`` fences: only the attempt that started last may finish it."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        Index("ix_jobs_created", "org_id", "created_at"),
    )

    job_id: Mapped[NewUuid]
    kind: Mapped[Words]
    status: Mapped[Words] = mapped_column(server_default="queued")
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    progress: Mapped[float] = mapped_column(Double, server_default="0")
    note: Mapped[Words | None]
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    finish_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    params: Mapped[Json]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_by: Mapped[Words | None]
    created_at: Mapped[Now]
    started_at: Mapped[Instant | None]
    beat_at: Mapped[Instant | None]
    finished_at: Mapped[Instant | None]


class JobRow(OfOrganisation, Base):
    """A row of an import that was refused, and why."""

    __tablename__ = "job_rows"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "job_id"], ["jobs.org_id", "jobs.job_id"], ondelete="CASCADE"),
    )

    job_id: Mapped[Uuid] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(Integer, primary_key=True)
    row_id: Mapped[Words | None]
    reason: Mapped[Words]
