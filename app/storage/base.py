"""The declarative base and the column types that every capability's models share."""

import datetime as dt
import uuid
from typing import Annotated, Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Identity, Index, MetaData, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Base of all models; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


Uuid = Annotated[uuid.UUID, mapped_column(UUID(as_uuid=True))]
NewUuid = Annotated[
    uuid.UUID, mapped_column(UUID(as_uuid=True), primary_key=True, server_default=text("gen_random_uuid()"))
]
Number = Annotated[int, mapped_column(BigInteger)]
NewNumber = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Words = Annotated[str, mapped_column(Text)]
Day = Annotated[dt.date, mapped_column(Date)]
Instant = Annotated[dt.datetime, mapped_column(DateTime(timezone=True))]
Now = Annotated[dt.datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Json = Annotated[dict[str, Any], mapped_column(JSONB)]
Attributes = Annotated[dict[str, Any], mapped_column(JSONB, server_default=text("'{}'::jsonb"))]


def geometry(kind: str) -> Geometry:
    """A WGS 84 geometry column type without an index of its own: indexes are named in the models."""
    return Geometry(kind, srid=4326, spatial_index=False)


class OfOrganisation:
    """A row that belongs to one organisation; row-level security hides it from every other."""

    org_id: Mapped[Uuid] = mapped_column(
        ForeignKey("organisations.org_id", ondelete="CASCADE"), primary_key=True, sort_order=-10
    )


class Dated:
    """A fact in two times: the days it held (``valid_to`` not included, none: open) and when we knew it.

    A correction never overwrites: it sets ``superseded_at`` and writes new rows.
    """

    valid_from: Mapped[Day] = mapped_column(sort_order=90)
    valid_to: Mapped[Day | None] = mapped_column(sort_order=91)
    recorded_at: Mapped[Now] = mapped_column(sort_order=92)
    superseded_at: Mapped[Instant | None] = mapped_column(sort_order=93)


def one_at_a_time(table: str, *key: str) -> Index:
    """Unique index over what is currently known: no two facts of one key begin on one day."""
    return Index(
        f"uq_{table}_current",
        "org_id",
        *key,
        "valid_from",
        unique=True,
        postgresql_where=text("superseded_at IS NULL"),
    )
