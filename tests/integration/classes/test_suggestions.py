"""Density suggests a class for each area, and changes nothing."""

from __future__ import annotations

from typing import Any

BUILDINGS = (
    "id,lng,lat,households\nb1,116.005,24.005,1500\nb2,116.0055,24.0052,1500\nb3,116.035,24.005,20\n"
    "b4,116.036,24.0051,\n"
)
POPULATION = 2.62 * 3_000


async def suggest(api: Any, **body: Any) -> dict[str, Any]:
    answer = await api.post("/v1/areas/class-suggestions", body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_the_town_is_suggested_urban_with_evidence(api: Any, county: Any, load: Any) -> None:
    await county()
    await load("buildings", BUILDINGS, crs="wgs84", since="2026-01-01")
    told = await suggest(api)
    rows = {row["area"]: row for row in told["suggestions"]}
    town, country, whole = rows["T"], rows["C"], rows["H"]
    assert (town["class"], town["suggested"], town["share"]) == ("B", "A", 1.0)
    assert town["population"] == town["urban_population"] == town["largest_cluster"] == POPULATION
    assert town["cells"] == town["urban_cells"] >= 1
    assert (country["class"], country["suggested"], country["share"]) == ("B", "B", 0.0)
    assert country["population"] == round(2.62 * 20, 1)
    # The county holds both; nearly all of its people live in the town.
    assert (whole["suggested"], whole["cells"]) == ("A", town["cells"] + country["cells"])
    assert whole["share"] == round(3_000 / 3_020, 4)
    assert told["policy"] | {"population": 5_000} == told["policy"]
    assert told["areas_without_ground"] == []

    differing = await suggest(api, differing=True, kind="community")
    assert [row["area"] for row in differing["suggestions"]] == ["T"]
    table = await api.post("/v1/areas/class-suggestions?format=csv", {"kind": "community"})
    head, *lines = table.content.decode("utf-8-sig").splitlines()
    assert head.split(",")[:5] == ["area", "name", "kind", "class", "suggested"]
    assert [line.split(",")[:5] for line in lines] == [
        ["C", "country", "community", "B", "B"],
        ["T", "town", "community", "B", "A"],
    ]
    # Nothing of it is applied.
    assert {a["code"]: a["class"] for a in (await api.get("/v1/areas")).json()["areas"]} == {
        "H": "B",
        "T": "",
        "C": "",
    }


async def test_the_thresholds_are_those_of_the_policy(api: Any, county: Any, load: Any) -> None:
    await county()
    await load("buildings", BUILDINGS, crs="wgs84", since="2026-01-01")
    for document, wanted in (
        ({"density": {"population": 8_000}}, "B"),
        ({"density": {"measure": "customers", "persons_each": 1_000, "population": 3_000}}, "A"),
    ):
        answer = await api.ask(
            "PUT", "/v1/policies/classes", json={"from": "2026-01-01", "document": document}
        )
        assert answer.status_code in (200, 202), answer.text
        rows = {row["area"]: row for row in (await suggest(api))["suggestions"]}
        assert rows["T"]["suggested"] == wanted, document
    assert rows["T"]["population"] == 3_000
    assert rows["C"]["population"] == 1_000


async def test_a_ground_of_its_own_stands_above_the_grids(api: Any, county: Any, load: Any) -> None:
    areas = (
        "code,name,parent,kind,class,wkt\nH,county,,branch,B,\nN,nowhere,H,,,\n"
        'T,town,H,community,,"POLYGON((116.03 24,116.04 24,116.04 24.01,116.03 24.01,116.03 24))"\n'
        "C,country,H,community,,\n"
    )
    await county(areas=areas)
    await load("buildings", BUILDINGS, crs="wgs84", since="2026-01-01")
    told = await suggest(api)
    rows = {row["area"]: row for row in told["suggestions"]}
    assert rows["T"]["population"] == round(2.62 * 20, 1)
    assert told["areas_without_ground"] == ["N"]
    assert (await api.post("/v1/areas/class-suggestions", {"kind": "city"})).status_code == 422
    assert (await suggest(api, at="2025-06-01"))["suggestions"] == []
