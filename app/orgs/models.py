import uuid
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import (
    Attributes,
    Base,
    Dated,
    NewNumber,
    NewUuid,
    Now,
    Number,
    OfOrganisation,
    Uuid,
    Words,
    geometry,
    one_at_a_time,
)


class Organisation(Base):
    """A tenant. Its days begin at midnight in ``time_zone``.

    ``revision`` counts the transactions that changed what its answers stand on
    (:mod:`app.storage.revisions`).
    """

    __tablename__ = "organisations"

    org_id: Mapped[NewUuid]
    name: Mapped[Words] = mapped_column(unique=True)
    time_zone: Mapped[Words] = mapped_column(server_default="Asia/Shanghai")
    created_at: Mapped[Now]
    revision: Mapped[Number] = mapped_column(server_default="0")


class Area(OfOrganisation, Base):
    """Identity of a node of the tree; what it is called and where it hangs is dated."""

    __tablename__ = "areas"
    __table_args__ = (UniqueConstraint("org_id", "code"),)

    area_id: Mapped[NewUuid]
    code: Mapped[Words]


class AreaVersion(OfOrganisation, Dated, Base):
    """An area's name, parent, class and ground over a span of days."""

    __tablename__ = "area_versions"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "area_id"], ["areas.org_id", "areas.area_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["org_id", "parent_id"], ["areas.org_id", "areas.area_id"], name="parent"),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("area_versions", "area_id"),
    )

    version_id: Mapped[NewNumber]
    area_id: Mapped[Uuid]
    name: Mapped[Words]
    parent_id: Mapped[uuid.UUID | None]
    kind: Mapped[Words | None]
    area_class: Mapped[Words] = mapped_column("class", server_default="")
    class_reason: Mapped[Words | None]
    nbs_code: Mapped[Words | None]
    ground: Mapped[Any | None] = mapped_column("geometry", geometry("GEOMETRY"))
    attributes: Mapped[Attributes]


class Person(OfOrganisation, Base):
    """Identity of somebody who can be responsible for a grid; ``person_id`` is the organisation's own id."""

    __tablename__ = "people"

    person_id: Mapped[Words] = mapped_column(primary_key=True)


class PersonVersion(OfOrganisation, Dated, Base):
    """A person's name, area, capacity and residence over a span of days; days without one: not in service."""

    __tablename__ = "person_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "person_id"], ["people.org_id", "people.person_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["org_id", "area_id"], ["areas.org_id", "areas.area_id"], name="area"),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("person_versions", "person_id"),
    )

    version_id: Mapped[NewNumber]
    person_id: Mapped[Words]
    name: Mapped[Words]
    area_id: Mapped[uuid.UUID | None]
    capacity: Mapped[float | None] = mapped_column(Double)
    residence_lng: Mapped[float | None] = mapped_column(Double)
    residence_lat: Mapped[float | None] = mapped_column(Double)
    datum: Mapped[Words | None]
    residence: Mapped[Any | None] = mapped_column(geometry("POINT"))
    attributes: Mapped[Attributes]


class Responsibility(OfOrganisation, Dated, Base):
    """Who is responsible for a grid, in which role, over which days."""

    __tablename__ = "responsibilities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "plane_id"], ["planes.org_id", "planes.plane_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["org_id", "grid_id"], ["grids.org_id", "grids.grid_id"], name="grid"),
        ForeignKeyConstraint(["org_id", "person_id"], ["people.org_id", "people.person_id"], name="person"),
        CheckConstraint("role IN ('owner', 'stand_in', 'attack', 'defence')", name="role"),
        CheckConstraint("valid_from < valid_to", name="span"),
        Index(
            "ix_responsibilities_grid",
            "org_id",
            "grid_id",
            "valid_from",
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index(
            "ix_responsibilities_person",
            "org_id",
            "person_id",
            "valid_from",
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    responsibility_id: Mapped[NewNumber]
    plane_id: Mapped[Uuid]
    grid_id: Mapped[Uuid]
    person_id: Mapped[Words]
    role: Mapped[Words] = mapped_column(server_default="owner")
