from typing import Any

from sqlalchemy import Double, ForeignKeyConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Day, NewUuid, Now, OfOrganisation, Uuid, geometry


class Grid(OfOrganisation, Base):
    """Identity of a grid, stable across plans; code, name and shape belong to plans."""

    __tablename__ = "grids"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "plane_id"], ["planes.org_id", "planes.plane_id"], ondelete="CASCADE"
        ),
        Index("ix_grids_plane", "org_id", "plane_id"),
    )

    grid_id: Mapped[NewUuid]
    plane_id: Mapped[Uuid]
    confirmed_on: Mapped[Day | None]
    created_at: Mapped[Now]


class Shape(OfOrganisation, Base):
    """A polygon that never changes; ``shape_id`` is the SHA-256 of its little-endian 2D WKB."""

    __tablename__ = "shapes"
    __table_args__ = (Index("ix_shapes_geometry", "org_id", "geometry", postgresql_using="gist"),)

    shape_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    polygon: Mapped[Any] = mapped_column("geometry", geometry("GEOMETRY"))
    area_m2: Mapped[float] = mapped_column(Double)
