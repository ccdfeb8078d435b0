"""Areas and people are listed by pages."""

from __future__ import annotations

from typing import Any

from tests.integration.plans.conftest import load, loaded


async def test_areas_and_people_are_listed_by_pages(api: Any) -> None:
    areas = "code,name,parent,class\nH,总部,,\nA,城区,H,A\nB,郊县,H,B\n".encode()
    people = "id,name,area\np2,王芳,B\np1,李明,A\n".encode()
    await loaded(await load(api, "areas", ("areas.csv", areas)))
    await loaded(await load(api, "people", ("people.csv", people)))
    first = (await api.get("/v1/areas", params={"limit": "2"})).json()
    assert [(one["code"], one["parent"], one["class"]) for one in first["areas"]] == [
        ("A", "H", "A"),
        ("B", "H", "B"),
    ]
    rest = (await api.get("/v1/areas", params={"token": first["next"]})).json()
    assert ([one["code"] for one in rest["areas"]], rest["next"]) == (["H"], None)
    found = (await api.get("/v1/people")).json()
    assert [(one["id"], one["name"], one["area"]) for one in found["people"]] == [
        ("p1", "李明", "A"),
        ("p2", "王芳", "B"),
    ]
    before = (await api.get("/v1/areas", params={"at": "2000-01-01"})).json()
    assert before["areas"] == []
