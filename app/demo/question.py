"""One place asked about before and after the redraw takes effect, and in both planes."""

from collections import Counter
from typing import Any

from app.demo.client import Document
from app.demo.customers import Customers
from app.demo.errors import DemoFailed
from app.demo.steps import Stage


def one_that_moves(who: Customers, before: Document, after: Document) -> int:
    """The row of a customer whose grid the redraw changes: decided by its place, in the largest handover."""
    moves = [
        row
        for row, (old, new) in enumerate(zip(before["grid"], after["grid"], strict=True))
        if old and new and old != new and before["rule"][row] in ("point", "building")
    ]
    if not moves:
        raise DemoFailed("no customer changes grids, so there is no question to ask")
    pairs = Counter((before["grid"][row], after["grid"][row]) for row in moves)
    largest = pairs.most_common(1)[0][0]
    return next(row for row in moves if (before["grid"][row], after["grid"][row]) == largest)


def before_and_after(stage: Stage, who: Customers, row: int, plane: str) -> None:
    """Ask whose the customer is on the last day before, and on the first day after: place and customer."""
    lng, lat = who.place(row)
    account = who.columns["id"][row]
    days = (stage.days.last, stage.days.next)
    stage.teller.figure(f"customer {account}, at {lng}, {lat} ({who.crs})")
    answers = []
    for day in days:
        at = day.isoformat()
        place = stage.api.get("/v1/locate", lng=lng, lat=lat, crs=who.crs, plane=plane, at=at)
        stored = stage.api.get(f"/v1/accounts/{account}/assignments", plane=plane, at=at)["assignments"][0]
        owner = next((one["name"] for one in place["grid"]["responsible"] if one["role"] == "owner"), None)
        answers.append(
            {
                "at": at,
                "grid": place["grid"]["code"],
                "owner": owner,
                "account_grid": stored["grid"],
                "rule": stored["rule"],
                "from": stored["from"],
                "to": stored["to"],
            }
        )
        stage.teller.figure(
            f"  {at}: grid {place['grid']['code']}{f' of {owner}' if owner else ''}; "
            f"the customer is {stored['grid']}'s by {stored['rule']}"
        )
    stage.told["question"] = {
        "account": account,
        "lng": lng,
        "lat": lat,
        "crs": who.crs,
        "plane": plane,
        "answers": answers,
    }


def in_both_planes(stage: Stage, who: Customers, upper: Document, planes: tuple[str, str]) -> None:
    """A stall in a market: its ground is one grid, its market another. Two planes, two answers."""
    row = next((row for row, rule in enumerate(upper["rule"]) if rule == "cluster"), None)
    if row is None:
        raise DemoFailed("no customer is in a cluster market, so both planes cannot be told apart")
    account, at = who.columns["id"][row], stage.days.today.isoformat()
    rows: list[Any] = stage.api.get(f"/v1/accounts/{account}/assignments", at=at)["assignments"]
    answers = {one["plane"]: {"grid": one["grid"], "rule": one["rule"]} for one in rows}
    stage.teller.figure(f"customer {account} on {at}:")
    for plane in planes:
        stage.teller.figure(f"  plane {plane}: {answers[plane]['grid']} by {answers[plane]['rule']}")
    stage.told["two_planes"] = {"account": account, "at": at, "answers": answers}
