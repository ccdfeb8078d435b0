"""Accounts, parties and named lists over HTTP."""

from __future__ import annotations

from typing import Any

MAY, JUNE = "2026-05-01", "2026-06-01"


async def test_one_account_on_a_day(town: Any, load: Any, ask: Any) -> None:
    await load(
        "accounts",
        "id,lng,lat,confirmed,locked_grid\na1,116.0106,24.0023,2026-06-02,E\n",
        crs="gcj02",
        since=JUNE,
    )
    may, june = await ask("/v1/accounts/a1", at=MAY), await ask("/v1/accounts/a1", at=JUNE)
    assert may["place"]["received"] == {"lng": 116.005, "lat": 24.005, "crs": "wgs84"}
    assert (may["place"]["from"], may["place"]["to"], may["locks"]) == (MAY, JUNE, [])
    assert june["place"]["received"] == {"lng": 116.0106, "lat": 24.0023, "crs": "gcj02"}
    assert abs(june["place"]["lng"] - 116.0106) > 1e-3
    assert (june["confirmed"], june["attributes"]) == ("2026-06-02", {"备注": "老客户"})
    assert [(lock["plane"], lock["grid"]) for lock in june["locks"]] == [("p", "E")]
    assert [(one["grid"], one["rule"]) for one in june["assignments"]] == [("E", "lock")]
    assert (await ask("/v1/accounts/a3", at=MAY))["cluster"]["cluster"] == "m1"
    before = await ask("/v1/accounts/a1", at="2026-04-01")
    assert (before["profile"], before["place"]) == (None, None)
    assert (await town.get("/v1/accounts/nobody")).status_code == 404


async def test_accounts_are_filtered_and_paged(town: Any, ask: Any) -> None:
    async def ids(**asked: Any) -> list[str]:
        return sorted(one["id"] for one in (await ask("/v1/accounts", at=MAY, **asked))["accounts"])

    assert await ids() == ["a1", "a2", "a3", "h1"]
    assert await ids(plane="p", grid="W") == ["a1", "a3"]
    assert await ids(plane="p", status="uncovered") == ["h1"]
    assert await ids(segment="business", net_status="off_net") == ["a2"]
    assert await ids(tier="C") == ["a3", "h1"]
    assert await ids(party="works") == ["a1", "a2"]
    assert await ids(cluster="m1") == ["a3"]
    assert (await ask("/v1/accounts", at="2026-04-30"))["accounts"] == []
    first = await ask("/v1/accounts", at=MAY, plane="p", limit=3)
    rest = await ask("/v1/accounts", at=MAY, plane="p", limit=3, token=first["next"])
    assert (len(first["accounts"]), len(rest["accounts"]), rest["next"]) == (3, 1, None)
    told = {one["id"]: (one["grid"], one["rule"]) for one in first["accounts"] + rest["accounts"]}
    assert told == {
        "a1": ("W", "point"),
        "a2": ("E", "point"),
        "a3": ("W", "cluster"),
        "h1": (None, None),
    }
    for wrong, code in (({"grid": "W"}, 422), ({"plane": "p", "grid": "X"}, 404), ({"token": "x"}, 422)):
        assert (await town.get("/v1/accounts", params=wrong)).status_code == code
    table = await town.get("/v1/accounts", params={"at": MAY, "format": "csv", "plane": "p"})
    (row,) = [line for line in table.text.splitlines() if line.startswith("a1,")]
    assert row.startswith("a1,甲,business,A,on_net,works,116.005,24.005,point")


async def test_a_party_has_sites_with_whose_they_are(town: Any, load: Any, ask: Any) -> None:
    await load("named-lists", "party,grid,list\nworks,E,大客户\n", plane="p", since=JUNE)
    may, june = await ask("/v1/parties/works", at=MAY), await ask("/v1/parties/works", at=JUNE)
    assert (may["name"], may["uscc_valid"], may["sites"]) == ("机械厂", True, 2)
    assert {s["id"]: s["assignments"][0]["grid"] for s in may["accounts"]} == {"a1": "W", "a2": "E"}
    assert {s["id"]: s["assignments"][0]["grid"] for s in june["accounts"]} == {"a1": "E", "a2": "E"}
    assert [(one["plane"], one["list"], one["grid"]) for one in june["lists"]] == [("p", "大客户", "E")]
    assert may["lists"] == []
    assert [one["id"] for one in (await ask("/v1/parties", name="机械"))["parties"]] == ["works"]
    assert (await ask("/v1/parties", name="学校"))["parties"] == []


async def test_named_lists_are_read_as_of_a_day(town: Any, load: Any, ask: Any) -> None:
    file = "account,party,grid,list,from,to\na3,,E,重点,2026-05-10,2026-06-10\n,works,W,大客户,,\n"
    await load("named-lists", file, plane="p")

    async def entries(**asked: Any) -> list[tuple[Any, ...]]:
        found = await ask("/v1/named-lists", **asked)
        return [(one["list"], one["account"], one["party"], one["grid"]) for one in found["entries"]]

    assert await entries(plane="p", at=MAY) == [("大客户", None, "works", "W")]
    assert await entries(at=JUNE, list="重点") == [("重点", "a3", None, "E")]
    assert await entries(at="2026-06-10", account="a3") == []


async def test_history_tells_every_span(town: Any, load: Any, ask: Any) -> None:
    await load("accounts", "id,lng,lat\na1,116.015,24.005\n", crs="wgs84", since=JUNE)
    told = await ask("/v1/accounts/a1/history")
    now = [one for one in told["places"] if one["superseded_at"] is None]
    assert [(one["from"], one["to"], one["lng"]) for one in now] == [
        (MAY, JUNE, 116.005),
        (JUNE, None, 116.015),
    ]
    assert len(told["places"]) == 3
    held = [one for one in told["assignments"] if one["superseded_at"] is None]
    assert [(one["grid"], one["from"], one["to"]) for one in held] == [("W", MAY, JUNE), ("E", JUNE, None)]


async def test_impossible_questions_are_refused_with_what_is_wrong(town: Any) -> None:
    paths = (
        "/v1/accounts/a%00",
        "/v1/accounts?segment=%00",
        "/v1/accounts?party=a%00&limit=1",
        "/v1/accounts?limit=0",
        "/v1/accounts?at=yesterday",
        "/v1/accounts?status=assigned",
        "/v1/accounts/a1?known_at=x",
        "/v1/parties/%00",
        "/v1/parties?name=%00",
        "/v1/named-lists?list=%00",
        "/v1/named-lists?plane=nowhere",
        "/v1/planes/%00/conflicts",
    )
    for path in paths:
        answer = await town.get(path)
        assert 400 <= answer.status_code < 500, (path, answer.text)
        assert answer.json()["title"]
    for day in ("0001-01-01", "9999-12-31"):
        for path in ("/v1/accounts/a1", "/v1/accounts", "/v1/parties/works", "/v1/planes/p/conflicts"):
            assert (await town.get(path, params={"at": day})).status_code == 200
    assert (await town.get("/v1/accounts/a1/history?known_at=2001-01-01")).json()["profiles"] == []
