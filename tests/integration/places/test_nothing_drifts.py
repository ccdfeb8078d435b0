"""After any files of buildings, markets, regions and customers, backdated or not, nothing has drifted."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest

STEPS = 12


def _day(chance: random.Random) -> str:
    return (dt.date(2026, 5, 1) + dt.timedelta(days=chance.randrange(-30, 120))).isoformat()


def _box(chance: random.Random) -> str:
    west, south = chance.choice([116.002, 116.0095, 116.012, 116.03]), 24.004
    east, north = west + chance.choice([0.001, 0.003]), south + 0.001
    return f'"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))"'


def _file(chance: random.Random) -> tuple[str, str, dict[str, str]]:
    kind = chance.choice(["buildings", "clusters", "regions", "accounts", "accounts"])
    name = chance.choice("12")
    if kind == "buildings":
        return kind, f"id,wkt\nB{name},{_box(chance)}\n", {}
    if kind == "regions":
        return kind, f"id,wkt\nV{name},{_box(chance)}\n", {}
    if kind == "clusters":
        owners = chance.choice([["G1"], ["G2"], ["G1", "G2"], [""]])
        rows = "".join(f"C{name},market,{grid}\n" for grid in owners)
        return kind, f"id,name,grid\n{rows}", {"plane": "p"}
    level, region = chance.choice([("point", ""), ("village", "V1"), ("village", "V2"), ("road", "")])
    building, cluster = chance.choice(["", "B1", "B2"]), chance.choice(["", "", "C1", "C2"])
    lng = chance.choice([116.003, 116.0099, 116.015, 116.05])
    row = f"a{chance.choice('123')},{lng},24.005,{level},{region},{building},{cluster}\n"
    return kind, f"id,lng,lat,geocode_level,region,building,cluster\n{row}", {}


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_full_run_changes_nothing(ground: Any, seed: int) -> None:
    chance = random.Random(seed)
    box = '"POLYGON((116.001 24.001,116.002 24.001,116.002 24.002,116.001 24.002,116.001 24.001))"'
    await ground.load("regions", f"id,wkt\nV1,{box}\nV2,{box}\n")
    await ground.load("buildings", f"id,wkt\nB1,{box}\nB2,{box}\n")
    await ground.load("clusters", "id,name,grid\nC1,market,G1\nC2,market,G2\n", plane="p")
    # Somebody stands in each of them, so that whatever changes has somebody to move.
    head = "id,lng,lat,geocode_level,region,building,cluster\n"
    rows = "a1,116.003,24.005,point,,,C1\na2,116.003,24.005,point,,B1,\na3,116.003,24.005,village,V1,,\n"
    rows += "b1,116.003,24.005,point,,,C2\nb2,116.003,24.005,point,,B2,\nb3,116.003,24.005,village,V2,,\n"
    await ground.load("accounts", head + rows)
    done: list[Any] = []
    for _ in range(STEPS):
        kind, text, fields = _file(chance)
        since = _day(chance)
        told = await ground.load(kind, text, since=since, **fields)
        done.append((kind, text, since))
        assert not told["why"], (done, told["why"])
        answer = await ground.api.post("/v1/planes/p/reassign", {"from": "2026-01-01"})
        again = await ground.api.done(answer)
        assert (again["inserted"], again["superseded"]) == (0, 0), done
