"""Classes from urban–rural codes, and a tree that has no circle on any day."""

from __future__ import annotations

from typing import Any


async def areas(api: Any, at: str, **asked: str) -> dict[str, tuple[str, str | None]]:
    """Class and reason of each area on a day."""
    found = (await api.get("/v1/areas", params={"at": at, **asked})).json()["areas"]
    return {one["code"]: (one["class"], one["class_reason"]) for one in found}


async def test_a_code_gives_the_class_that_nobody_gave(api: Any, load: Any) -> None:
    file = (
        "code,name,class,class_reason,城乡分类代码\n"
        "T,town,,,121\nV,village,,,220\nP,planned,B,so decided,111\n"
    )
    done = await load("areas", f"{file}X,wrong,,,999\nY,division,,,441402001001\n", since="2026-01-01")
    assert done["accepted"] == 3
    assert "'999' is no urban–rural code: expected 111, 112" in done["why"][4]
    assert "'441402001001'" in done["why"][5]
    assert await areas(api, "2026-01-01") == {
        "T": ("A", "urban–rural code 121: centre of a town"),
        "V": ("B", "urban–rural code 220: village"),
        "P": ("B", "so decided"),
    }
    assert (await load("areas", file, since="2026-01-01"))["changed"] == 0
    # The village becomes part of the town: its class follows its code; what was decided stays.
    await load("areas", "code,name,nbs_code\nV,village,112\nP,planned,220\n", since="2026-07-01")
    assert (await areas(api, "2026-06-30"))["V"][0] == "B"
    now = await areas(api, "2026-07-01")
    assert now["V"] == ("A", "urban–rural code 112: joint urban and rural area")
    assert now["P"] == ("B", "so decided")


async def test_none_for_a_reason_is_not_filled_from_the_code(api: Any, load: Any) -> None:
    file = "code,name,nbs_code\nT,town,121\n"
    await load("areas", file, since="2026-01-01")
    body = {"class": "", "from": "2026-01-01", "reason": "not decided yet"}
    assert (await api.ask("PUT", "/v1/areas/T/class", json=body)).status_code == 200
    assert (await load("areas", file, since="2026-01-01"))["changed"] == 0
    assert await areas(api, "2026-01-01") == {"T": ("", "not decided yet")}
    # A file that says of the class that it is empty leaves it to the code; its reason is kept.
    await load(
        "areas", "code,name,class,class_reason,nbs_code\nT,town,,as surveyed,121\n", since="2026-02-01"
    )
    assert await areas(api, "2026-02-01") == {"T": ("A", "as surveyed")}


async def test_the_policy_of_the_day_reads_the_codes(api: Any, load: Any) -> None:
    document = {"codes": {"1": "A", "12": "B", "123": ""}}
    answer = await api.ask("PUT", "/v1/policies/classes", json={"from": "2026-03-01", "document": document})
    assert answer.status_code in (200, 202), answer.text
    file = "code,name,nbs_code\nT,town,121\nS,special,123\nM,main,111\nV,village,220\n"
    await load("areas", file, since="2026-04-01")
    found = await areas(api, "2026-04-01")
    assert {code: one[0] for code, one in found.items()} == {"T": "B", "S": "", "M": "A", "V": ""}


async def test_a_circle_on_a_later_day_is_refused(api: Any, load: Any) -> None:
    await load("areas", "code,name\nA,a\nB,b\n", since="2026-01-01")
    await load("areas", "code,name,parent\nB,b,A\n", since="2026-06-01")
    done = await load("areas", "code,name,parent\nA,a,B\n", since="2026-03-01")
    assert (done["accepted"], "circle: A > B > A" in done["why"][1]) == (0, True)
    # Held until before June, it would be none.
    await load("areas", "code,name\nA,first\n", since="2026-06-01")
    assert (await load("areas", "code,name,parent\nA,a,B\n", since="2026-03-01"))["accepted"] == 1


async def test_what_was_believed_of_the_tree_can_be_asked(api: Any, load: Any) -> None:
    await load("areas", "code,name,class\nT,town,B\n", since="2026-01-01")
    (span,) = (await api.get("/v1/areas/T")).json()["history"]
    before = span["recorded_at"]
    await load("areas", "code,name,class\nT,town,A\n", since="2026-01-01")
    assert (await areas(api, "2026-02-01"))["T"][0] == "A"
    assert (await areas(api, "2026-02-01", known_at=before))["T"][0] == "B"
    told = (await api.get("/v1/areas/T", params={"at": "2026-02-01", "known_at": before})).json()
    assert (told["class"], told["effective_class"]) == ("B", "B")
    assert (await api.get("/v1/areas/T", params={"at": "2025-12-31"})).status_code == 404
    assert (await api.get("/v1/areas", params={"at": "2025-12-31"})).json()["areas"] == []


async def test_an_area_tells_the_class_it_inherits(api: Any, load: Any) -> None:
    await load("areas", "code,name,parent,class\nH,county,,B\nT,town,H,\nX,market,T,A\n", since="2026-01-01")
    found = (await api.get("/v1/areas")).json()["areas"]
    assert [(a["code"], a["class"], a["effective_class"], a["class_from"]) for a in found] == [
        ("H", "B", "B", "H"),
        ("T", "", "B", "H"),
        ("X", "A", "A", "X"),
    ]
    one = (await api.get("/v1/areas/T")).json()
    assert (one["effective_class"], one["class_from"], one["below"]) == ("B", "H", ["X"])
