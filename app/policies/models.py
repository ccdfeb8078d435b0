from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from app.storage.base import Base, Dated, Json, NewNumber, OfOrganisation, Words, one_at_a_time


class Policy(OfOrganisation, Dated, Base):
    """One policy of a kind over a span of days, as the document that was given."""

    __tablename__ = "policies"
    __table_args__ = (
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("policies", "kind"),
    )

    policy_id: Mapped[NewNumber]
    kind: Mapped[Words]
    document: Mapped[Json]
