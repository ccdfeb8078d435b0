"""The number of one customer, of one grid, and of all grids of a plane, each told in its parts."""

import datetime as dt
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import facts
from app.accounts import workload as accounts
from app.assignments import asking as assignments
from app.planes import service as planes
from app.workloads import residence, service, telling
from app.workloads.service import Basis
from geo.workload import PARTS

Document = dict[str, Any]


async def of_account(
    connection: AsyncConnection,
    account_id: str,
    plane: str | None,
    day: dt.date,
    known_at: dt.datetime | None,
) -> list[Document]:
    """What the account weighs in each plane (or the one named) on a day, as known then."""
    rows = await assignments.of_account(connection, account_id, plane, day, known_at)
    key = (await facts.keys_of(connection, [account_id]))[account_id]
    return [await _in_plane(connection, key, row, day, known_at) for row in rows]


async def _in_plane(
    connection: AsyncConnection, key: int, row: Document, day: dt.date, known_at: dt.datetime | None
) -> Document:
    told: Document = {"plane": row["plane"], "grid": row["grid"], "status": row["status"]}
    if row["grid"] is None:
        why = f"The account is in no grid of plane {row['plane']} on {day}: it is {row['status']}."
        return told | {"class": None, "policy": None, "minutes": None, "parts": [], "why": why}
    plane = await planes.get(connection, row["plane"])
    on = await service.basis(connection, plane, day, known_at)
    grid_class = on.classes[on.table.rows[row["grid"]]]
    keys = np.array([key], np.int64)
    known = await accounts.on_day(connection, keys, day, known_at)
    of_class = np.array([grid_class], dtype=object)
    parts = await accounts.parts(connection, keys, of_class, on.policy, day, known_at)
    said = known.visits is not None and bool(np.isfinite(known.visits[0]))
    why = telling.visits(known.tier[0], said)
    listed: list[Document] = []
    for name, part in parts.items():
        count, each = float(part.count[0]), float(part.each[0])
        text = telling.part(name, count, each, on.policy, grid_class, why)
        listed.append(
            {"part": name, "count": count, "each": each, "minutes": float(part.minutes[0]), "text": text}
        )
    return told | {
        "class": grid_class,
        "policy": on.policy.name,
        "minutes": sum(part["minutes"] for part in listed),
        "parts": listed,
        "why": telling.SOURCE,
    }


async def of_grid(
    connection: AsyncConnection,
    plane_code: str,
    code: str,
    day: dt.date,
    known_at: dt.datetime | None,
    top: int,
) -> Document:
    """What a grid weighs on a day, as known then: part by part, its owner's way, its heaviest customers."""
    plane = await planes.get(connection, plane_code)
    grid = await service.of_grid(connection, plane, code, day, known_at)
    minutes = grid.minutes
    of_work = float(minutes.sum())
    home = await residence.of_owner(connection, plane, grid, day, known_at)
    on_the_way = home.minutes if home is not None and home.minutes is not None else 0.0
    heaviest = np.lexsort([grid.account_pk, -minutes])[:top]
    found = await facts.accounts_of(connection, np.sort(grid.account_pk[heaviest]))
    ids = dict(zip(found.account_pk.tolist(), found.account_id.tolist(), strict=True))
    return {
        "plane": plane.code,
        "grid": code,
        "name": grid.basis.table.names[grid.row],
        **_basis(grid.basis, grid.row, day),
        "customers": len(minutes),
        "minutes": of_work,
        "parts": [
            {
                "part": name,
                "count": float(part.count.sum()),
                "minutes": float(part.minutes.sum()),
                "share": float(part.minutes.sum()) / of_work if of_work else 0.0,
            }
            for name, part in grid.parts.items()
        ],
        "residence": _home(home, grid.basis, grid.row),
        "minutes_with_residence": of_work + on_the_way,
        "top": [
            {"account": ids[int(grid.account_pk[i])], "tier": grid.tier[i], "minutes": float(minutes[i])}
            for i in heaviest
        ],
        "why": telling.SOURCE,
    }


async def of_plane(
    connection: AsyncConnection, plane_code: str, day: dt.date, known_at: dt.datetime | None
) -> Document:
    """What every grid of a plane weighs on a day, as known then, in order of the codes."""
    plane = await planes.get(connection, plane_code)
    work = await service.by_grid(connection, plane, day, known_at)
    total, table = work.total, work.basis.table
    rows = [
        {
            "grid": code,
            "name": table.names[i],
            "class": work.basis.classes[i],
            "customers": int(work.customers[i]),
            "minutes": float(total[i]),
            **{name: float(work.minutes[name][i]) for name in PARTS},
        }
        for i, code in enumerate(table.codes)
    ]
    return {
        "plane": plane.code,
        "at": day,
        "plan": work.basis.plan.plan_id,
        "policy": work.basis.policy.name,
        "customers": int(work.customers.sum()),
        "minutes": float(total.sum()),
        "rows": rows,
    }


def _basis(on: Basis, row: int, day: dt.date) -> Document:
    return {"class": on.classes[row], "at": day, "plan": on.plan.plan_id, "policy": on.policy.name}


def _home(home: residence.Residence | None, on: Basis, row: int) -> Document | None:
    if home is None:
        return None
    text = "The residence of the owner, or any customer of the grid, is not known."
    if home.distance_m is not None and home.minutes is not None:
        text = telling.residence(home.distance_m, home.minutes, on.policy, on.classes[row])
    return {
        "person": home.person_id,
        "name": home.name,
        "distance_m": home.distance_m,
        "minutes": home.minutes,
        "text": text,
    }
