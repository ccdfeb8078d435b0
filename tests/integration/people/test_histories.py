"""Whatever is said of a person in whatever order: one thing holds a day, and what was believed stays so."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

START = dt.date(2026, 1, 1)
DAYS = [START + dt.timedelta(n) for n in range(8)]
DAY = st.none() | st.integers(0, 7)
SAID = st.fixed_dictionaries(
    {
        "capacity": st.integers(1, 3),
        "since": st.integers(0, 7),
        "from": DAY,
        "to": DAY,
        "columns": st.sampled_from([("from", "to"), ("from",), ("to",), ()]),
    }
)


def _said(capacity: int, since: int, *columns: str, **days: int) -> dict[str, Any]:
    """One row; a column without a day is an empty cell."""
    return {
        "capacity": capacity,
        "since": since,
        "from": days.get("first"),
        "to": days.get("left"),
        "columns": columns,
    }


def _file(said: dict[str, Any]) -> str:
    cells = ["" if said[name] is None else str(DAYS[said[name]]) for name in said["columns"]]
    head = ",".join(["id", "name", "capacity", *said["columns"]])
    return f"{head}\n{','.join(['p1', 'one', str(said['capacity']), *cells])}\n"


def _days(said: dict[str, Any]) -> tuple[int | None, int | None]:
    """First day in service and day of leaving, as far as the row says them."""
    first, left = (said[name] if name in said["columns"] else None for name in ("from", "to"))
    return first, left


async def _load(api: Any, said: dict[str, Any]) -> dict[str, Any]:
    answer = await api.ask(
        "POST",
        "/v1/imports/people",
        params={"wait": "true"},
        data={"since": str(DAYS[said["since"]])},
        files={"file": ("people.csv", _file(said).encode())},
    )
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()["result"]
    return result


async def _known(api: Any, known_at: str | None = None) -> list[float | None]:
    """The capacity on each day, none: not in service."""
    params = {"known_at": known_at} if known_at else {}
    out = []
    for day in DAYS:
        people = (await api.get("/v1/people", params={"at": str(day), **params})).json()["people"]
        assert len(people) <= 1
        out.append(people[0]["capacity"] if people else None)
    return out


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(SAID, min_size=2, max_size=4))
# Said to have left before the service that is known began.
@example(history=[_said(3, 1, "from", first=3), _said(1, 3, "from", "to", left=1)])
# Back on the day of leaving.
@example(history=[_said(1, 6, "from", "to", first=2, left=7), _said(3, 7, "from", first=7)])
# In service earlier than known, said from the day on which what is known begins.
@example(history=[_said(2, 2, "from", first=5), _said(3, 5, "from", first=3)])
async def test_what_is_said_holds_and_what_was_known_stays(
    new_org: Any, history: list[dict[str, Any]]
) -> None:
    api = await new_org()
    past: list[tuple[str, list[float | None]]] = []
    before: list[float | None] = [None] * len(DAYS)
    for said in history:
        first, left = _days(said)
        done = await _load(api, said)
        if first is not None and left is not None and left <= first:
            assert done["accepted"] == 0
            continue
        after = await _known(api)
        since = said["since"]
        if left is not None:
            assert after[left:] == [None] * (len(DAYS) - left), said
        speaks = max(since, first or 0)
        if left is None or speaks < left:
            assert after[speaks] == said["capacity"], said
        if first is not None and first > 0 and before[first - 1] is not None and before[first] is not None:
            assert after[first - 1] is None, said
        # Of days before ``since`` on which the person stays in service nothing new is said.
        for day in range(min(since, len(DAYS) if left is None else left)):
            if before[day] is not None and after[day] is not None:
                assert after[day] == before[day], (said, day)
        again = await _load(api, said)
        assert again["changed"] == 0, said
        assert await _known(api) == after
        before = after
        past.append((dt.datetime.now(dt.UTC).isoformat(), after))
    for moment, answers in past:
        assert await _known(api, moment) == answers
