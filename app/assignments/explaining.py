"""Why an account belongs where it does, in words: decided once more from what was known, nothing stored."""

import datetime as dt
from typing import Any

import numpy as np
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import eras
from app.assignments.asking import account_key
from app.assignments.decide import RULE_NAMES, STATUS_NAMES, Outcome, evidence
from app.assignments.eras import Era
from app.assignments.on_day import decide_on
from app.planes import service as planes
from app.planes.service import Plane
from geo.geocodes import LEVELS
from geo.precedence import Rule
from geo.precedence import explain as steps_of

Document = dict[str, Any]


async def explain(
    connection: AsyncConnection,
    account_id: str,
    plane: str | None,
    at: dt.date,
    known_at: dt.datetime | None = None,
) -> list[Document]:
    """How each plane (or the one named) comes to its answer for the account on a day, step by step.

    ``known_at``: from the facts, the plan, the plane's rules and the policy as they were believed then.
    """
    key = await account_key(connection, account_id)
    if plane is not None:
        asked = [await planes.get(connection, plane, at, known_at)]
    else:
        asked = await planes.every(connection, at, known_at)
    return [await _explain(connection, key, one, at, known_at) for one in asked]


async def _explain(
    connection: AsyncConnection, key: int, plane: Plane, at: dt.date, known_at: dt.datetime | None
) -> Document:
    era = await eras.on(connection, plane, at, known_at)
    told: Document = {"plane": plane.code, "plan": None, "status": None, "grid": None, "rule": None}
    told |= {"tie": False, "evidence": None, "basis": _basis(plane, at, known_at, era)}
    if era is None:
        return told | {"steps": [_said(f"No plan of plane {plane.code} is in force on {at}.")]}
    told["plan"] = str(era.plan.plan_id)
    ground = era.ground
    _, cut, outcome = await decide_on(connection, plane, era, np.array([key], np.int64), at, known_at)
    if len(cut.subject) == 0:
        return told | {"steps": [_said(f"The account has no place by {at}: nothing is decided before one.")]}
    decision = outcome.decision
    grid, because = int(decision.grid[0]), evidence(ground, outcome)[0]
    steps = steps_of(era.rules, outcome.facts, 0, ground.table.codes, _notes(outcome))
    return told | {
        "status": STATUS_NAMES[decision.status[0]],
        "grid": ground.table.codes[grid] if grid >= 0 else None,
        "rule": RULE_NAMES[decision.rule[0]],
        "tie": bool(decision.tie[0]),
        "evidence": orjson.loads(because) if because is not None else None,
        "steps": [
            {"rule": step.rule.value if step.rule else None, "outcome": step.outcome, "text": step.text}
            for step in steps
        ],
    }


def _basis(plane: Plane, at: dt.date, known_at: dt.datetime | None, era: Era | None) -> list[str]:
    """What the answer rests on."""
    believed = f", as it was known at {known_at.isoformat()}" if known_at is not None else ""
    told = [f"Plane {plane.code} on {at}{believed}."]
    if era is None:
        return told
    whom = "; ".join(f"{name} {', '.join(values)}" for name, values in sorted(era.covers.items()) if values)
    radii = ", ".join(f"{level} {metres:g} m" for level, metres in era.geocodes.radius_m.items())
    return [
        *told,
        f"The plan in force is {era.plan.name!r}.",
        f"The plane asks {', '.join(era.rules) or 'no rule'}, in this order.",
        f"It covers {f'customers with {whom}' if whom else 'every customer'}.",
        f"A geocode is in doubt by its level: {radii}.",
    ]


def _notes(outcome: Outcome) -> dict[Rule, str]:
    """What is known beyond the grid that each rule names: which list, market or region, and the rivals."""
    known = outcome.known
    notes: dict[Rule, str] = {}
    on_list = known.list_evidence[0]
    if on_list is not None:
        through = f" through its party {on_list['party']!r}" if "party" in on_list else ""
        notes[Rule.NAMED_LIST] = f"It is on list {on_list['list']!r}{through}." + _rivals(
            [f"list {one['list']!r} gives it to grid {one['grid']}" for one in on_list.get("competing", [])],
            "of several lists the first by name decides, then the lowest code",
        )
    market = known.cluster_evidence[0]
    if market is not None:
        notes[Rule.CLUSTER] = f"It is in market {market['cluster']!r}." + _rivals(
            [f"grid {one['grid']} owns the market too" for one in market.get("competing", [])],
            "of several owners the lowest code decides",
        )
    if known.has_building[0]:
        share = known.building_share[0]
        part = f", which holds {share:.0%} of it" if np.isfinite(share) and share < 1 else ""
        notes[Rule.BUILDING] = f"The building is {known.building_id[0]!r}{part}."
    doubtful = _doubtful(outcome)
    if doubtful is not None:
        notes |= {Rule.POINT: doubtful, Rule.REGION: doubtful}
    return notes


def _doubtful(outcome: Outcome) -> str | None:
    known, level = outcome.known, LEVELS[outcome.known.level[0]]
    if known.piled[0]:
        return (
            "So many customers stand at this one point that it is taken as the centre of a district, "
            f"though the geocode claims level {level}."
        )
    if known.has_region[0]:
        meets = known.region_around[0]
        crosses = f", which meets the grids {', '.join(meets)}" if meets else ""
        return f"The place is somewhere in region {known.region_id[0]!r}{crosses}."
    if outcome.facts.coarse[0] and not outcome.facts.district[0]:
        return f"The geocode is of level {level}, within {outcome.radius_m[0]:g} m."
    return None


def _rivals(claims: list[str], decided_by: str) -> str:
    return f" Competing: {'; '.join(claims)}; {decided_by}." if claims else ""


def _said(text: str) -> Document:
    return {"rule": None, "outcome": "none", "text": text}
