"""Markets with one owner, two or none, and regions of doubt."""

from __future__ import annotations

from typing import Any

ACCOUNTS = (
    "id,lng,lat,cluster,net_status\n"
    "a1,116.005,24.005,C1,on_net\n"
    "a2,116.015,24.005,C1,prospect\n"
    "a3,116.005,24.006,,on_net\n"
)


def _owned(told: Any) -> list[Any]:
    return [
        (one["plane"], one["grid"], one["conflict"], [claim["grid"] for claim in one["claims"]])
        for one in told["owners"]
    ]


async def test_two_owners_are_kept_and_found(ground: Any) -> None:
    file = "id,name,grid\nC1,market,G2\nC1,market,G1\nC2,park,G1\nC3,fair,\nC1,bazaar,G1\nC4,x,G9\n"
    done = await ground.load("clusters", file, plane="p")
    assert (done["accepted"], done["changed"], sorted(done["why"])) == (4, 3, [5, 6])
    assert "'market'" in done["why"][5]
    assert "'G9'" in done["why"][6]

    await ground.load("accounts", ACCOUNTS)
    held = (await ground.get("/v1/accounts/a2/assignments", at="2026-05-02"))["assignments"][0]
    assert (held["grid"], held["rule"]) == ("G1", "cluster")
    assert "G2" in str(held["evidence"])
    both = await ground.get("/v1/clusters/C1", at="2026-05-02")
    assert both["assignments"] == [{"plane": "p", "status": "assigned", "rule": "cluster", "customers": 2}]
    assert _owned(both) == [("p", "G1", True, ["G1", "G2"])]
    assert both["members"]["by_net_status"] == {"on_net": 1, "prospect": 1}
    listed = await ground.get("/v1/clusters", at="2026-05-02", conflicts=True, plane="p")
    assert [one["id"] for one in listed["clusters"]] == ["C1"]
    listed = await ground.get("/v1/clusters", at="2026-05-02", limit=2)
    assert [(one["id"], one["members"]) for one in listed["clusters"]] == [("C1", 2), ("C2", 0)]
    listed = await ground.get("/v1/clusters", at="2026-05-02", limit=2, token=listed["next"])
    assert [(one["id"], one["owners"]) for one in listed["clusters"]] == [("C3", [])]
    assert (await ground.get("/v1/clusters", at="2026-04-30", conflicts=True))["clusters"] == []


async def test_the_rows_of_a_market_are_all_its_owners_from_their_day_on(ground: Any) -> None:
    await ground.load("clusters", "id,name,grid\nC1,market,G1\nC1,market,G2\n", plane="p")
    await ground.load("accounts", ACCOUNTS)
    await ground.load("clusters", "id,name,grid\nC1,market,G2\n", plane="p", since="2026-07-01")
    await ground.load("clusters", "id,name,grid\nC1,market,\n", plane="p", since="2026-09-01")
    # Backdated between two known changes: it holds until the next of them.
    await ground.load("clusters", "id,name,grid\nC1,market,G1\n", plane="p", since="2026-06-01")
    owners = {
        day: _owned(await ground.get("/v1/clusters/C1", at=day))
        for day in ("2026-05-31", "2026-06-01", "2026-06-30", "2026-07-01", "2026-08-31", "2026-09-01")
    }
    assert owners == {
        "2026-05-31": [("p", "G1", True, ["G1", "G2"])],
        "2026-06-01": [("p", "G1", False, ["G1"])],
        "2026-06-30": [("p", "G1", False, ["G1"])],
        "2026-07-01": [("p", "G2", False, ["G2"])],
        "2026-08-31": [("p", "G2", False, ["G2"])],
        "2026-09-01": [],
    }
    again = await ground.load("clusters", "id,name,grid\nC1,market,G2\n", plane="p", since="2026-07-01")
    assert again["changed"] == 0
    held = (await ground.get("/v1/accounts/a1/assignments", at="2026-07-01"))["assignments"]
    assert (held[0]["grid"], held[0]["rule"]) == ("G2", "cluster")


async def test_regions_hold_from_a_day_on(ground: Any) -> None:
    west = '"POLYGON((116.001 24.001,116.005 24.001,116.005 24.005,116.001 24.005,116.001 24.001))"'
    across = '"POLYGON((116.001 24.001,116.015 24.001,116.015 24.005,116.001 24.005,116.001 24.001))"'
    done = await ground.load(
        "regions", f"id,name,kind,wkt\nV1,上村,village,{west}\nR1,road,road,{across}\nX,x,,POINT(1 1)\n"
    )
    assert (done["accepted"], list(done["why"])) == (2, [3])
    changed = await ground.load("regions", f"id,wkt\nV1,{across}\n", since="2026-07-01")
    assert changed["changed"] == 1
    june = await ground.get("/v1/regions/V1", at="2026-06-30")
    july = await ground.get("/v1/regions/V1", at="2026-07-01")
    assert (june["from"], june["to"], june["name"]) == (None, "2026-07-01", "上村")
    assert july["area_m2"] > 3 * june["area_m2"]
    listed = await ground.get("/v1/regions", kind="village")
    assert [one["id"] for one in listed["regions"]] == ["V1"]


async def test_a_region_that_grows_re_decides_whom_it_may_hold(ground: Any) -> None:
    west = '"POLYGON((116.001 24.001,116.005 24.001,116.005 24.005,116.001 24.005,116.001 24.001))"'
    across = '"POLYGON((116.001 24.001,116.015 24.001,116.015 24.005,116.001 24.005,116.001 24.001))"'
    await ground.load("regions", f"id,wkt\nV1,{west}\n")
    head = "id,lng,lat,geocode_level,region\n"
    done = await ground.load("accounts", f"{head}a1,116.003,24.003,village,V1\na2,116.0,24.0,village,V9\n")
    assert list(done["why"]) == [2]
    assert "'V9'" in done["why"][2]
    done = await ground.load("regions", f"id,wkt\nV1,{across}\n", since="2026-07-01")
    assert done["assignments"][0]["accounts"] == 1

    async def held(day: str) -> Any:
        found = (await ground.get("/v1/accounts/a1/assignments", at=day))["assignments"][0]
        return found["status"], found["grid"], found["rule"]

    assert await held("2026-06-30") == ("assigned", "G1", "region")
    assert await held("2026-07-01") == ("quarantined", None, None)
    assert (await ground.get("/v1/regions/V1", at="2026-07-01"))["customers"] == 1
