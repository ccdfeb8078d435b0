"""Random changes of class: each day has the class last said of it, and what was known then never changes."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

from app.orgs import areas, directory

FIRST = dt.date(2026, 1, 1)
DAYS = 12
CODES = ("H", "T", "X")


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


async def told(database: Any, org_id: Any, known_at: dt.datetime | None = None) -> dict[str, list[str]]:
    """The own class of each area on each day, as known then."""
    async with database.transaction(org_id) as connection:
        trees = [await directory.areas(connection, day(n), known_at=known_at) for n in range(DAYS)]
    return {
        code: [next((a.area_class for a in tree if a.code == code), "absent") for tree in trees]
        for code in CODES
    }


@pytest.mark.parametrize("seed", range(4))
async def test_each_day_has_what_was_last_said_of_it(api: Any, load: Any, database: Any, seed: int) -> None:
    chance = random.Random(seed)
    await load("areas", "code,name,parent,class\nH,county,,B\nT,town,H,\nX,market,T,A\n", since=str(FIRST))
    wanted = {"H": ["B"] * DAYS, "T": [""] * DAYS, "X": ["A"] * DAYS}
    past: list[tuple[dt.datetime, dict[str, list[str]]]] = []
    for step in range(8):
        code, number, new = chance.choice(CODES), chance.randrange(DAYS), chance.choice(["A", "B", ""])
        if step % 3 == 2:
            # What is not a class changes too, and ends none.
            await load("areas", f"code,name\n{code},name {step}\n", since=str(day(number)))
        else:
            async with database.transaction(api.org_id) as connection:
                tree = await directory.areas(connection, day(number))
                area = areas.named(tree, code, day(number))
                await areas.set_class(connection, api.org_id, area.area_id, new, "why", day(number))
            was, until = wanted[code][number], number
            while until < DAYS and wanted[code][until] == was:
                wanted[code][until] = new
                until += 1
        assert await told(database, api.org_id) == wanted
        past.append((dt.datetime.now(dt.UTC), {one: list(classes) for one, classes in wanted.items()}))
    for moment, known in past:
        assert await told(database, api.org_id, moment) == known
