"""Random histories: deciding only what a change touches comes to the same as deciding everything."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import text, update

from app.accounts.models import AccountLock, AccountPlace, ClusterMember, ListEntry
from app.places.models import BuildingVersion, ClusterOwner

DAY = dt.date(2026, 5, 1)
JUNE = dt.date(2026, 6, 1)
WEST, EAST = shapely.box(116.0, 24.0, 116.1, 24.1), shapely.box(116.1, 24.0, 116.2, 24.1)
ACCOUNTS = ("a", "b", "c", "d")
LEVELS = ("point", "point", "village", "district")


def somewhere(chance: random.Random) -> tuple[float, float]:
    return round(116.0 + chance.random() * 0.25, 9), round(24.0 + chance.random() * 0.1, 9)


async def relocate(world: Any, chance: random.Random, account: str, since: dt.date) -> None:
    await world.end(AccountPlace, account_pk=world.accounts[account])
    await world.place(account, *somewhere(chance), DAY, since if since > DAY else None, building="B")
    if since > DAY:
        await world.place(account, *somewhere(chance), since, level=chance.choice(LEVELS))
    await world.assign(since=DAY, accounts=[account])


async def enlist(world: Any, chance: random.Random, account: str, since: dt.date) -> None:
    until = chance.choice([None, since + dt.timedelta(days=chance.randint(1, 40))])
    name, grid = chance.choice("xyz"), chance.choice(["G1", "G2"])
    await world.lists("lower", grid, account=account, name=name, since=since, until=until)
    await world.assign(since=since, accounts=[account])


async def delist(world: Any, chance: random.Random, account: str, since: dt.date) -> None:
    await world.end(ListEntry, account_pk=world.accounts[account])
    await world.assign(since=DAY, accounts=[account])


async def join(world: Any, chance: random.Random, account: str, since: dt.date) -> None:
    await world.end(ClusterMember, account_pk=world.accounts[account])
    await world.joins(account, chance.choice(["m1", "m2"]), since)
    await world.assign(since=DAY, accounts=[account])


async def own(world: Any, chance: random.Random, account: str, since: dt.date) -> None:
    await world.end(ClusterOwner, cluster_pk=world.clusters["m1"])
    await world.owns("lower", chance.choice(["G1", "G2"]), "m1", since)
    await world.assign(since=DAY, accounts=ACCOUNTS)


async def lock(world: Any, chance: random.Random, account: str, since: dt.date) -> None:
    await world.end(AccountLock, account_pk=world.accounts[account])
    if chance.random() < 0.7:
        await world.locks("lower", chance.choice(["G1", "G2"]), account, since, since + dt.timedelta(days=9))
    await world.assign(since=DAY, accounts=[account])


async def move_building(world: Any, chance: random.Random, account: str, since: dt.date) -> None:
    ground = from_shape(shapely.box(*(at := somewhere(chance)), at[0] + 0.001, at[1] + 0.001), 4326)
    async with world.writing() as connection:
        await connection.execute(update(BuildingVersion).values(footprint=ground))
    await world.assign(since=DAY, buildings=["B"])


CHANGES = (relocate, enlist, enlist, delist, join, own, lock, move_building)


async def one_row_a_day(world: Any) -> None:
    async with world.writing() as connection:
        twice = await connection.execute(
            text(
                "SELECT count(*) FROM assignments a JOIN assignments b USING (org_id, plane_id, account_pk) "
                "WHERE a.superseded_at IS NULL AND b.superseded_at IS NULL AND a.valid_from < b.valid_from "
                "AND coalesce(a.valid_to, 'infinity') > b.valid_from"
            )
        )
        assert twice.scalar_one() == 0


@pytest.mark.parametrize("seed", range(5))
async def test_after_any_changes_a_full_run_changes_nothing(world: Any, seed: int) -> None:
    chance = random.Random(seed)
    await world.plane()
    first = await world.publish("lower", {"G1": WEST, "G2": EAST})
    other = {"G1": shapely.box(116.0, 24.0, 116.06, 24.1), "G2": shapely.box(116.06, 24.0, 116.2, 24.1)}
    await world.publish("lower", other, JUNE, base=first)
    await world.building("B", shapely.box(116.0998, 24.05, 116.1004, 24.051))
    for name in ("m1", "m2"):
        await world.cluster(name)
        await world.owns("lower", "G2", name)
    for name in ACCOUNTS:
        await world.account(name, *somewhere(chance), level=chance.choice(LEVELS))
    await world.assign()
    for _ in range(12):
        change = chance.choice(CHANGES)
        since = DAY + dt.timedelta(days=chance.choice([0, 5, 20, 31, 45]))
        await change(world, chance, chance.choice(ACCOUNTS), since)
        await one_row_a_day(world)
    accounts, buildings = await world.stored(), await world.stored("building_assignments")
    done = await world.assign()
    assert (done.inserted, done.superseded) == (0, 0)
    assert (await world.stored(), await world.stored("building_assignments")) == (accounts, buildings)


async def test_later_facts_never_change_earlier_days(world: Any) -> None:
    await world.plane()
    await world.publish("lower", {"G1": WEST, "G2": EAST})
    await world.account("a", 116.05, 24.05)
    await world.assign()
    before = [await world.held("a", DAY + dt.timedelta(days=n)) for n in range(0, 20, 5)]
    await world.lists("lower", "G2", account="a", since=DAY + dt.timedelta(days=20))
    await world.assign(since=DAY + dt.timedelta(days=20))
    after = [await world.held("a", DAY + dt.timedelta(days=n)) for n in range(0, 20, 5)]
    answers = ("grid", "status", "rule", "tie", "evidence", "from")
    assert [[row[name] for name in answers] for row in after] == [
        [row[name] for name in answers] for row in before
    ]
    assert (await world.held("a", DAY + dt.timedelta(days=20)))["grid"] == "G2"
