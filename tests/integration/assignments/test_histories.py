"""Random histories: deciding only what a change touches comes to the same as deciding everything.

Every change goes the way an operator's goes: a file that is loaded, a policy that is put, a plan that begins.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.assignments import explaining
from app.errors import Conflict
from app.storage.dated import known

DAY = dt.date(2026, 5, 1)
DAYS = [DAY + dt.timedelta(days=n) for n in (0, 5, 20, 31, 45)]
ASKED = [DAY + dt.timedelta(days=n) for n in (0, 4, 5, 19, 20, 30, 31, 44, 45, 90)]
ACCOUNTS = ("a", "b", "c", "d", "e")
SPOTS = [(116.05, 24.05), (116.1, 24.05), (116.15, 24.05), (116.0951, 24.05), (116.3, 24.05)]
RULES = (
    ["lock", "named_list", "cluster", "building", "point", "region"],
    ["cluster", "named_list", "building", "point"],
    ["named_list", "region", "point"],
)
COVERS: tuple[dict[str, list[str]], ...] = (
    {},
    {"tier": ["A"]},
    {"tier": ["A"], "net_status": ["on_net"]},
)

account = st.sampled_from(ACCOUNTS)
since = st.sampled_from(DAYS)
spot = st.sampled_from(SPOTS)
grid = st.sampled_from(["G1", "G2"])
changes = st.one_of(
    st.tuples(
        st.just("place"),
        since,
        account,
        spot,
        st.sampled_from(["point", "point", "village", "district"]),
        st.sampled_from(["", "", "B"]),
        st.sampled_from(["", "", "R"]),
    ),
    st.tuples(st.just("gather"), since, spot),
    st.tuples(
        st.just("profile"),
        since,
        account,
        st.sampled_from("AB"),
        st.sampled_from(["on_net", "prospect"]),
        st.sampled_from(["", "p1", "p2"]),
    ),
    st.tuples(st.just("join"), since, account, st.sampled_from(["", "m1", "m2"])),
    st.tuples(st.just("lock"), since, account, st.sampled_from(["", "G1", "G2"])),
    st.tuples(
        st.just("list"),
        since,
        st.sampled_from([*((one, "") for one in ACCOUNTS), ("", "p1"), ("", "p2")]),
        grid,
        st.sampled_from("xyz"),
        st.sampled_from([None, 1, 12, 40]),
    ),
    st.tuples(st.just("building"), since, spot),
    st.tuples(st.just("region"), since, spot, st.sampled_from([0.001, 0.02])),
    st.tuples(st.just("owners"), since, st.sampled_from(["m1", "m2"]), st.sets(grid, min_size=1)),
    st.tuples(st.just("plane"), since, st.sampled_from(RULES), st.sampled_from(COVERS)),
    st.tuples(st.just("policy"), since, st.sampled_from([100, 3000]), st.sampled_from([3, 50])),
    st.tuples(st.just("publish"), since, st.sampled_from([116.06, 116.12])),
)  # fmt: skip


def box(at: tuple[float, float], size: float = 0.001) -> str:
    """A footprint around a place, more of it to the east."""
    return shapely.box(at[0] - size / 3, at[1] - size, at[0] + size, at[1] + size).wkt


def at(who: str) -> str:
    """Where an account was at first."""
    lng, lat = SPOTS[ACCOUNTS.index(who)]
    return f"{lng},{lat}"


async def load(world: Any, kind: str, day: dt.date, content: str, **fields: str) -> None:
    answer = await world.api.ask(
        "POST",
        f"/v1/imports/{kind}",
        params={"wait": "true"},
        data={"crs": "wgs84", "since": day.isoformat(), **fields},
        files={"file": (f"{kind}.csv", content.encode())},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["result"]["refused"] == 0, answer.text


async def begin(world: Any) -> None:
    await world.plane()
    west, east = shapely.box(116.0, 24.0, 116.1, 24.1), shapely.box(116.1, 24.0, 116.2, 24.1)
    await world.publish("lower", {"G1": west, "G2": east})
    await load(world, "parties", DAY, "id,name\np1,one\np2,two\n")
    await load(world, "buildings", DAY, f'id,wkt\nB,"{box(SPOTS[1])}"\n')
    await load(world, "regions", DAY, f'id,wkt\nR,"{box(SPOTS[0], 0.01)}"\n')
    await load(world, "clusters", DAY, "id,name,grid\nm1,one,G2\nm2,two,G2\n", plane="lower")
    rows = [f"{one},{lng},{lat}" for one, (lng, lat) in zip(ACCOUNTS, SPOTS, strict=True)]
    await load(world, "accounts", DAY, "\n".join(["id,lng,lat", *rows]))


async def change(world: Any, what: str, day: dt.date, *said: Any) -> None:
    if what == "place":
        who, (lng, lat), level, building, region = said
        head = "id,lng,lat,geocode_level,building,region"
        await load(world, "accounts", day, f"{head}\n{who},{lng},{lat},{level},{building},{region}\n")
    elif what == "gather":
        ((lng, lat),) = said
        rows = [f"{who},{lng},{lat},," for who in ACCOUNTS[:4]]
        await load(world, "accounts", day, "\n".join(["id,lng,lat,building,region", *rows]))
    elif what == "profile":
        await load(
            world, "accounts", day, f"id,tier,net_status,party,lng,lat\n{','.join(said)},{at(said[0])}\n"
        )
    elif what == "join":
        await load(world, "accounts", day, f"id,cluster,lng,lat\n{','.join(said)},{at(said[0])}\n")
    elif what == "lock":
        await load(world, "accounts", day, f"id,locked_grid,lng,lat\n{','.join(said)},{at(said[0])}\n")
    elif what == "list":
        (who, party), to, name, length = said
        until = day + dt.timedelta(days=length) if length else ""
        row = f"{who},{party},{to},{name},{day},{until}"
        await load(world, "named-lists", day, f"account,party,grid,list,from,to\n{row}\n", plane="lower")
    elif what == "building":
        await load(world, "buildings", day, f'id,wkt\nB,"{box(*said)}"\n')
    elif what == "region":
        await load(world, "regions", day, f'id,wkt\nR,"{box(*said)}"\n')
    elif what == "owners":
        rows = [f"{said[0]},name,{one}" for one in sorted(said[1])]
        await load(world, "clusters", day, "\n".join(["id,name,grid", *rows]), plane="lower")
    elif what == "plane":
        body = {"rules": said[0], "covers": said[1], "from": day.isoformat()}
        await world.api.done(await world.api.ask("PATCH", "/v1/planes/lower", json=body))
    elif what == "policy":
        document = {"radius_m": {"village": said[0]}, "pile": {"customers": said[1]}}
        body = {"document": document, "from": day.isoformat(), "reason": "as surveyed"}
        await world.api.done(await world.api.ask("PUT", "/v1/policies/geocodes", json=body))
    else:
        halves = shapely.box(116.0, 24.0, said[0], 24.1), shapely.box(said[0], 24.0, 116.2, 24.1)
        # A plan that would begin on the day of another is refused: nothing happens.
        with contextlib.suppress(Conflict):
            await world.publish("lower", dict(zip(("G1", "G2"), halves, strict=True)), day, base=world.base)
            await world.assign(since=day)


async def told(world: Any, known_at: dt.datetime | None = None) -> dict[tuple[str, dt.date], Any]:
    """What is held of each account on each day that is asked about, as known then."""
    query = f"""
        SELECT c.account_id, a.valid_from, a.valid_to, a.status, a.grid_id, a.rule, a.tie, a.evidence
        FROM assignments a JOIN accounts c USING (org_id, account_pk) WHERE {known("a", known_at)}
    """
    codes = {grid_id: code for (_, code), grid_id in world.grids.items()} | {None: None}
    answers: dict[tuple[str, dt.date], Any] = {(who, day): [] for who in ACCOUNTS for day in ASKED}
    async with world.writing() as connection:
        for who, first, end, status, grid_id, *more in await connection.execute(
            text(query), {} if known_at is None else {"known_at": known_at}
        ):
            for day in ASKED:
                if first <= day and (end is None or day < end):
                    answers[who, day].append((status, codes[grid_id], *more))
    assert all(len(rows) <= 1 for rows in answers.values())
    return answers


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


async def explained(world: Any, answers: dict[tuple[str, dt.date], Any], known_at: dt.datetime) -> None:
    """What was believed then comes to what was answered then."""
    async with world.writing() as connection:
        for who, day in [(who, day) for who in ACCOUNTS for day in ASKED[1::3]]:
            (one,) = await explaining.explain(connection, who, "lower", day, known_at)
            why = [tuple(one[name] for name in ("status", "grid", "rule", "tie", "evidence"))]
            assert why == answers[who, day], (who, day, known_at)


async def now(world: Any) -> dt.datetime:
    async with world.writing() as connection:
        when: dt.datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return when


@settings(
    max_examples=5,
    deadline=None,
    # A history that fails is short enough to read; making it shorter takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(changes, min_size=3, max_size=6))
async def test_after_any_changes_a_full_run_changes_nothing(
    new_world: Any, history: list[tuple[Any, ...]]
) -> None:
    world = await new_world()
    await begin(world)
    before, past = await told(world), []
    for what, day, *said in history:
        await change(world, what, day, *said)
        await one_row_a_day(world)
        after = await told(world)
        for (who, asked), answer in before.items():
            assert asked >= day or after[who, asked] == answer, (what, day, said, who, asked)
        before = after
        past.append((await now(world), after))
    accounts, buildings = await world.stored(), await world.stored("building_assignments")
    body = {"from": ASKED[0].isoformat()}
    done = await world.api.done(await world.api.post("/v1/planes/lower/reassign", body))
    assert (done["inserted"], done["superseded"], done["moves"]) == (0, 0, [])
    assert (done["accounts"], done["buildings"]) == (len(ACCOUNTS), 1)
    assert (await world.stored(), await world.stored("building_assignments")) == (accounts, buildings)
    for moment, answers in past:
        assert await told(world, moment) == answers
    await explained(world, past[0][1], past[0][0])
    await explained(world, past[-2][1], past[-2][0])


async def test_later_facts_never_change_earlier_days(world: Any) -> None:
    await world.plane()
    await world.publish("lower", {"G1": shapely.box(116.0, 24.0, 116.1, 24.1)})
    await world.account("a", 116.05, 24.05)
    await world.assign()
    days = [DAY + dt.timedelta(days=n) for n in range(0, 20, 5)]
    before = [await world.held("a", day) for day in days]
    await world.locks("lower", "G1", "a", since=DAY + dt.timedelta(days=20))
    await world.assign(since=DAY + dt.timedelta(days=20), accounts=["a"])
    answers = ("grid", "status", "rule", "tie", "evidence", "from")
    assert [[(await world.held("a", day))[name] for name in answers] for day in days] == [
        [row[name] for name in answers] for row in before
    ]
    assert (await world.held("a", DAY + dt.timedelta(days=20)))["rule"] == "lock"
