from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import (
    Attributes,
    Base,
    Dated,
    NewNumber,
    NewUuid,
    Now,
    OfOrganisation,
    Uuid,
    Words,
    one_at_a_time,
)


class Plane(OfOrganisation, Base):
    """A layer of responsibility: what is the same on every day."""

    __tablename__ = "planes"
    __table_args__ = (
        UniqueConstraint("org_id", "code"),
        CheckConstraint("kind IN ('place', 'list')", name="kind"),
    )

    plane_id: Mapped[NewUuid]
    code: Mapped[Words]
    kind: Mapped[Words]
    created_at: Mapped[Now]


class PlaneVersion(OfOrganisation, Dated, Base):
    """A plane's name over a span of days, which rules decide, in order, and whom it covers (empty: all)."""

    __tablename__ = "plane_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "plane_id"], ["planes.org_id", "planes.plane_id"], ondelete="CASCADE"
        ),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("plane_versions", "plane_id"),
    )

    version_id: Mapped[NewNumber]
    plane_id: Mapped[Uuid]
    name: Mapped[Words]
    rules: Mapped[list[str]] = mapped_column(ARRAY(Text))
    covers: Mapped[Attributes]
