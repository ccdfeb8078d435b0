"""What a process keeps of an organisation is used only while the database confirms it."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from app.auth import service as auth
from app.errors import Unauthenticated, Unavailable
from app.standing.service import Standing, Standings
from app.storage.database import Database
from app.storage.revisions import Revisions
from tests.integration.plans.conftest import FIRST, TODAY, features, four, published, square

Ask = Callable[[], Awaitable[Standing]]


async def _change(database: Database, org_id: uuid.UUID, statement: str, **values: Any) -> None:
    """Change something as the owner of the database does, past every service."""
    async with database.engine.begin() as connection:
        await connection.execute(text(statement), {"org": org_id, **values})


async def test_nothing_is_read_again_until_something_changes(city: Any, asked: Ask) -> None:
    first = await asked()
    assert await asked() is first
    made = await city.post("/v1/planes", {"code": "Q", "kind": "list", "rules": ["lock"]})
    assert made.status_code == 201
    second = await asked()
    assert second is not first
    assert set(second.planes) == {"P", "Q"}


async def test_a_publication_is_followed_and_so_is_its_withdrawal(city: Any, asked: Ask) -> None:
    plane = (await asked()).plane("P", TODAY)
    assert plane is not None
    assert (await asked()).plan_id(plane.plane_id, TODAY) is None
    first = await published(city, features(four()), TODAY)
    assert str((await asked()).plan_id(plane.plane_id, TODAY)) == first
    later = await published(
        city, features(four(G1=square(0, 0, east=0.001), G2=square(1, 0, west=0.001))), FIRST
    )
    now = await asked()
    assert str(now.plan_id(plane.plane_id, FIRST - dt.timedelta(days=1))) == first
    assert str(now.plan_id(plane.plane_id, FIRST)) == later
    answer = await city.post(f"/v1/plans/{later}/withdraw", {"from": FIRST.isoformat()})
    assert answer.status_code == 200
    assert str((await asked()).plan_id(plane.plane_id, FIRST)) == first


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE organisations SET time_zone = 'UTC' WHERE org_id = :org",
        "UPDATE plane_versions SET name = 'other' WHERE org_id = :org",
        "INSERT INTO areas (org_id, code) VALUES (:org, 'a')",
        "INSERT INTO people (org_id, person_id) VALUES (:org, 'p')",
        "DELETE FROM plane_versions WHERE org_id = :org",
        "INSERT INTO policies (org_id, kind, document, valid_from) VALUES (:org, 'pay', '{}', '2026-01-01')",
    ],
)
async def test_whatever_changes_it_and_by_whatever_way_is_noticed(
    city: Any, asked: Ask, database: Database, statement: str
) -> None:
    first = await asked()
    await _change(database, city.org_id, statement)
    second = await asked()
    assert second.revision.number == (first.revision.number or 0) + 1


async def test_what_is_rolled_back_changes_nothing(city: Any, asked: Ask, database: Database) -> None:
    first = await asked()
    async with database.engine.connect() as connection:
        await connection.execute(
            text("INSERT INTO areas (org_id, code) VALUES (:o, 'a')"), {"o": city.org_id}
        )
        await connection.rollback()
    assert await asked() is first


async def test_two_writers_who_commit_out_of_order_are_both_seen(
    city: Any, asked: Ask, database: Database
) -> None:
    add = text("INSERT INTO areas (org_id, code) VALUES (:o, :c)")
    async with database.engine.connect() as early, database.engine.connect() as late:
        await early.execute(add, {"o": city.org_id, "c": "a"})
        await late.execute(add, {"o": city.org_id, "c": "b"})
        before = await asked()
        await late.commit()
        between = await asked()
        await early.commit()
        after = await asked()
    assert [between.revision.number, after.revision.number] == [
        (before.revision.number or 0) + 1,
        (before.revision.number or 0) + 2,
    ]


async def test_another_organisations_changes_are_not_this_ones(
    city: Any, asked: Ask, new_org: Any, database: Database
) -> None:
    first = await asked()
    other = await new_org()
    await _change(database, other.org_id, "INSERT INTO areas (org_id, code) VALUES (:org, 'a')")
    assert await asked() is first


async def test_a_key_that_is_revoked_opens_nothing_any_more(
    city: Any, standings: Standings, database: Database
) -> None:
    async with database.transaction(city.org_id) as connection:
        key = await auth.make_key(connection, city.org_id, "script", "reader")
    assert (await standings.recognise(key))[0].role == "reader"
    assert (await standings.recognise(key))[0].name == "script"
    revoke = "UPDATE api_keys SET revoked_at = now() WHERE org_id = :org AND name = 'script'"
    await _change(database, city.org_id, revoke)
    with pytest.raises(Unauthenticated):
        await standings.recognise(key)


async def test_an_organisation_that_is_gone_has_no_revision(standings: Standings) -> None:
    assert (await standings.revisions.of(uuid.uuid4())).number is None


async def test_many_who_ask_at_once_share_a_question(standings: Standings, city: Any) -> None:
    asked: list[int] = []
    ask = standings.revisions._ask

    async def counted(connection: Any, orgs: Any) -> Any:
        asked.append(len(orgs))
        return await ask(connection, orgs)

    standings.revisions._ask = counted  # type: ignore[method-assign]
    await standings.revisions.confirm()
    asked.clear()
    found = await asyncio.gather(*(standings.revisions.of(city.org_id) for _ in range(500)))
    assert len(set(found)) == 1
    assert sum(1 for size in asked if size) <= 2


async def test_the_first_who_ask_together_read_once(standings: Standings, city: Any) -> None:
    found = await asyncio.gather(*(standings.of(city.org_id) for _ in range(8)))
    assert all(one is found[0] for one in found)


async def test_an_asker_who_leaves_takes_nothing_from_the_others(standings: Standings, city: Any) -> None:
    leaving = asyncio.create_task(standings.revisions.of(city.org_id))
    staying = asyncio.create_task(standings.revisions.of(city.org_id))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).number is not None


async def test_a_killed_connection_is_replaced_and_what_was_kept_is_read_again(
    city: Any, asked: Ask, standings: Standings, database_url: str
) -> None:
    first = await asked()
    with psycopg.connect(database_url, autocommit=True) as owner:
        killed = owner.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE application_name = 'gridwright revisions' AND datname = current_database()"
        ).fetchall()
    assert killed
    second = await asked()
    assert second is not first
    assert second.revision.number == first.revision.number


async def test_noise_on_the_channel_changes_nothing(
    standings: Standings, city: Any, database_url: str
) -> None:
    before = await standings.revisions.of(city.org_id)
    with psycopg.connect(database_url, autocommit=True) as other:
        other.execute("NOTIFY gridwright_revised, 'no organisation'")
    for _ in range(3):
        assert await standings.revisions.of(city.org_id) == before


async def test_a_fault_of_any_kind_is_a_refusal_and_not_the_last_answer(
    standings: Standings, city: Any
) -> None:
    before = await standings.revisions.of(city.org_id)
    ask = standings.revisions._ask

    async def broken(connection: Any, orgs: Any) -> Any:
        raise LookupError("something nobody thought of")

    standings.revisions._ask = broken  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await asyncio.wait_for(standings.revisions.of(city.org_id), 5)
    standings.revisions._ask = ask  # type: ignore[method-assign]
    after = await asyncio.wait_for(standings.revisions.of(city.org_id), 5)
    assert after.number == before.number


async def test_where_nobody_answers_it_is_a_refusal(database_url: str) -> None:
    nowhere = Revisions("postgresql:///none?host=/nonexistent", patience_s=0.5)
    nowhere.start()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await nowhere.of(uuid.uuid4())
    await nowhere.close()
    with pytest.raises(Unavailable):
        await nowhere.confirm()


async def test_the_ground_of_a_new_plan_is_made_before_it_is_asked(
    city: Any, asked: Ask, standings: Standings
) -> None:
    await published(city, features(four()), TODAY)
    standing = await asked()
    plane = standing.plane("P", TODAY)
    assert plane is not None
    assert await standings.ground(standing, plane.plane_id, TODAY) is not None
    await published(city, features(four(G1=square(0, 0, east=0.001), G2=square(1, 0, west=0.001))), FIRST)
    async with asyncio.timeout(20):
        while ("plan", standing.plan_id(plane.plane_id, TODAY)) not in (
            kept := standings._standings[city.org_id]
        ).things or kept is standing:
            await asyncio.sleep(0.05)
