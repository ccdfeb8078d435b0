import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Dated, Day, Now, Number, OfOrganisation, Uuid, Words

_STATUS = "status IN ('assigned', 'outside', 'quarantined', 'uncovered', 'unassigned')"


class Decided(OfOrganisation, Dated):
    """What was decided of somebody or something in a plane over a span of days, and by which rule."""

    plane_id: Mapped[Uuid] = mapped_column(primary_key=True, sort_order=-5)
    valid_from: Mapped[Day] = mapped_column(primary_key=True, sort_order=90)
    recorded_at: Mapped[Now] = mapped_column(primary_key=True, sort_order=92)
    status: Mapped[Words]
    grid_id: Mapped[uuid.UUID | None]
    rule: Mapped[Words | None]
    tie: Mapped[bool] = mapped_column(server_default=text("false"))
    evidence: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Assignment(Decided, Base):
    """An account's grid in a plane over a span of days, with the rule that decided and its evidence.

    Keyed by grid, not by plan: an account that a new plan leaves where it is costs nothing.
    """

    __tablename__ = "assignments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "account_pk"], ["accounts.org_id", "accounts.account_pk"], ondelete="CASCADE"
        ),
        CheckConstraint("valid_from < valid_to", name="span"),
        CheckConstraint(_STATUS, name="status"),
        Index(
            "uq_assignments_current",
            "org_id",
            "plane_id",
            "account_pk",
            "valid_from",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("ix_assignments_grid", "org_id", "grid_id", "valid_from"),
        # The work list of what cannot be decided: few among many.
        Index(
            "ix_assignments_quarantined",
            "org_id",
            "plane_id",
            "account_pk",
            postgresql_where=text("status = 'quarantined'"),
        ),
    )

    account_pk: Mapped[Number] = mapped_column(primary_key=True)


class BuildingAssignment(Decided, Base):
    """A building's grid in a plane over a span of days, with its share of the footprint."""

    __tablename__ = "building_assignments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "building_pk"], ["buildings.org_id", "buildings.building_pk"], ondelete="CASCADE"
        ),
        CheckConstraint("valid_from < valid_to", name="span"),
        CheckConstraint(_STATUS, name="status"),
        Index(
            "uq_building_assignments_current",
            "org_id",
            "plane_id",
            "building_pk",
            "valid_from",
            unique=True,
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index("ix_building_assignments_grid", "org_id", "grid_id", "valid_from"),
    )

    building_pk: Mapped[Number] = mapped_column(primary_key=True)
    share: Mapped[float | None] = mapped_column(Double)
