"""What the owners of a plane's grids earn by a measure in a month, capped within areas."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import Invalid
from app.orgs import directory, people
from app.orgs.directory import Area
from app.planes import service as planes
from app.policies import service as policies
from app.policies.kinds import PAY
from app.staffing import pay_repository, repository
from geo.pay import PayPolicy, factors

Document = dict[str, Any]


async def pay(
    connection: AsyncConnection,
    code: str,
    month: dt.date,
    measure: str | None,
    within: str | None,
    known_at: dt.datetime | None = None,
) -> Document:
    """Per person the measure of what they owned in the month and its pay, scaled where an area's cap bites.

    The area of a grid is the nearest one of kind ``within`` above it, without it the nearest that has a cap;
    the tree, the plan and the policy are those of the month's last day.
    """
    month = month.replace(day=1)
    until = (month + dt.timedelta(31)).replace(day=1)
    last = until - dt.timedelta(1)
    plane = await planes.get(connection, code, last, known_at)
    policy = await policies.parsed(connection, PAY, last, known_at)
    name = await _measure(connection, measure or policy.measure, month)
    rows, total = await pay_repository.owned(connection, plane.plane_id, name, month, until, known_at)
    tree = await directory.areas(connection, last, known_at=known_at)
    known = await repository.grids(connection, last, known_at, ids=[row["grid_id"] for row in rows])
    grids = {one["grid_id"]: one for one in known}
    capped = _capped(tree, within, policy)
    areas = [capped.get(grids[row["grid_id"]]["area_id"]) for row in rows]
    amounts = np.array([row["value"] for row in rows], float) * policy.rate
    scale = factors(amounts, areas, policy)
    there = {one.person_id: one for one in await people.on_day(connection, last, known_at)}
    names = await people.names(connection)
    lines = [
        {
            "person": row["person_id"],
            "name": there[row["person_id"]].name if row["person_id"] in there else names[row["person_id"]],
            "grid": grids[row["grid_id"]]["code"],
            "area": area,
            "customers": row["customers"],
            "measure": float(row["value"]),
            "amount": float(amount),
            "factor": scale.get(area, 1.0) if area else 1.0,
            "pay": float(amount) * (scale.get(area, 1.0) if area else 1.0),
        }
        for row, area, amount in zip(rows, areas, amounts, strict=True)
    ]
    return {
        "plane": plane.code,
        "month": month.strftime("%Y-%m"),
        "measure": name,
        "rate": policy.rate,
        "within": within,
        "people": _summed(lines, "person", lambda row: {"person": row["person"], "name": row["name"]}),
        "areas": _summed(
            lines,
            "area",
            lambda row: {
                "area": row["area"],
                "cap": policy.caps.get(row["area"]) if row["area"] else None,
                "factor": row["factor"],
            },
        ),
        "lines": [_rounded(row) for row in sorted(lines, key=lambda row: (row["person"], row["grid"]))],
        "measure_total": round(total, 6),
        "measure_unowned": round(total - sum(row["measure"] for row in lines), 6),
        "caps_unused": sorted(set(policy.caps) - {area for area in capped.values() if area}),
    }


async def _measure(connection: AsyncConnection, name: str | None, month: dt.date) -> str:
    loaded = await pay_repository.measures(connection, month)
    if name is None:
        raise Invalid(
            "The policy pay names no measure; ask with measure=NAME, or put it into the policy "
            f"(measures: {', '.join(sorted(loaded)) or 'none yet'}).",
            kind="missing-measure",
        )
    if name not in loaded:
        raise Invalid(
            f"There is no measure {name!r} (measures: {', '.join(sorted(loaded)) or 'none yet'}); load it as "
            "metrics first.",
            kind="unknown-measure",
        )
    latest, here = loaded[name]
    if not here:
        raise Invalid(
            f"The measure {name!r} was not loaded for {month:%Y-%m}; its latest month is {latest:%Y-%m}.",
            kind="unknown-measure",
        )
    return name


def _capped(tree: list[Area], within: str | None, policy: PayPolicy) -> dict[Any, str | None]:
    """Area → the code of the nearest area at or above it whose cap concerns it; None: no cap does."""
    kinds = sorted({area.kind for area in tree if area.kind})
    if within is not None and within not in kinds:
        raise Invalid(
            f"There is no area of kind {within!r}; kinds are {', '.join(kinds) or 'none yet'}.",
            kind="unknown-area-kind",
        )
    by_id = {area.area_id: area for area in tree}

    def above(area: Area) -> str | None:
        at: Area | None = area
        while at is not None:
            if at.code in policy.caps if within is None else at.kind == within:
                return at.code
            at = by_id.get(at.parent_id) if at.parent_id else None
        return None

    return {area.area_id: above(area) for area in tree}


def _summed(lines: list[Document], key: str, head: Any) -> list[Document]:
    """Lines with one value of ``key`` summed up, in order of it; none last."""
    found: dict[Any, Document] = {}
    for row in lines:
        one = found.setdefault(row[key], {**head(row), "measure": 0.0, "amount": 0.0, "pay": 0.0})
        for name in ("measure", "amount", "pay"):
            one[name] += row[name]
    return [_rounded(found[name]) for name in sorted(found, key=lambda name: (name is None, name or ""))]


def _rounded(row: Mapping[str, Any]) -> Document:
    return {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}
