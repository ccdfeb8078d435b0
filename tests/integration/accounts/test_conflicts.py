"""Claims of several grids on one customer, party or market: found, listed, and decided by a stated rule."""

from __future__ import annotations

from typing import Any

import pytest

MAY, JUNE, JULY = "2026-05-01", "2026-06-01", "2026-07-01"
LISTS = (
    "account,party,grid,list,from,to\n"
    "a2,,W,重点,,\n"
    "a2,,E,甲级,,2026-07-01\n"
    ",works,E,大客户,,\n"
    "a1,,W,重点,,\n"
    ",works,W,大客户2,2026-06-01,\n"
)


@pytest.fixture
async def disputed(town: Any, load: Any) -> Any:
    """Customers on lists of two grids, and a market that both own."""
    done = await load("named-lists", LISTS, plane="p")
    assert done["refused"] == 0, done
    await load(
        "clusters", "id,name,kind,grid\nm1,批发市场,market,W\nm1,批发市场,market,E\n", plane="p", since=JUNE
    )
    return town


def by_subject(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (one["kind"], one["account"] or one["party"] or one["cluster"]): one for one in found["conflicts"]
    }


async def test_each_conflict_is_found_on_its_days(disputed: Any, ask: Any) -> None:
    may = await ask("/v1/planes/p/conflicts", at=MAY)
    assert set(by_subject(may)) == {("account-lists", "a2"), ("party-and-site", "a1")}
    assert may["counts"] == {"account-lists": 1, "cluster-owners": 0, "party-and-site": 1, "party-lists": 0}
    june = await ask("/v1/planes/p/conflicts", at=JUNE)
    assert set(by_subject(june)) == {
        ("account-lists", "a2"),
        ("cluster-owners", "m1"),
        ("party-and-site", "a1"),
        ("party-lists", "works"),
    }
    july = await ask("/v1/planes/p/conflicts", at=JULY)
    assert ("account-lists", "a2") not in by_subject(july)
    assert (await ask("/v1/planes/p/conflicts", at="2026-04-30"))["plan"] is None


async def test_the_rule_that_is_told_is_the_one_that_assigns(disputed: Any, ask: Any) -> None:
    for day in (MAY, JUNE):
        found = by_subject(await ask("/v1/planes/p/conflicts", at=day))
        for one in found.values():
            if one["account"]:
                assert one["assigned"] == {
                    "status": "assigned",
                    "rule": "named_list",
                    "grid": one["winner"]["grid"],
                }
        assert found["account-lists", "a2"]["decided_by"] == "first-list-by-name"
    one = found["party-and-site", "a1"]
    assert (one["winner"]["list"], one["winner"]["grid"], one["winner"]["party"]) == ("大客户", "E", "works")
    assert [(c["list"], c["grid"], c["party"]) for c in one["claims"]] == [
        ("大客户", "E", "works"),
        ("大客户2", "W", "works"),
        ("重点", "W", None),
    ]
    assert "The first list by name decides: '大客户', grid E." in one["text"]
    market = found["cluster-owners", "m1"]
    assert (market["winner"]["grid"], market["decided_by"], market["accounts"]) == (
        "E",
        "lowest-grid-code",
        1,
    )
    assert market["text"] == "Market m1 is owned by the grids E and W. The lowest grid code decides: E."
    held = await ask("/v1/accounts/a3/assignments", plane="p", at=JUNE)
    assert held["assignments"][0]["grid"] == "E"
    assert found["party-lists", "works"]["accounts"] == 2


async def test_a_lock_goes_before_and_it_is_said(disputed: Any, load: Any, ask: Any) -> None:
    await load("accounts", "id,lng,lat,locked_grid\na1,116.005,24.005,W\n", crs="wgs84", since=JUNE)
    await load("accounts", "id,lng,lat,segment\na2,116.015,24.005,household\n", crs="wgs84", since=JUNE)
    found = by_subject(await ask("/v1/planes/p/conflicts", at=JUNE))
    assert found["party-and-site", "a1"]["text"].endswith("But the rule lock goes before: it is in grid W.")
    assert "does not cover this customer" in found["account-lists", "a2"]["text"]


async def test_conflicts_are_paged_filtered_and_a_table(disputed: Any, ask: Any) -> None:
    told, token = [], None
    for _ in range(4):
        page = await ask("/v1/planes/p/conflicts", at=JUNE, limit=1, **({"token": token} if token else {}))
        told += list(by_subject(page))
        token = page["next"]
    assert token is None
    assert [kind for kind, _ in told] == ["account-lists", "cluster-owners", "party-and-site", "party-lists"]
    only = await ask("/v1/planes/p/conflicts", at=JUNE, kind="cluster-owners")
    assert list(by_subject(only)) == [("cluster-owners", "m1")]
    table = await disputed.get("/v1/planes/p/conflicts", params={"at": JUNE, "format": "csv"})
    assert len(table.text.splitlines()) == 5
    for wrong in ({"token": "x"}, {"kind": "nothing"}):
        assert (await disputed.get("/v1/planes/p/conflicts", params=wrong)).status_code == 422
    assert (await disputed.get("/v1/planes/q/conflicts")).status_code == 404


async def test_what_was_known_then_had_no_conflict(town: Any, load: Any, ask: Any) -> None:
    await load("named-lists", "account,grid,list\na1,W,重点\n", plane="p")
    before = (await ask("/v1/accounts/a1/history"))["lists"][0]["recorded_at"]
    await load("named-lists", "account,grid,list\na1,E,甲级\n", plane="p")
    assert (await ask("/v1/planes/p/conflicts", at=MAY))["counts"]["account-lists"] == 1
    assert (await ask("/v1/planes/p/conflicts", at=MAY, known_at=before))["conflicts"] == []
