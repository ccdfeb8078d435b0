import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import (
    Attributes,
    Base,
    Dated,
    Instant,
    NewNumber,
    NewUuid,
    Now,
    OfOrganisation,
    Uuid,
    Words,
    geometry,
)


class Plan(OfOrganisation, Base):
    """One version of a plane's grids. ``version`` counts its changes and is its ETag."""

    __tablename__ = "plans"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "plane_id"], ["planes.org_id", "planes.plane_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["org_id", "base_plan_id"], ["plans.org_id", "plans.plan_id"], name="base"),
        CheckConstraint("status IN ('draft', 'validated', 'published', 'archived')", name="status"),
        Index("ix_plans_plane", "org_id", "plane_id", "created_at"),
    )

    plan_id: Mapped[NewUuid]
    plane_id: Mapped[Uuid]
    name: Mapped[Words]
    status: Mapped[Words] = mapped_column(server_default="draft")
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    base_plan_id: Mapped[uuid.UUID | None]
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    acknowledged: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[Now]
    created_by: Mapped[Words | None]
    validated_at: Mapped[Instant | None]
    published_at: Mapped[Instant | None]


class PlanTerm(OfOrganisation, Dated, Base):
    """The days on which a published plan is in force; on any day at most one plan of a plane is."""

    __tablename__ = "plan_terms"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "plan_id"], ["plans.org_id", "plans.plan_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["org_id", "plane_id"], ["planes.org_id", "planes.plane_id"], ondelete="CASCADE"
        ),
        CheckConstraint("valid_from < valid_to", name="span"),
        ExcludeConstraint(
            (literal_column("org_id"), "="),
            (literal_column("plane_id"), "="),
            (func.daterange(literal_column("valid_from"), literal_column("valid_to")), "&&"),
            where=text("superseded_at IS NULL"),
            name="ex_plan_terms_one_a_day",
        ),
    )

    term_id: Mapped[NewNumber]
    plane_id: Mapped[Uuid]
    plan_id: Mapped[Uuid]


class PlanGrid(OfOrganisation, Base):
    """A grid as it is in a plan: its shape version (none in a list plane) and attributes."""

    __tablename__ = "plan_grids"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "plan_id"], ["plans.org_id", "plans.plan_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["org_id", "grid_id"], ["grids.org_id", "grids.grid_id"], name="grid"),
        ForeignKeyConstraint(["org_id", "shape_id"], ["shapes.org_id", "shapes.shape_id"], name="shape"),
        ForeignKeyConstraint(["org_id", "area_id"], ["areas.org_id", "areas.area_id"], name="area"),
        ForeignKeyConstraint(["org_id", "owner_id"], ["people.org_id", "people.person_id"], name="owner"),
        UniqueConstraint("org_id", "plan_id", "code"),
        Index("ix_plan_grids_grid", "org_id", "grid_id"),
    )

    plan_id: Mapped[Uuid] = mapped_column(primary_key=True)
    grid_id: Mapped[Uuid] = mapped_column(primary_key=True)
    code: Mapped[Words] = mapped_column()
    name: Mapped[Words | None]
    grid_class: Mapped[Words | None] = mapped_column("class")
    shape_id: Mapped[bytes | None] = mapped_column(LargeBinary)
    area_id: Mapped[uuid.UUID | None]
    owner_id: Mapped[Words | None]
    locked: Mapped[bool] = mapped_column(server_default=text("false"))
    attributes: Mapped[Attributes]


class PlanStep(OfOrganisation, Base):
    """Ground that a transfer of a redraw's step moves: ``number`` counts the transfers, in order, from 1."""

    __tablename__ = "plan_steps"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "plan_id"], ["plans.org_id", "plans.plan_id"], ondelete="CASCADE"),
    )

    plan_id: Mapped[Uuid] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    step: Mapped[int] = mapped_column(Integer)
    kind: Mapped[Words]
    from_id: Mapped[Uuid]
    to_id: Mapped[Uuid]
    ground: Mapped[Any] = mapped_column("geometry", geometry("GEOMETRY"))


class Lineage(OfOrganisation, Base):
    """Which grids of the base a grid of this plan came from, where it was split or merged."""

    __tablename__ = "lineage"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "plan_id"], ["plans.org_id", "plans.plan_id"], ondelete="CASCADE"),
        CheckConstraint("kind IN ('split', 'merge')", name="kind"),
    )

    plan_id: Mapped[Uuid] = mapped_column(primary_key=True)
    parent_id: Mapped[Uuid] = mapped_column(primary_key=True)
    child_id: Mapped[Uuid] = mapped_column(primary_key=True)
    kind: Mapped[Words]
