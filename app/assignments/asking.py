"""What is stored of an account or a building as of a day, and why it is so."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts as account_facts
from app.assignments import locators, repository
from app.assignments.decide import RULE_NAMES, STATUS_NAMES, evidence
from app.assignments.on_day import decide_on
from app.errors import NotFound
from app.places import facts as place_facts
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from geo.precedence import explain as steps_of
from geo.precedence import parse_rules

Document = dict[str, Any]


async def of_account(
    connection: AsyncConnection,
    account_id: str,
    plane: str | None,
    at: dt.date,
    known_at: dt.datetime | None,
) -> list[Document]:
    """The account's assignment in each plane (or the one named) on a day, as known then."""
    key = await _account_key(connection, account_id)
    await _check_plane(connection, plane)
    rows = await repository.of_account(connection, key, plane, at, known_at)
    return [_document(row) for row in rows]


async def of_building(
    connection: AsyncConnection,
    building_id: str,
    plane: str | None,
    at: dt.date,
    known_at: dt.datetime | None,
) -> list[Document]:
    """The building's assignment in each plane of places (or the one named) on a day, as known then."""
    found = await place_facts.building_keys_of(connection, [building_id])
    if not found:
        raise NotFound(f"There is no building {building_id!r}.", kind="unknown-building")
    await _check_plane(connection, plane)
    rows = await repository.of_building(connection, found[building_id], plane, at, known_at)
    return [_document(row) | {"share": row["share"]} for row in rows]


async def explain(
    connection: AsyncConnection, account_id: str, plane: str | None, at: dt.date
) -> list[Document]:
    """How each plane (or the one named) comes to its answer for the account on a day, step by step."""
    key = await _account_key(connection, account_id)
    asked = [await planes.get(connection, plane)] if plane else await planes.every(connection)
    return [await _explain(connection, key, one, at) for one in asked]


async def _explain(connection: AsyncConnection, key: int, plane: Plane, at: dt.date) -> Document:
    plan = await plans.in_force(connection, plane.plane_id, at)
    told: Document = {"plane": plane.code, "plan": None, "status": None, "grid": None, "rule": None}
    told |= {"tie": False, "evidence": None}
    if plan is None:
        return told | {"steps": [_said(f"No plan of plane {plane.code} is in force on {at}.")]}
    told["plan"] = str(plan.plan_id)
    ground = await locators.ground(connection, plan)
    _, cut, outcome = await decide_on(connection, plane, ground, np.array([key], np.int64), at)
    if len(cut.subject) == 0:
        return told | {"steps": [_said(f"The account has no place by {at}: nothing is decided before one.")]}
    decision = outcome.decision
    grid, because = int(decision.grid[0]), evidence(ground, outcome)[0]
    steps = steps_of(parse_rules(plane.rules), outcome.facts, 0, ground.table.codes)
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


def _said(text: str) -> Document:
    return {"rule": None, "outcome": "none", "text": text}


async def _account_key(connection: AsyncConnection, account_id: str) -> int:
    found = await account_facts.keys_of(connection, [account_id])
    if not found:
        raise NotFound(f"There is no account {account_id!r}.", kind="unknown-account")
    return found[account_id]


async def _check_plane(connection: AsyncConnection, plane: str | None) -> None:
    if plane is not None:
        await planes.get(connection, plane)


def _document(row: Mapping[str, Any]) -> Document:
    return {
        "plane": row["plane"],
        "grid": row["grid"],
        "status": row["status"],
        "rule": row["rule"],
        "tie": row["tie"],
        "evidence": row["evidence"],
        "from": row["valid_from"],
        "to": row["valid_to"],
    }
