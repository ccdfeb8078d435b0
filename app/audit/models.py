from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, NewNumber, Now, OfOrganisation, Words


class AuditEvent(OfOrganisation, Base):
    """One change; the application role may insert and read, never update or delete."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_subject", "org_id", "subject_kind", "subject_id"),)

    event_id: Mapped[NewNumber]
    at: Mapped[Now]
    actor: Mapped[Words]
    action: Mapped[Words]
    subject_kind: Mapped[Words]
    subject_id: Mapped[Words]
    reason: Mapped[Words | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    request_id: Mapped[Words | None]
