"""A small world to decide in: planes, plans, places and customers, written straight into the database."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts.models import (
    Account,
    AccountLock,
    AccountPlace,
    AccountProfile,
    ClusterMember,
    ListEntry,
    Party,
)
from app.assignments import service as assignments
from app.assignments.service import Reassigned
from app.geocodes.models import Pile
from app.places.models import Building, BuildingVersion, Cluster, ClusterOwner, Region, RegionVersion
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import calendar
from app.plans import service as plans
from app.plans.models import Plan
from app.plans.service import GridRow
from app.storage.database import Database
from geo.cells import cells

DAY = dt.date(2026, 5, 1)
ALL_RULES = ("lock", "named_list", "cluster", "building", "point", "region")
WEST, EAST = shapely.box(116.0, 24.0, 116.1, 24.1), shapely.box(116.1, 24.0, 116.2, 24.1)


@dataclass
class World:
    """One organisation. Every step is a transaction of its own; nothing is assigned unless asked for."""

    database: Database
    api: Any
    accounts: dict[str, int] = field(default_factory=dict)
    buildings: dict[str, int] = field(default_factory=dict)
    regions: dict[str, int] = field(default_factory=dict)
    clusters: dict[str, int] = field(default_factory=dict)
    planes: dict[str, Plane] = field(default_factory=dict)
    grids: dict[tuple[str, str], uuid.UUID] = field(default_factory=dict)
    base: uuid.UUID | None = None
    """The plan that was published last."""

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        async with self.database.transaction(self.api.org_id) as connection:
            yield connection

    async def add(self, model: Any, **values: Any) -> Any:
        key = next(iter(model.__table__.primary_key.columns.keys()[1:]), None)
        made = insert(model).values(org_id=self.api.org_id, **values).returning(getattr(model, key))
        async with self.writing() as connection:
            return (await connection.execute(made)).scalar_one()

    async def end(self, model: Any, **where: Any) -> None:
        """Nothing is known any more of these dated rows."""
        async with self.writing() as connection:
            await connection.execute(
                update(model)
                .where(model.superseded_at.is_(None), *(getattr(model, k) == v for k, v in where.items()))
                .values(superseded_at=text("clock_timestamp()"))
            )

    async def plane(
        self,
        code: str = "lower",
        kind: str = "place",
        rules: Sequence[str] = ALL_RULES,
        covers: Mapping[str, list[str]] | None = None,
    ) -> Plane:
        async with self.writing() as connection:
            self.planes[code] = await planes.create(
                connection,
                self.api.org_id,
                code,
                code,
                kind,
                rules,  # type: ignore[arg-type]
                covers or {},
            )
        return self.planes[code]

    async def draft(
        self, plane: str, grids: Mapping[str, Any], base: uuid.UUID | None = None, **attributes: Any
    ) -> Any:
        async with self.writing() as connection:
            made = await plans.create_draft(
                connection, self.api.org_id, self.planes[plane], base, "draft", "tests"
            )
            rows = [GridRow(None, code, code, polygon=shape, **attributes) for code, shape in grids.items()]
            made = await plans.write_grids(connection, self.api.org_id, made, rows)
            table = await plans.grid_table(connection, made.plan_id)
        self.grids |= {(plane, code): key for code, key in zip(table.codes, table.grid_ids, strict=True)}
        return made

    async def publish(
        self,
        plane: str,
        grids: Mapping[str, Any],
        day: dt.date = DAY,
        base: uuid.UUID | None = None,
        **attributes: Any,
    ) -> uuid.UUID:
        """A plan with these grids in force from a day."""
        plan = await self.draft(plane, grids, base, **attributes)
        async with self.writing() as connection:
            await calendar.begin(connection, self.api.org_id, plan, day)
            await connection.execute(
                update(Plan).where(Plan.plan_id == plan.plan_id).values(status="published")
            )
        plan_id: uuid.UUID = plan.plan_id
        self.base = plan_id
        return plan_id

    async def building(self, name: str, ground: Any) -> None:
        self.buildings[name] = await self.add(Building, building_id=name)
        await self.stands(name, ground, dt.date.min)

    async def stands(self, name: str, ground: Any, since: dt.date) -> None:
        """A building stands here from a day on."""
        point = shapely.point_on_surface(ground)
        await self.add(
            BuildingVersion,
            building_pk=self.buildings[name],
            valid_from=since,
            footprint=from_shape(ground, 4326),
            received=shapely.to_wkb(ground),
            datum="wgs84",
            h3=int(cells([point.x], [point.y])[0]),
        )

    async def region(self, name: str, ground: Any) -> None:
        self.regions[name] = await self.add(Region, region_id=name)
        await self.add(
            RegionVersion,
            region_pk=self.regions[name],
            valid_from=dt.date.min,
            ground=from_shape(ground, 4326),
            received=shapely.to_wkb(ground),
            datum="wgs84",
        )

    async def pile(
        self, lng: float, lat: float, since: dt.date, until: dt.date | None = None, verdict: str = "coarse"
    ) -> None:
        where = {"lng": lng, "lat": lat, "customers": 50, "verdict": verdict}
        await self.add(Pile, valid_from=since, valid_to=until, **where)

    async def party(self, name: str) -> None:
        await self.add(Party, party_id=name, name=name)

    async def account(
        self,
        name: str,
        lng: float | None = None,
        lat: float | None = None,
        since: dt.date = DAY,
        *,
        building: str | None = None,
        region: str | None = None,
        level: str = "point",
        radius_m: float | None = None,
        **profile: Any,
    ) -> None:
        self.accounts[name] = await self.add(Account, account_id=name)
        await self.add(AccountProfile, account_pk=self.accounts[name], valid_from=since, **profile)
        if lng is not None and lat is not None:
            await self.place(
                name, lng, lat, since, building=building, region=region, level=level, radius_m=radius_m
            )

    async def profile(
        self, account: str, since: dt.date, until: dt.date | None = None, **columns: Any
    ) -> None:
        await self.add(
            AccountProfile,
            account_pk=self.accounts[account],
            valid_from=since,
            valid_to=until,
            **columns,
        )

    async def place(
        self,
        account: str,
        lng: float,
        lat: float,
        since: dt.date,
        until: dt.date | None = None,
        *,
        building: str | None = None,
        region: str | None = None,
        level: str = "point",
        radius_m: float | None = None,
    ) -> None:
        await self.add(
            AccountPlace,
            account_pk=self.accounts[account],
            received_lng=lng,
            received_lat=lat,
            datum="wgs84",
            point=from_shape(shapely.Point(lng, lat), 4326),
            h3=int(cells([lng], [lat])[0]),
            geocode_level=level,
            radius_m=radius_m,
            building_pk=self.buildings[building] if building else None,
            region_pk=self.regions[region] if region else None,
            valid_from=since,
            valid_to=until,
        )

    async def cluster(self, name: str) -> None:
        self.clusters[name] = await self.add(Cluster, cluster_id=name, name=name)

    async def owns(
        self, plane: str, grid: str, cluster: str, since: dt.date = DAY, until: dt.date | None = None
    ) -> None:
        await self.add(
            ClusterOwner,
            plane_id=self.planes[plane].plane_id,
            cluster_pk=self.clusters[cluster],
            grid_id=self.grids[plane, grid],
            valid_from=since,
            valid_to=until,
        )

    async def joins(
        self, account: str, cluster: str, since: dt.date = DAY, until: dt.date | None = None
    ) -> None:
        await self.add(
            ClusterMember,
            account_pk=self.accounts[account],
            cluster_pk=self.clusters[cluster],
            valid_from=since,
            valid_to=until,
        )

    async def lists(
        self,
        plane: str,
        grid: str,
        *,
        account: str | None = None,
        party: str | None = None,
        name: str = "key accounts",
        since: dt.date = DAY,
        until: dt.date | None = None,
    ) -> None:
        await self.add(
            ListEntry,
            plane_id=self.planes[plane].plane_id,
            list_name=name,
            account_pk=self.accounts[account] if account else None,
            party_id=party,
            grid_id=self.grids[plane, grid],
            valid_from=since,
            valid_to=until,
        )

    async def locks(
        self, plane: str, grid: str, account: str, since: dt.date = DAY, until: dt.date | None = None
    ) -> None:
        await self.add(
            AccountLock,
            plane_id=self.planes[plane].plane_id,
            account_pk=self.accounts[account],
            grid_id=self.grids[plane, grid],
            valid_from=since,
            valid_to=until,
        )

    async def assign(
        self,
        plane: str = "lower",
        since: dt.date = DAY,
        accounts: Sequence[str] | None = None,
        buildings: Sequence[str] | None = None,
    ) -> Reassigned:
        """Reassign everything, or these accounts and buildings."""

        def keys(names: Sequence[str] | None, known: dict[str, int]) -> Any:
            return None if names is None else np.array([known[name] for name in names], np.int64)

        if accounts is not None or buildings is not None:
            accounts, buildings = accounts or [], buildings or []
        async with self.writing() as connection:
            return await assignments.reassign(
                connection,
                self.api.org_id,
                self.planes[plane],
                since,
                keys(accounts, self.accounts),
                keys(buildings, self.buildings),
            )

    async def held(
        self, account: str, at: dt.date = DAY, plane: str = "lower", **asked: Any
    ) -> dict[str, Any] | None:
        """The account's assignment in the plane on a day, as the API tells it."""
        answer = await self.api.get(
            f"/v1/accounts/{account}/assignments", params={"plane": plane, "at": at.isoformat(), **asked}
        )
        assert answer.status_code == 200, answer.text
        rows = answer.json()["assignments"]
        assert len(rows) <= 1
        return rows[0] if rows else None

    async def stored(self, table: str = "assignments") -> list[tuple[Any, ...]]:
        """All current rows, without the times at which they were recorded."""
        key = "account_pk" if table == "assignments" else "building_pk"
        async with self.writing() as connection:
            rows = await connection.execute(
                text(
                    f"SELECT plane_id, {key}, valid_from, valid_to, status, grid_id, rule, tie, evidence "
                    f"FROM {table} WHERE superseded_at IS NULL ORDER BY plane_id, {key}, valid_from"
                )
            )
            return [tuple(row) for row in rows]


@pytest.fixture
def world(database: Database, api: Any) -> World:
    """A fresh organisation's world."""
    return World(database, api)


@pytest.fixture
def new_world(database: Database, new_org: Any) -> Any:
    """Makes worlds, each of a fresh organisation."""

    async def make() -> World:
        return World(database, await new_org())

    return make
