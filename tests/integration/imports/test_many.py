"""Many accounts at once: good rows are assigned, bad ones named, and nothing is doubled or done in vain."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import text

from app.storage.database import Database

ROWS, EVERY = 2_000, 50
BAD = {0: "A{},,24.005,A", 1: "A{},999,24.005,A", 2: ",116.001,24.005,A", 3: "A1,116.001,24.005,A"}


def _file(tier: str = "A") -> str:
    """A CSV of ROWS rows; each EVERY-th is bad, in one of four ways."""
    lines = ["id,lng,lat,tier"]
    for number in range(1, ROWS + 1):
        if number % EVERY == 0:
            lines.append(BAD[number // EVERY % 4].format(number))
        else:
            lines.append(f"A{number},{116.0001 + number / 2e5},24.005,{tier}")
    return "\n".join(lines) + "\n"


async def test_bad_rows_are_named_and_the_same_key_loads_once(
    send: Any, api: Any, database: Database, in_force: Any
) -> None:
    await in_force()
    bad = ROWS // EVERY
    answers = [await send("accounts", "a.csv", _file(), crs="wgs84", key="one") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    first, second = (answer.json() for answer in answers)
    assert first == second
    result = first["result"]
    assert (result["rows"], result["accepted"], result["refused"]) == (ROWS, ROWS - bad, bad)
    assert result["assignments"][0]["by_status"] == {"assigned": ROWS - bad}
    rows = (await api.get(f"/v1/jobs/{first['id']}/rows", params={"limit": 1000})).json()["rows"]
    assert [row["row"] for row in rows] == list(range(EVERY, ROWS + 1, EVERY))
    why = Counter(row["reason"].split(":")[0].split("(")[0] for row in rows)
    assert sorted(why.values()) == [bad // 4] * 4, why
    async with database.transaction(api.org_id) as connection:
        for table in ("accounts", "account_profiles", "account_places", "assignments"):
            counted = await connection.execute(text(f"SELECT count(*) FROM {table}"))
            assert counted.scalar_one() == ROWS - bad, table


async def test_a_later_file_changes_only_what_differs(load: Any, database: Database, api: Any) -> None:
    good = ROWS - ROWS // EVERY
    assert (await load("accounts", _file(), crs="wgs84"))["changed"] == good
    assert (await load("accounts", _file(), crs="wgs84"))["changed"] == 0
    more = _file("B").replace("A2,", "X2,", 1) + "Y1,116.002,24.006,B\n"
    assert (await load("accounts", more, crs="wgs84"))["changed"] == good + 1
    async with database.transaction(api.org_id) as connection:
        counted = await connection.execute(
            text("SELECT tier, count(*) FROM account_profiles WHERE superseded_at IS NULL GROUP BY tier")
        )
        assert {row.tier: row.count for row in counted} == {"A": 1, "B": good + 1}
