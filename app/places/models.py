from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import (
    Attributes,
    Base,
    Dated,
    Day,
    NewNumber,
    Now,
    Number,
    OfOrganisation,
    Uuid,
    Words,
    geometry,
    one_at_a_time,
)


class Building(OfOrganisation, Base):
    """``building_id`` is the organisation's own id; where it stands and what it holds is dated. A redraw
    leaves a ``locked`` building in its grid.
    """

    __tablename__ = "buildings"
    __table_args__ = (UniqueConstraint("org_id", "building_id"),)

    building_pk: Mapped[NewNumber]
    building_id: Mapped[Words]
    name: Mapped[Words | None]
    use: Mapped[Words | None]
    address: Mapped[Words | None]
    confirmed_on: Mapped[Day | None]
    locked: Mapped[bool] = mapped_column(server_default=text("false"))
    attributes: Mapped[Attributes]
    updated_at: Mapped[Now]


class BuildingVersion(OfOrganisation, Dated, Base):
    """Where a building stands and what it holds over a span of days; ``received`` is the file's own WKB."""

    __tablename__ = "building_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "building_pk"], ["buildings.org_id", "buildings.building_pk"], ondelete="CASCADE"
        ),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("building_versions", "building_pk"),
        # What was known at an earlier moment is not in the index of what is known now.
        Index("ix_building_versions_building", "org_id", "building_pk"),
        Index("ix_building_versions_geometry", "org_id", "geometry", postgresql_using="gist"),
    )

    version_id: Mapped[NewNumber]
    building_pk: Mapped[Number]
    footprint: Mapped[Any] = mapped_column("geometry", geometry("GEOMETRY"))
    received: Mapped[bytes] = mapped_column(LargeBinary)
    datum: Mapped[Words]
    h3: Mapped[int] = mapped_column(BigInteger)
    households: Mapped[int | None] = mapped_column(Integer)
    ports: Mapped[int | None] = mapped_column(Integer)
    ports_used: Mapped[int | None] = mapped_column(Integer)


class Region(OfOrganisation, Base):
    """A village, road or district whose polygon is the region of doubt of the geocodes that name it."""

    __tablename__ = "regions"
    __table_args__ = (UniqueConstraint("org_id", "region_id"),)

    region_pk: Mapped[NewNumber]
    region_id: Mapped[Words]
    name: Mapped[Words | None]
    kind: Mapped[Words | None]
    attributes: Mapped[Attributes]


class RegionVersion(OfOrganisation, Dated, Base):
    """The polygon of a region over a span of days; ``received`` is the file's own WKB."""

    __tablename__ = "region_versions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "region_pk"], ["regions.org_id", "regions.region_pk"], ondelete="CASCADE"
        ),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("region_versions", "region_pk"),
        Index("ix_region_versions_region", "org_id", "region_pk"),
    )

    version_id: Mapped[NewNumber]
    region_pk: Mapped[Number]
    ground: Mapped[Any] = mapped_column("geometry", geometry("GEOMETRY"))
    received: Mapped[bytes] = mapped_column(LargeBinary)
    datum: Mapped[Words]


class Cluster(OfOrganisation, Base):
    """A market or park whose members have one owner wherever they stand."""

    __tablename__ = "clusters"
    __table_args__ = (UniqueConstraint("org_id", "cluster_id"),)

    cluster_pk: Mapped[NewNumber]
    cluster_id: Mapped[Words]
    name: Mapped[Words]
    kind: Mapped[Words | None]
    confirmed_on: Mapped[Day | None]
    attributes: Mapped[Attributes]
    updated_at: Mapped[Now]


class ClusterOwner(OfOrganisation, Dated, Base):
    """The grid that owns a cluster in a plane."""

    __tablename__ = "cluster_owners"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "plane_id"], ["planes.org_id", "planes.plane_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["org_id", "cluster_pk"], ["clusters.org_id", "clusters.cluster_pk"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["org_id", "grid_id"], ["grids.org_id", "grids.grid_id"], name="grid"),
        CheckConstraint("valid_from < valid_to", name="span"),
        # Two grids may claim one market: that is a conflict to be found, not one to be hidden.
        one_at_a_time("cluster_owners", "plane_id", "cluster_pk", "grid_id"),
        Index("ix_cluster_owners_cluster", "org_id", "cluster_pk"),
    )

    owner_id: Mapped[NewNumber]
    plane_id: Mapped[Uuid]
    cluster_pk: Mapped[Number]
    grid_id: Mapped[Uuid]


class Barrier(OfOrganisation, Base):
    """A line that a grid may not straddle, except at its bridges; ``crossable`` where it may anywhere.

    A crossable line (a street) is no wall: units and new borders follow it.
    """

    __tablename__ = "barriers"
    __table_args__ = (Index("ix_barriers_geometry", "org_id", "geometry", postgresql_using="gist"),)

    barrier_id: Mapped[NewNumber]
    kind: Mapped[Words | None]
    crossable: Mapped[bool] = mapped_column(server_default=text("false"))
    line: Mapped[Any] = mapped_column("geometry", geometry("GEOMETRY"))
    bridges: Mapped[Any | None] = mapped_column(geometry("MULTIPOINT"))
    attributes: Mapped[Attributes]


class Exclusion(OfOrganisation, Base):
    """Land that no grid needs to cover."""

    __tablename__ = "exclusions"
    __table_args__ = (Index("ix_exclusions_geometry", "org_id", "geometry", postgresql_using="gist"),)

    exclusion_id: Mapped[NewNumber]
    reason: Mapped[Words | None]
    ground: Mapped[Any] = mapped_column("geometry", geometry("GEOMETRY"))
    attributes: Mapped[Attributes]
