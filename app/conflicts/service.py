"""Finding conflicts of claims, and saying by which rule each is decided.

The rule is the one that assigns: of several lists the first by name has it, of several grids of one list (or
owners of one market) the lowest code; both compare by code point.
"""

import datetime as dt
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.conflicts import repository
from app.conflicts.repository import KINDS, Asked, Kind
from app.planes import service as planes
from app.planes.service import Plane
from app.plans import service as plans
from geo.precedence import resolve_conflicts

Document = dict[str, Any]

_WHAT = {"account-lists": "account", "party-and-site": "account", "party-lists": "party",
         "cluster-owners": "cluster"}  # fmt: skip
_NEEDED = {"cluster-owners": "cluster"}  # the rule that asks; the other kinds are of lists
FIRST_LIST, LOWEST_CODE = "first-list-by-name", "lowest-grid-code"


async def page(
    connection: AsyncConnection,
    plane: str,
    at: dt.date,
    known_at: dt.datetime | None,
    kind: Kind | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Document:
    """Conflicts of a plane on a day, by kind and subject, behind the (kind, subject) ``after``.

    ``plan`` is the one in force, whose grids alone can claim anything; without one there are no conflicts.
    """
    of = await planes.get(connection, plane, at, known_at)
    plan = await plans.in_force(connection, of.plane_id, at, known_at)
    told: Document = {"plane": plane, "at": at, "plan": plan.plan_id if plan else None}
    if plan is None:
        return {**told, "counts": dict.fromkeys(KINDS, 0), "conflicts": []}
    asked = Asked(of.plane_id, plan.plan_id, at, known_at)
    found: list[Document] = []
    for one in KINDS:
        if (kind is not None and one != kind) or (after is not None and one < after[0]):
            continue
        behind = after[1] if after is not None and one == after[0] else ""
        if len(found) < limit:
            found += await _of_kind(connection, of, asked, one, behind, limit - len(found))
    counts = {one: await repository.count(connection, asked, one) for one in KINDS}
    return {**told, "counts": counts, "conflicts": found}


async def _of_kind(
    connection: AsyncConnection, plane: Plane, asked: Asked, kind: Kind, after: str, limit: int
) -> list[Document]:
    rows = await repository.claims(connection, asked, kind, after, limit)
    ids = list(dict.fromkeys(row["id"] for row in rows))
    answers: dict[str, Document] = {}
    concerned: dict[str, int] = {}
    if _WHAT[kind] == "account":
        answers = await repository.answers(connection, asked, ids)
    else:
        concerned = await repository.concerned(connection, asked, kind, ids)
    found = []
    for (name, called), group in groupby(rows, key=lambda row: (row["id"], row["name"])):
        claims = list(group)
        winner, rule = decided(claims)
        one = {
            "kind": kind,
            _WHAT[kind]: name,
            "name": called,
            "claims": [_claim(claim) for claim in claims],
            "winner": _claim(winner),
            "decided_by": rule,
            "accounts": 1 if _WHAT[kind] == "account" else concerned.get(name, 0),
            "assigned": _answer(answers.get(name)),
        }
        found.append({**one, "text": in_words(plane.rules, one)})
    return found


def decided(claims: Sequence[Document]) -> tuple[Document, str]:
    """The claim that has it, and the rule by which: as assigning decides."""
    codes, lists = (np.array([one[name] or "" for one in claims], dtype=object) for name in ("grid", "list"))
    (winner,), _ = resolve_conflicts(np.zeros(len(claims), np.int64), codes, lists)
    first = {one["grid"] for one in claims if one["list"] == claims[winner]["list"]}
    return claims[winner], LOWEST_CODE if len(first) > 1 else FIRST_LIST


def in_words(rules: Sequence[str], one: Document) -> str:
    """The conflict as sentences for a planner."""
    what = _WHAT[one["kind"]]
    winner = one["winner"]
    if what == "cluster":
        grids = sorted({claim["grid"] for claim in one["claims"]})
        said = f"Market {one['cluster']} is owned by the grids {_joined(grids)}."
    else:
        said = f"{what.capitalize()} {one[what]} is claimed by {_joined([_named(c) for c in one['claims']])}."
    if _NEEDED.get(one["kind"], "named_list") not in rules:
        return f"{said} The plane asks neither: its rules are {', '.join(rules)}."
    if one["decided_by"] == LOWEST_CODE:
        said += f" The lowest grid code decides: {winner['grid']}."
    else:
        said += f" The first list by name decides: {winner['list']!r}, grid {winner['grid']}."
    answer = one["assigned"]
    if answer is None or answer["rule"] == "named_list":
        return said
    if answer["status"] == "uncovered":
        return f"{said} But the plane does not cover this customer, so no list decides."
    if answer["rule"] is not None:
        return f"{said} But the rule {answer['rule']} goes before: it is in grid {answer['grid']}."
    return said


def subject(one: Document) -> str:
    """The id of what is claimed."""
    return str(one[_WHAT[one["kind"]]])


def _named(claim: Document) -> str:
    through = f" through party {claim['party']}" if claim["party"] is not None else ""
    return f"list {claim['list']!r} for grid {claim['grid']}{through}"


def _joined(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _claim(row: Document) -> Document:
    names = ("grid", "list", "party")
    return {**{name: row[name] for name in names}, "from": row["valid_from"], "to": row["valid_to"]}


def _answer(row: Document | None) -> Document | None:
    return None if row is None else {name: row[name] for name in ("status", "rule", "grid")}
