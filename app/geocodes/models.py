from sqlalchemy import CheckConstraint, Double, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Dated, NewNumber, OfOrganisation, Words, one_at_a_time


class Pile(OfOrganisation, Dated, Base):
    """A point at which so many customers stand that it is the centre of a district, not their place.

    ``lng`` and ``lat`` are WGS 84 in the working precision. ``verdict`` is ``coarse``, or ``genuine`` where a
    planner has said that they do stand there.
    """

    __tablename__ = "piles"
    __table_args__ = (
        CheckConstraint("verdict IN ('coarse', 'genuine')", name="verdict"),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("piles", "lng", "lat"),
    )

    pile_id: Mapped[NewNumber]
    lng: Mapped[float] = mapped_column(Double)
    lat: Mapped[float] = mapped_column(Double)
    customers: Mapped[int] = mapped_column(Integer)
    verdict: Mapped[Words]
