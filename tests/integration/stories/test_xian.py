"""Xi'an: centre or county branch, then grid; named lists before the ground; pay capped branch by branch."""

from __future__ import annotations

import pytest

from tests.integration.stories.conftest import Begin, Operator, ground, spot

AREAS = """code,name,parent,kind,class
XA,Xi'an,,headquarters,
C1,Centre,XA,branch,A
B1,County branch,XA,branch,B
"""
GRIDS = (
    "code,name,area,wkt\n"
    f"C1-001,one,C1,{ground(0, 0)}\nC1-002,two,C1,{ground(1, 0)}\n"
    f"B1-001,three,B1,{ground(2, 0)}\nEAST,four,B1,{ground(3, 0)}\n"
)
PEOPLE = "id,name,area,capacity\nann,Ann,C1,10000\nbo,Bo,C1,10000\ncy,Cy,B1,10000\n"
OWNERS = (
    "grid,person,role,from\n"
    "C1-001,ann,owner,2026-01-01\nC1-002,bo,owner,2026-01-01\nB1-001,cy,owner,2026-01-01\n"
)
ACCOUNTS = (
    "id,lng,lat,segment,tier,net_status,name,address\n"
    f"a,{spot(0.5, 0.5)},business,A,on_net,a,street 1\nb,{spot(1.5, 0.5)},business,B,on_net,b,street 2\n"
    f"c,{spot(2.5, 0.5)},business,C,on_net,c,\nd,{spot(3.5, 0.5)},business,C,off_net,d,street 4\n"
    f"key,{spot(2.6, 0.5)},business,A,on_net,key,street 5\nhome,{spot(0.6, 0.5)},household,,on_net,home,\n"
)
METRICS = "account,month,measure,value\n" + "".join(
    f"{account},2026-02,revenue,{value}\n"
    for account, value in {"a": 1000, "b": 3000, "c": 500, "d": 700, "key": 2000}.items()
)


async def _operator(begin: Begin) -> Operator:
    xian = await begin("branches")
    await xian.load("areas", AREAS)
    await xian.load("people", PEOPLE, crs="wgs84")
    await xian.publish("grid", GRIDS)
    await xian.load("responsibilities", OWNERS, plane="grid")
    await xian.load("accounts", ACCOUNTS, crs="wgs84")
    await xian.load("named-lists", "account,grid,list,from\nkey,C1-001,top,2026-01-01\n", plane="grid")
    return xian


async def test_a_named_customer_stays_with_its_grid_wherever_it_moves(begin: Begin) -> None:
    xian = await _operator(begin)
    assert await xian.held("key", "grid") == ("assigned", "C1-001", "named_list")
    assert await xian.held("c", "grid") == ("assigned", "B1-001", "point")
    assert await xian.held("home", "grid") == ("uncovered", None, None)
    moved = f"id,lng,lat\nkey,{spot(1.2, 0.2)}\nc,{spot(1.2, 0.2)}\n"
    await xian.load("accounts", moved, crs="wgs84", since="2026-02-10")
    assert await xian.held("key", "grid") == ("assigned", "C1-001", "named_list")
    assert await xian.held("c", "grid", at="2026-02-09") == ("assigned", "B1-001", "point")
    assert await xian.held("c", "grid") == ("assigned", "C1-002", "point")
    await xian.nothing_drifted("grid")


async def test_pay_is_what_was_owned_capped_branch_by_branch(begin: Begin) -> None:
    xian = await _operator(begin)
    await xian.load("metrics", METRICS)
    await xian.put_policy("pay", {"measure": "revenue", "rate": 0.1, "caps": {"C1": 300, "B1": 500}})
    told = await xian.get("/v1/planes/grid/pay", month="2026-02", within="branch")
    pay = {one["person"]: (one["measure"], one["amount"], one["pay"]) for one in told["people"]}
    # The centre earns 600 and is capped at 300; the county branch stays under its cap.
    assert pay["ann"] == pytest.approx((3000, 300, 150))
    assert pay["bo"] == pytest.approx((3000, 300, 150))
    assert pay["cy"] == pytest.approx((500, 50, 50))
    assert {one["area"]: one["factor"] for one in told["areas"]} == {"B1": 1.0, "C1": 0.5}
    assert (told["measure_total"], told["measure_unowned"]) == (7200, 700)


async def test_what_nobody_owns_and_what_is_missing_is_told(begin: Begin) -> None:
    xian = await _operator(begin)
    staff = await xian.get("/v1/planes/grid/staffing")
    assert [one["grid"] for one in staff["without_owner"]] == ["EAST"]
    told = await xian.get("/v1/quality/records", plane="grid", tier="customer", missing="any")
    missing = {one["id"]: one["missing"] for one in told["records"]}
    assert set(missing) >= {"c", "a", "key"}
    assert "address" in str(missing["c"])
    assert "uscc" in str(missing["a"])
    by_class = (await xian.get("/v1/coverage/summary", plane="grid", by="class"))["rows"]
    assert {one["class"]: one["customers"] for one in by_class} == {"A": 3, "B": 2}
