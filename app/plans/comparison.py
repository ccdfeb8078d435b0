"""A plan beside another: what differs, what moves, and who hands over to whom."""

import csv
import io
import uuid
from typing import Any

import anyio.to_thread
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs import directory, people, responsibilities
from app.plans import grids_repository, service
from app.plans.difference import Difference, difference
from app.plans.model import GridTable
from app.plans.moves import Move, Pair, moves

HANDOVER_COLUMNS = (
    "from_grid",
    "from_grid_name",
    "from_person",
    "from_person_name",
    "to_grid",
    "to_grid_name",
    "to_person",
    "to_person_name",
    "customers",
    "buildings",
)


async def diff(connection: AsyncConnection, org_id: uuid.UUID, two: Pair) -> dict[str, Any]:
    """The difference of two plans as callers see it."""
    old, new = await _tables(connection, two)
    lineage = [
        (row["parent_id"], row["child_id"], row["kind"])
        for row in await grids_repository.lineage(connection, two.new.plan_id)
    ]
    before = await service.classes_on(connection, old, two.day) if old else []
    after = await service.classes_on(connection, new, two.day)
    found = await anyio.to_thread.run_sync(difference, old, new, (before, after), lineage)
    moved = await moves(connection, org_id, two)
    areas = {area.area_id: area.code for area in await directory.areas(connection, two.day)}
    codes = _codes(old, new)
    return {
        **head(two),
        "added": found.added,
        "removed": found.removed,
        "split": [{"grid": one.grid, "into": one.into} for one in found.split],
        "merged": [{"grids": one.grids, "into": one.into} for one in found.merged],
        "reshaped": found.reshaped,
        "renamed": [{"before": before, "after": after} for before, after in found.renamed],
        "changed": _changed(found, areas),
        "land": [
            {"from": one.giver, "to": one.receiver, "area_m2": round(one.area_m2, 3)} for one in found.land
        ],
        "moved": {
            "customers": sum(one.customers for one in moved),
            "buildings": sum(one.buildings for one in moved),
            "by": [
                {
                    "from": codes[one.giver][0],
                    "to": codes[one.receiver][1],
                    "customers": one.customers,
                    "buildings": one.buildings,
                }
                for one in moved
            ],
        },
    }


async def handover(connection: AsyncConnection, org_id: uuid.UUID, two: Pair) -> dict[str, Any]:
    """Per giving and receiving grid, with their owners: how many customers and buildings change hands."""
    givers, receivers = await sides(connection, two)

    def row(one: Move) -> dict[str, Any]:
        return {
            "from": givers[one.giver],
            "to": receivers[one.receiver],
            "customers": one.customers,
            "buildings": one.buildings,
        }

    return {**head(two), "rows": [row(one) for one in await moves(connection, org_id, two)]}


Sides = dict[uuid.UUID | None, dict[str, Any]]


async def sides(connection: AsyncConnection, two: Pair) -> tuple[Sides, Sides]:
    """Of each grid of the old and of the new plan its code and name, and who owns it on the day."""
    old, new = await _tables(connection, two)
    names = await people.names(connection)
    known = await responsibilities.owners(connection, two.plane.plane_id, two.day)
    return _sides(old, known, names), _sides(new, known, names)


def as_csv(document: dict[str, Any]) -> str:
    """A handover as CSV, a line for each pair of grids."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HANDOVER_COLUMNS)
    for row in document["rows"]:
        sides = [
            row[side][key]
            for side in ("from", "to")
            for key in ("grid", "grid_name", "person", "person_name")
        ]
        writer.writerow([*sides, row["customers"], row["buildings"]])
    return out.getvalue()


def head(two: Pair) -> dict[str, Any]:
    """Which plans are compared, and on which day."""
    against = str(two.old.plan_id) if two.old else None
    return {"plan": str(two.new.plan_id), "against": against, "day": two.day.isoformat()}


async def _tables(connection: AsyncConnection, two: Pair) -> tuple[GridTable | None, GridTable]:
    new = await service.grid_table(connection, two.new.plan_id)
    old = await service.grid_table(connection, two.old.plan_id) if two.old else None
    return old, new


def _codes(old: GridTable | None, new: GridTable) -> dict[uuid.UUID | None, tuple[str | None, str | None]]:
    before = dict(zip(old.grid_ids, old.codes, strict=True)) if old else {}
    after = dict(zip(new.grid_ids, new.codes, strict=True))
    both: dict[uuid.UUID | None, tuple[str | None, str | None]] = {None: (None, None)}
    return both | {one: (before.get(one), after.get(one)) for one in {*before, *after}}


def _sides(table: GridTable | None, known: dict[uuid.UUID, str], names: dict[str, str]) -> Sides:
    out: Sides = {None: dict.fromkeys(("grid", "grid_name", "person", "person_name"))}
    for row, grid_id in enumerate(table.grid_ids if table else ()):
        assert table is not None
        person = table.owner_ids[row] or known.get(grid_id)
        out[grid_id] = {
            "grid": table.codes[row],
            "grid_name": table.names[row],
            "person": person,
            "person_name": names.get(person) if person else None,
        }
    return out


def _changed(found: Difference, areas: dict[uuid.UUID, str]) -> list[dict[str, Any]]:
    def shown(name: str, value: Any) -> Any:
        return areas.get(value, str(value)) if name == "area" and value is not None else value

    return [
        {
            "grid": code,
            "before": {name: shown(name, pair[0]) for name, pair in fields.items()},
            "after": {name: shown(name, pair[1]) for name, pair in fields.items()},
        }
        for code, fields in found.changed
    ]
