"""What cannot be decided by place is a work list with reasons, and a file of new geocodes resolves it."""

import csv
import io
from typing import Any

SINCE = "2026-05-01"
BORDER = (116.0099, 24.005)
CENTRE = (116.005, 24.005)
VILLAGE = "POLYGON((116.009 24.004,116.011 24.004,116.011 24.006,116.009 24.006,116.009 24.004))"


async def asked(ground: Any, what: str = "", **params: Any) -> dict[str, Any]:
    answer = await ground.api.get(f"/v1/planes/p/quarantine{what}", params={"at": SINCE, **params})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def loaded(ground: Any) -> None:
    """A crowd, a road that crosses the border, one beyond the grids, a district, a village; one is exact."""
    rows = [f"pile{n},{CENTRE[0]},{CENTRE[1]},point,,中山路 {n} 号" for n in range(3)]
    rows += [
        f"road,{BORDER[0]},{BORDER[1]},road,100,road 1",
        "rim,116.0001,24.005,street,,street 1",
        "far,116.012,24.005,district,,somewhere",
        "exact,116.003,24.003,point,,here",
    ]
    head = "id,lng,lat,geocode_level,radius_m,address"
    await ground.load("accounts", "\n".join([head, *rows]), since=SINCE)
    await ground.load("regions", f'id,name,kind,wkt\nV,Village,village,"{VILLAGE}"\n', since=SINCE)
    await ground.load(
        "accounts", "id,lng,lat,geocode_level,region\nin-v,116.0095,24.005,village,V\n", since=SINCE
    )


async def test_the_work_list_says_who_and_why(ground: Any):
    await loaded(ground)
    found = await asked(ground)
    rows = {row["account"]: row for row in found["customers"]}
    assert set(rows) == {"pile0", "pile1", "pile2", "road", "rim", "far", "in-v"}
    assert {name: row["reason"] for name, row in rows.items()} == {
        **dict.fromkeys(("pile0", "pile1", "pile2"), "pile"),
        **dict.fromkeys(("road", "rim", "in-v"), "region_crosses"),
        "far": "district",
    }
    assert rows["pile0"]["at_point"] == 3
    assert rows["pile0"]["address"] == "中山路 0 号"
    assert "3 customers stand at this very point" in rows["pile0"]["why"]
    assert rows["pile0"]["grids"] == ["G1"]
    assert (rows["road"]["radius_m"], rows["road"]["grids"]) == (100, ["G1", "G2"])
    assert "100 m around it reaches into grids G1, G2" in rows["road"]["why"]
    assert "reaches beyond grid G1 to where no grid is" in rows["rim"]["why"]
    assert rows["far"]["grids"] == ["G2"]
    assert (rows["in-v"]["region"], rows["in-v"]["grids"]) == ("V", ["G1", "G2"])
    assert "its region V reaches into grids G1, G2" in rows["in-v"]["why"]


async def test_it_is_filtered_and_paged(ground: Any):
    await loaded(ground)

    async def names(**params: Any) -> set[str]:
        return {row["account"] for row in (await asked(ground, **params))["customers"]}

    assert await names(reason="pile") == {"pile0", "pile1", "pile2"}
    assert await names(level="street") == {"rim"}
    assert await names(grid="G2") == {"road", "far", "in-v"}
    assert await names(grid="G1") == {"pile0", "pile1", "pile2", "road", "rim", "in-v"}
    assert await names(at="2026-04-30") == set()
    seen, token = [], {}
    for _ in range(4):
        page = await asked(ground, limit=2, **token)
        seen += [row["account"] for row in page["customers"]]
        token = {"token": page["next"]}
        if page["next"] is None:
            break
    assert sorted(seen) == sorted(await names())
    unknown = await ground.api.get("/v1/planes/p/quarantine", params={"at": SINCE, "grid": "G9"})
    assert unknown.status_code == 404
    assert unknown.json()["type"].endswith("/unknown-grid")
    bad = await ground.api.get("/v1/planes/p/quarantine", params={"token": "x"})
    assert bad.status_code == 422


async def test_it_is_a_table_for_a_spreadsheet(ground: Any):
    await loaded(ground)
    answer = await ground.api.get(
        "/v1/planes/p/quarantine", params={"at": SINCE, "format": "csv", "limit": 4}
    )
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 4
    assert rows[0]["address"] == "中山路 0 号"
    rest = await asked(ground, token=answer.headers["Gridwright-Next"])
    assert len(rest["customers"]) == 3


async def test_by_point_and_by_region(ground: Any):
    await loaded(ground)
    points = await asked(ground, "/points")
    first = points["points"][0]
    assert (first["lng"], first["lat"], first["quarantined"], first["at_point"]) == (*CENTRE, 3, 3)
    assert (first["reason"], first["levels"], first["grids"], first["example"]) == (
        "pile",
        ["point"],
        ["G1"],
        "pile0",
    )
    assert len(points["points"]) == 5
    page = await asked(ground, "/points", limit=3)
    rest = await asked(ground, "/points", limit=3, token=page["next"])
    assert page["points"] + rest["points"] == points["points"]
    (region,) = (await asked(ground, "/regions"))["regions"]
    assert (region["region"], region["quarantined"], region["grids"]) == ("V", 1, ["G1", "G2"])


async def test_the_summary_counts(ground: Any):
    await loaded(ground)
    told = await asked(ground, "/summary")
    assert (told["customers"], told["quarantined"], told["points"]) == (8, 7, 5)
    assert told["share"] == 7 / 8
    assert told["by_reason"] == {"district": 1, "pile": 3, "region_crosses": 3}
    assert told["by_level"] == {"district": 1, "point": 3, "road": 1, "street": 1, "village": 1}
    assert told["by_grid"] == [{"grid": "G1", "quarantined": 3}, {"grid": "G2", "quarantined": 2}]
    empty = await asked(ground, "/summary", at="2026-01-01")
    assert (empty["customers"], empty["quarantined"], empty["share"]) == (0, 0, 0)


async def test_a_file_of_new_geocodes_resolves_it_and_shows_the_effect(ground: Any):
    await loaded(ground)
    more = "id,lng,lat,name,segment,tier,visits\npile0,116.005,24.005,Shop,business,B,3\n"
    await ground.load("accounts", more, since=SINCE)
    anew = "id,lng,lat,geocode_level\npile0,116.004,24.004,point\nroad,116.0115,24.005,point\n"
    result = await ground.load("accounts", anew, since=SINCE)
    assert result["changed"] == 2
    (plane,) = result["assignments"]
    assert plane["moves"], plane
    told = await asked(ground)
    assert {row["account"] for row in told["customers"]} == {"rim", "far", "in-v"}, "two are no crowd"
    assert [await ground.held(who) for who in ("pile0", "pile1", "road")] == [
        ("assigned", "G1"),
        ("assigned", "G1"),
        ("assigned", "G2"),
    ]
    kept = (await ground.api.get("/v1/accounts/pile0", params={"at": SINCE})).json()
    text = str(kept)
    for value in ("Shop", "business", "中山路 0 号"):
        assert value in text, kept
