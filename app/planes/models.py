from sqlalchemy import CheckConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Attributes, Base, NewUuid, Now, OfOrganisation, Words


class Plane(OfOrganisation, Base):
    """A layer of responsibility: which rules decide, in order, and whom it covers (empty: everyone)."""

    __tablename__ = "planes"
    __table_args__ = (
        UniqueConstraint("org_id", "code"),
        CheckConstraint("kind IN ('place', 'list')", name="kind"),
    )

    plane_id: Mapped[NewUuid]
    code: Mapped[Words]
    name: Mapped[Words]
    kind: Mapped[Words]
    rules: Mapped[list[str]] = mapped_column(ARRAY(Text))
    covers: Mapped[Attributes]
    created_at: Mapped[Now]
