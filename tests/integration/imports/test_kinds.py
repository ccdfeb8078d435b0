"""Every kind of file: what loads, what is refused and why, and that the same file twice writes nothing."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np
import pytest
from sqlalchemy import text

from app.storage.database import Database
from geo.datum import transform

Ask = Any


@pytest.fixture
def ask(database: Database, api: Any) -> Ask:
    """A question about what this organisation has stored."""

    async def ask(query: str, **params: Any) -> list[tuple[Any, ...]]:
        async with database.transaction(api.org_id) as connection:
            return [tuple(row) for row in await connection.execute(text(query), params)]

    return ask


async def test_areas_hang_in_a_tree_and_circles_are_refused(load: Any, ask: Ask) -> None:
    file = (
        "code,name,parent,class\nC,child,P,b\nP,parent,,A\nX,x,Y,\nY,y,X,\nN,n,nowhere,\nP,again,,\nM,,,\n"
        "K,k,,Z\n"
    )
    done = await load("areas", file, since="2026-01-01")

    assert (done["rows"], done["accepted"], done["refused"]) == (8, 2, 6)
    assert "circle" in done["why"][3]
    assert "circle" in done["why"][4]
    assert "'nowhere'" in done["why"][5]
    assert "row 2" in done["why"][6]
    assert done["why"][7] == "name is missing"
    assert "expected A, B" in done["why"][8]
    tree = "SELECT a.code, p.code, v.class FROM areas a JOIN area_versions v USING (area_id) LEFT JOIN areas p ON p.area_id = v.parent_id WHERE superseded_at IS NULL ORDER BY 1"  # noqa: E501
    assert await ask(tree) == [("C", "P", "B"), ("P", None, "A")]

    assert (await load("areas", "code,name\nC,child\n", since="2026-01-01"))["changed"] == 0
    await load("areas", "code,name,class\nC,child,A\n", since="2026-06-01")
    dated = "SELECT class, valid_from::text, valid_to::text FROM area_versions JOIN areas USING (area_id) WHERE code = 'C' AND superseded_at IS NULL ORDER BY valid_from"  # noqa: E501
    assert await ask(dated) == [("B", "2026-01-01", "2026-06-01"), ("A", "2026-06-01", None)]


async def test_people_and_responsibilities(load: Any, planned: Any, ask: Ask) -> None:
    await planned()
    people = await load(
        "people", "工号,姓名,驻地经度,驻地纬度\nA1,甲,116.0,24.0\nA2,乙,,\nA3,丙,24,116\n", crs="wgs84"
    )
    assert people["accepted"] == 2
    assert "swapped" in people["why"][3]

    file = (
        "grid,person,role,from,to\nG1,A1,,2026-01-01,\nG1,A2,owner,2026-02-01,\nG2,A2,攻,2026-01-01,2026-03-01\n"
        "G9,A1,,,\nG1,A9,,,\nG2,A1,boss,,\nG2,A1,,2026-03-01,2026-02-01\n"
    )
    done = await load("responsibilities", file, plane="p")
    assert done["accepted"] == 2
    assert "overlap those of row 1" in done["why"][2]
    assert "'G9'" in done["why"][4]
    assert "'A9'" in done["why"][5]
    assert "'boss'" in done["why"][6]
    assert "not behind" in done["why"][7]
    assert await ask("SELECT person_id, role FROM responsibilities ORDER BY 1") == [
        ("A1", "owner"),
        ("A2", "attack"),
    ]


async def test_buildings_keep_what_was_received(load: Any, ask: Ask) -> None:
    file = (
        "id,wkt,lng,lat,households\n"
        'B1,"POLYGON((116 24,116.001 24,116.001 24.001,116 24.001,116 24))",,,12\n'
        "B2,,116.1,24.1,\n"
        'B3,"POLYGON((0 0,1 1,1 0,0 1,0 0))",,,\n'
        'B4,"LINESTRING(116 24,117 24)",,,\n'
        "B5,,,,\n"
        "B6,,116.1,24.1,-3\n"
        "B7,,116.1,24.1,2.5\n"
    )
    done = await load("buildings", file, crs="wgs84")
    assert done["accepted"] == 2
    assert "invalid" in done["why"][3]
    assert "[0.5 0.5]" in done["why"][3]
    assert "LineString" in done["why"][4]
    assert "missing" in done["why"][5]
    assert "negative" in done["why"][6]
    assert "whole number" in done["why"][7]
    stored = await ask(
        "SELECT building_id, datum, received = ST_AsBinary(geometry), households, h3 <> 0 "
        "FROM buildings JOIN building_versions USING (building_pk) ORDER BY 1"
    )
    assert stored == [("B1", "wgs84", True, 12, True), ("B2", "wgs84", True, None, True)]

    assert (await load("buildings", file, crs="wgs84"))["changed"] == 0
    mended = await load("buildings", file, crs="wgs84", repair="valid")
    assert (mended["repaired"], mended["accepted"]) == (1, 3)


async def test_clusters_and_their_owners(load: Any, send: Any, planned: Any, ask: Ask) -> None:
    await planned()
    file = "id,name,grid\nC1,market,G1\nC2,park,\nC3,fair,G9\n"
    assert (await send("clusters", "c.csv", file)).json()["type"].endswith("/missing-plane")

    done = await load("clusters", file, plane="u", since="2026-01-01")
    assert done["accepted"] == 2
    assert "'G9'" in done["why"][3]
    await load("clusters", "id,name,grid\nC1,market,G2\n", plane="u", since="2026-05-01")
    owners = "SELECT code, valid_from::text, valid_to::text FROM cluster_owners o JOIN plan_grids g USING (grid_id) WHERE superseded_at IS NULL ORDER BY valid_from"  # noqa: E501
    assert await ask(owners) == [("G1", "2026-01-01", "2026-05-01"), ("G2", "2026-05-01", None)]


async def test_parties_keep_a_registry_number_that_fails_its_check(load: Any, ask: Ask) -> None:
    done = await load("parties", "id,name,uscc\nP1,good,91350100M000100Y43\nP2,bad,91350100M000100Y44\n")
    assert done["accepted"] == 2
    assert [warning["kind"] for warning in done["warnings"]] == ["registry-number"]
    assert done["warnings"][0]["rows"] == [2]
    assert await ask("SELECT uscc FROM parties WHERE party_id = 'P2'") == [("91350100M000100Y44",)]


async def test_rows_of_accounts_are_refused_with_every_reason(load: Any) -> None:
    file = (
        "id,lng,lat,net_status,geocode_level,visits,building\n"
        "A1,116.005,24.005,on_net,point,3,\n"
        "A2,NaN,24.005,,,,\n"
        "A3,24.005,116.005,,,,\n"
        "A4,inf,24.005,,,,\n"
        "A5,abc,24.005,maybe,far,x,B9\n"
        ",116.005,24.005,,,,\n"
        "A1,116.006,24.005,,,,\n"
        "A8,116.005,24.005,异网,村,,\n"
        "A9,999,24.005,,,,\n"
    )
    done = await load("accounts", file, crs="wgs84")

    assert (done["rows"], done["accepted"], done["refused"]) == (9, 2, 7)
    assert "longitude" in done["why"][2]
    assert "swapped" in done["why"][3]
    assert "infinite" in done["why"][4]
    for part in ("'maybe'", "'far'", "'x' is not a number", "longitude is not a number", "'B9'"):
        assert part in done["why"][5]
    assert done["why"][6] == "id is missing"
    assert "row 1" in done["why"][7]
    assert "out of range" in done["why"][9]


async def test_accounts_move_by_date_and_unchanged_rows_write_nothing(
    load: Any, planned: Any, ask: Ask
) -> None:
    await planned()
    await load("clusters", "id,name\nC1,market\n")
    await load("buildings", "id,lng,lat\nB1,116.005,24.005\n", crs="wgs84")
    head = "id,lng,lat,building,cluster,locked_grid,colour\n"
    first = head + "A1,116.005,24.005,B1,C1,G1,red\nA2,116.015,24.005,,,,\n"
    assert (await load("accounts", first, crs="wgs84", since="2026-01-01"))["changed"] == 2
    assert (await load("accounts", first, crs="wgs84", since="2026-02-01"))["changed"] == 0

    moved = head + "A1,116.015,24.005,,,,red\n"
    assert (await load("accounts", moved, crs="wgs84", since="2026-05-01"))["changed"] == 1
    places = "SELECT received_lng, building_pk IS NULL, valid_from::text, valid_to::text FROM account_places JOIN accounts USING (account_pk) WHERE account_id = 'A1' AND superseded_at IS NULL ORDER BY valid_from"  # noqa: E501
    assert await ask(places) == [
        (116.005, False, "2026-01-01", "2026-05-01"),
        (116.015, True, "2026-05-01", None),
    ]
    for table in ("cluster_members", "account_locks"):
        spans = await ask(
            f"SELECT DISTINCT valid_from::text, valid_to::text FROM {table} WHERE superseded_at IS NULL"
        )
        assert spans == [("2026-01-01", "2026-05-01")]
    # The same code in two planes is two locks.
    assert await ask("SELECT count(*) FROM account_locks WHERE superseded_at IS NULL") == [(2,)]
    assert await ask("SELECT attributes FROM accounts WHERE account_id = 'A1'") == [({"colour": "red"},)]


async def test_one_place_in_three_datums_is_one_point(load: Any, ask: Ask) -> None:
    for crs, lng, lat in (
        ("wgs84", 116.404, 39.915),
        ("gcj02", 116.41024449916938, 39.91640428150164),
        ("bd09", 116.41662724378733, 39.922699552216216),
    ):
        await load("accounts", f"id,lng,lat\n{crs},{lng},{lat}\n", crs=crs)
    far = (
        "SELECT max(ST_Distance(a.geometry::geography, b.geometry::geography)) "
        "FROM account_places a, account_places b"
    )
    assert (await ask(far))[0][0] < 1
    assert await ask("SELECT received_lng FROM account_places WHERE datum = 'bd09'") == [
        (116.41662724378733,)
    ]


async def test_named_lists(load: Any, planned: Any, ask: Ask) -> None:
    await planned()
    await load("accounts", "id,lng,lat\nA1,116.005,24.005\n", crs="wgs84")
    await load("parties", "id,name\nP1,one\n")
    file = (
        "account,party,grid,list,from,to\nA1,,G1,key,2026-01-01,2026-04-01\nA1,,G2,key,2026-04-01,\n"
        ",P1,G2,key,,\nA1,,G2,key,2026-03-01,\nA9,,G1,,,\n,,G1,,,\nA1,P1,G1,,,\nA1,,G9,,,\nA1,,G1,key,soon,\n"
    )
    done = await load("named-lists", file, plane="u", since="2026-02-01")
    assert done["accepted"] == 3
    assert "overlap" in done["why"][4]
    assert "'A9'" in done["why"][5]
    assert "missing" in done["why"][6]
    assert "both" in done["why"][7]
    assert "'G9'" in done["why"][8]
    assert "'soon' is not a date" in done["why"][9]
    assert (await load("named-lists", file, plane="u", since="2026-02-01"))["changed"] == 0
    assert await ask("SELECT count(*), count(*) FILTER (WHERE superseded_at IS NULL) FROM list_entries") == [
        (3, 3)
    ]


async def test_barriers_bridges_and_exclusions(load: Any, ask: Ask) -> None:
    file = (
        "wkt,kind,bridge\n"
        '"LINESTRING(116 24,116.1 24)",river,"MULTIPOINT((116.05 24))"\n'
        '"LINESTRING(116 24.1,116.1 24.1)",street,true\n'
        '"POINT(116.02 24)",bridge,true\n'
        '"POINT(116.03 24)",bridge,\n'
        '"LINESTRING(116 24,116.1 24)",river,\n'
        '"LINESTRING(116 24.2,116.1 24.2)",river,perhaps\n'
    )
    done = await load("barriers", file, crs="wgs84")
    assert done["accepted"] == 3
    assert "point" in done["why"][4]
    assert "row 1" in done["why"][5]
    assert "'perhaps'" in done["why"][6]
    assert await ask("SELECT kind, crossable, ST_NumGeometries(bridges) FROM barriers ORDER BY 1") == [
        ("bridge", True, 1),
        ("river", False, 1),
        ("street", True, None),
    ]
    assert (await load("barriers", file, crs="wgs84"))["changed"] == 0

    lake = 'wkt,reason\n"POLYGON((116 24,116.1 24,116.1 24.1,116 24))",lake\n'
    assert (await load("exclusions", lake, crs="wgs84"))["changed"] == 1
    assert (await load("exclusions", lake, crs="wgs84"))["changed"] == 0
    assert await ask("SELECT reason FROM exclusions") == [("lake",)]


async def test_metrics(load: Any, ask: Ask) -> None:
    await load("accounts", "id,lng,lat\nA1,116.005,24.005\n", crs="wgs84")
    file = "account,month,measure,value\nA1,2026-01,revenue,10\nA1,2026/01/15,revenue,11\nA9,2026-01,revenue,1\nA1,2026-01,arrears,\n"  # noqa: E501
    done = await load("metrics", file)
    assert sorted(done["why"]) == [2, 3, 4]
    await load("metrics", "account,month,measure,value\nA1,202601,revenue,12\n")
    assert await ask("SELECT month::text, value FROM metrics") == [("2026-01-01", 12.0)]


async def test_a_wrong_datum_is_reported_and_nothing_is_changed(load: Any, planned: Any, ask: Ask) -> None:
    await planned()
    lng, lat = transform(np.linspace(116.001, 116.01, 20), np.full(20, 24.0004), "wgs84", "gcj02")
    rows = "".join(
        f"A{i},{x!r},{y!r}\n" for i, (x, y) in enumerate(zip(lng.tolist(), lat.tolist(), strict=True))
    )
    done = await load("accounts", "id,lng,lat\n" + rows, crs="wgs84")

    assert done["accepted"] == 20
    assert [(one["kind"], one["better"]) for one in done["warnings"]] == [("datum-mismatch", "gcj02")]
    assert await ask("SELECT DISTINCT datum FROM account_places") == [("wgs84",)]
    assert (await load("accounts", "id,lng,lat\n" + rows, crs="gcj02"))["warnings"] == []


async def test_another_organisation_sees_nothing(load: Any, new_org: Any, api: Any) -> None:
    await load("parties", "id,name\nP1,one\n")
    other = await new_org()
    answer = await other.client.post(
        "/v1/imports/accounts",
        params={"wait": "true"},
        data={"crs": "wgs84"},
        files={"file": ("a.csv", b"id,lng,lat,party\nA1,116,24,P1\n")},
        headers={"Authorization": f"Bearer {other.key}"},
    )
    job = answer.json()
    assert (job["result"]["accepted"], job["result"]["refused"]) == (0, 1)
    assert (await api.get(f"/v1/jobs/{uuid.UUID(job['id'])}")).status_code == 404
