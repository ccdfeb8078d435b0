from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKeyConstraint,
    Index,
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


def _of_account() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["org_id", "account_pk"], ["accounts.org_id", "accounts.account_pk"], ondelete="CASCADE"
    )


def _ever_known_of(table: str) -> Index:
    # What was known then is no longer what is known now, and that is all the index of a fact's days holds.
    return Index(f"ix_{table}_account", "org_id", "account_pk")


class Party(OfOrganisation, Base):
    """An enterprise with several sites; its sites are accounts."""

    __tablename__ = "parties"

    party_id: Mapped[Words] = mapped_column(primary_key=True)
    name: Mapped[Words]
    uscc: Mapped[Words | None]
    attributes: Mapped[Attributes]


class Account(OfOrganisation, Base):
    """A customer or prospect; ``account_id`` is the organisation's own id. What changes with time has a table
    of its own: profiles, places, memberships, locks.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("org_id", "account_id"),)

    account_pk: Mapped[NewNumber]
    account_id: Mapped[Words]
    name: Mapped[Words | None]
    uscc: Mapped[Words | None]
    confirmed_on: Mapped[Day | None]
    attributes: Mapped[Attributes]
    created_at: Mapped[Now]
    updated_at: Mapped[Now]


class AccountProfile(OfOrganisation, Dated, Base):
    """What kind of customer an account is over a span of days, and what it asks of its responsible person."""

    __tablename__ = "account_profiles"
    __table_args__ = (
        _of_account(),
        ForeignKeyConstraint(["org_id", "party_id"], ["parties.org_id", "parties.party_id"], name="party"),
        CheckConstraint("net_status IN ('on_net', 'off_net', 'prospect')", name="net_status"),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("account_profiles", "account_pk"),
        _ever_known_of("account_profiles"),
        Index(
            "ix_account_profiles_party", "org_id", "party_id", postgresql_where=text("party_id IS NOT NULL")
        ),
    )

    profile_id: Mapped[NewNumber]
    account_pk: Mapped[Number]
    segment: Mapped[Words | None]
    tier: Mapped[Words | None]
    net_status: Mapped[Words | None]
    party_id: Mapped[Words | None]
    visits: Mapped[float | None] = mapped_column(Double)
    prospects: Mapped[float | None] = mapped_column(Double)
    opportunities: Mapped[float | None] = mapped_column(Double)
    complaints: Mapped[float | None] = mapped_column(Double)


class AccountPlace(OfOrganisation, Dated, Base):
    """Where an account is over a span of days: as received, and in WGS 84; a relocation is a new place."""

    __tablename__ = "account_places"
    __table_args__ = (
        _of_account(),
        ForeignKeyConstraint(
            ["org_id", "building_pk"], ["buildings.org_id", "buildings.building_pk"], name="building"
        ),
        ForeignKeyConstraint(["org_id", "region_pk"], ["regions.org_id", "regions.region_pk"], name="region"),
        CheckConstraint("valid_from < valid_to", name="span"),
        CheckConstraint(
            "geocode_level IN ('point', 'building', 'street', 'road', 'village', 'district')",
            name="geocode_level",
        ),
        one_at_a_time("account_places", "account_pk"),
        _ever_known_of("account_places"),
        Index("ix_account_places_geometry", "org_id", "geometry", postgresql_using="gist"),
        Index("ix_account_places_building", "org_id", "building_pk"),
        # Who else stands at a point: cells are compared by an operator that row-level security lets through.
        Index("ix_account_places_h3", "org_id", "h3"),
        Index(
            "ix_account_places_region", "org_id", "region_pk", postgresql_where=text("region_pk IS NOT NULL")
        ),
    )

    place_id: Mapped[NewNumber]
    account_pk: Mapped[Number]
    received_lng: Mapped[float] = mapped_column(Double)
    received_lat: Mapped[float] = mapped_column(Double)
    datum: Mapped[Words]
    point: Mapped[Any] = mapped_column("geometry", geometry("POINT"))
    h3: Mapped[int] = mapped_column(BigInteger)
    geocode_level: Mapped[Words] = mapped_column(server_default="point")
    radius_m: Mapped[float | None] = mapped_column(Double)
    building_pk: Mapped[int | None] = mapped_column(BigInteger)
    region_pk: Mapped[int | None] = mapped_column(BigInteger)
    address: Mapped[Words | None]


class ClusterMember(OfOrganisation, Dated, Base):
    """An account's membership of a cluster market."""

    __tablename__ = "cluster_members"
    __table_args__ = (
        _of_account(),
        ForeignKeyConstraint(
            ["org_id", "cluster_pk"], ["clusters.org_id", "clusters.cluster_pk"], ondelete="CASCADE"
        ),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("cluster_members", "account_pk"),
        _ever_known_of("cluster_members"),
        Index("ix_cluster_members_cluster", "org_id", "cluster_pk"),
    )

    member_id: Mapped[NewNumber]
    account_pk: Mapped[Number]
    cluster_pk: Mapped[Number]


class AccountLock(OfOrganisation, Dated, Base):
    """An account held in a grid of a plane whatever its place."""

    __tablename__ = "account_locks"
    __table_args__ = (
        _of_account(),
        ForeignKeyConstraint(
            ["org_id", "plane_id"], ["planes.org_id", "planes.plane_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["org_id", "grid_id"], ["grids.org_id", "grids.grid_id"], name="grid"),
        CheckConstraint("valid_from < valid_to", name="span"),
        one_at_a_time("account_locks", "plane_id", "account_pk"),
    )

    lock_id: Mapped[NewNumber]
    plane_id: Mapped[Uuid]
    account_pk: Mapped[Number]
    grid_id: Mapped[Uuid]


class ListEntry(OfOrganisation, Dated, Base):
    """An account or a party owned by name in a plane."""

    __tablename__ = "list_entries"
    __table_args__ = (
        _of_account(),
        ForeignKeyConstraint(["org_id", "party_id"], ["parties.org_id", "parties.party_id"], name="party"),
        ForeignKeyConstraint(
            ["org_id", "plane_id"], ["planes.org_id", "planes.plane_id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["org_id", "grid_id"], ["grids.org_id", "grids.grid_id"], name="grid"),
        CheckConstraint("num_nonnulls(account_pk, party_id) = 1", name="who"),
        CheckConstraint("valid_from < valid_to", name="span"),
        Index(
            "ix_list_entries_account",
            "org_id",
            "plane_id",
            "account_pk",
            postgresql_where=text("superseded_at IS NULL"),
        ),
        Index(
            "ix_list_entries_party",
            "org_id",
            "plane_id",
            "party_id",
            postgresql_where=text("superseded_at IS NULL"),
        ),
    )

    entry_id: Mapped[NewNumber]
    plane_id: Mapped[Uuid]
    list_name: Mapped[Words] = mapped_column("list", server_default="")
    account_pk: Mapped[int | None] = mapped_column(BigInteger)
    party_id: Mapped[Words | None]
    grid_id: Mapped[Uuid]


class Metric(OfOrganisation, Base):
    """A measure of an account in a month: revenue, arrears, churn …"""

    __tablename__ = "metrics"
    __table_args__ = (_of_account(),)

    account_pk: Mapped[Number] = mapped_column(primary_key=True)
    month: Mapped[Day] = mapped_column(primary_key=True)
    measure: Mapped[Words] = mapped_column(primary_key=True)
    value: Mapped[float] = mapped_column(Double)
