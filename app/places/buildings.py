"""Buildings as of a day: where they stand, what they hold, who their customers are."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import asking
from app.audit import service as audit
from app.audit.service import By
from app.errors import Invalid, NotFound
from app.places import buildings_repository as repository
from app.places import facts as place_facts
from app.places.buildings_repository import Box
from app.planes import service as planes
from app.plans import service as plans
from app.storage.dated import AsOf

Document = dict[str, Any]


async def page(
    connection: AsyncConnection,
    asked: AsOf,
    plane: str | None,
    grid: str | None,
    box: Box | None,
    locked: bool | None,
    after: str | None,
    limit: int,
) -> list[Document]:
    """Buildings by id, behind ``after``; with their grid in the plane, if one is named."""
    plane_id, grid_id, codes = None, None, {}
    if plane is not None:
        plane_id = (await planes.get(connection, plane)).plane_id
        table = await plans.table_on(connection, plane_id, asked.at, asked.known_at)
        codes = table.code_of if table else {}
        if grid is not None:
            table, row = plans.row_of(table, grid, plane, asked.at)
            grid_id = table.grid_ids[row]
    elif grid is not None:
        raise Invalid("A grid is one of a plane: say which with plane=CODE.", kind="missing-plane")
    rows = await repository.page(connection, asked, plane_id, grid_id, box, locked, after, limit)
    held = _customers(await repository.customers(connection, [row["building_pk"] for row in rows], asked))
    return [_row(row, held.get(row["building_pk"], []), codes) for row in rows]


def _row(row: Mapping[str, Any], customers: list[Mapping[str, Any]], codes: Mapping[Any, str]) -> Document:
    inside = shapely.point_on_surface(shapely.from_wkb(row["wkb"]))
    names = ("id", "name", "use", "address")
    numbers = ("households", "ports", "ports_used")
    return {
        **{name: row[name] for name in names},
        "lng": inside.x,
        "lat": inside.y,
        "grid": codes.get(row.get("grid_id")),
        **{name: row[name] for name in numbers},
        "customers": sum(one["customers"] for one in customers),
        "on_net": _on_net(customers),
        "penetration": ratio(_on_net(customers), row["households"]),
        "confirmed": row["confirmed_on"],
        "locked": row["locked"],
    }


async def lock(connection: AsyncConnection, by: By, ids: Sequence[str], locked: bool) -> list[str]:
    """Say whether redraws may move these buildings; which of them it changes. Raises for an unknown one."""
    known = await place_facts.building_keys_of(connection, list(ids))
    unknown = sorted(set(ids) - set(known))
    if unknown:
        raise Invalid(
            f"There is no building {unknown[0]!r}; nothing was locked or unlocked.",
            kind="unknown-building",
            buildings=unknown[:100],
        )
    changed = await repository.set_locked(connection, ids, locked)
    for building_id in changed:
        await audit.record(
            connection,
            by,
            "building.lock" if locked else "building.unlock",
            "building",
            building_id,
            after={"locked": locked},
        )
    return changed


async def one(connection: AsyncConnection, building_id: str, asked: AsOf) -> Document:
    """One building with all that is known of it on the day."""
    row = await repository.one(connection, building_id, asked)
    if row is None:
        raise NotFound(
            f"There is no building {building_id!r}" + (" known by then." if asked.known_at else "."),
            kind="unknown-building",
        )
    key = row["building_pk"]
    counted = await repository.customers(connection, [key], asked)
    points = await repository.points(connection, key, asked)
    total, on_net = sum(one["customers"] for one in counted), _on_net(counted)
    assigned = await asking.of_building(connection, building_id, None, asked.at, asked.known_at)
    return {
        "id": row["id"],
        "at": asked.at,
        "name": row["name"],
        "use": row["use"],
        "address": row["address"],
        "confirmed": row["confirmed_on"],
        "locked": row["locked"],
        "attributes": row["attributes"],
        "from": beginning(row["valid_from"]),
        "to": row["valid_to"],
        "geometry": geojson(row["wkb"]),
        "datum": row["datum"],
        "households": row["households"],
        "ports": row["ports"],
        "ports_used": row["ports_used"],
        "customers": {
            "total": total,
            "by_net_status": count_by(counted, "net_status"),
            "by_tier": count_by(counted, "tier"),
        },
        "on_net": on_net,
        "penetration": ratio(on_net, row["households"]),
        "any_on_net": on_net > 0,
        "stack": {
            "points": len(points),
            "most": points[0] if points else None,
        },
        "planes": [
            {
                **{name: held[name] for name in ("plane", "grid", "status", "tie", "share", "from", "to")},
                "shares": _shares(held),
            }
            for held in assigned
        ],
    }


async def history(
    connection: AsyncConnection, building_id: str, known_at: dt.datetime | None
) -> list[Document]:
    """The building's versions in order, as known then."""
    from_facts = await repository.one(connection, building_id, AsOf(dt.date.max, known_at))
    if from_facts is None:
        raise NotFound(f"There is no building {building_id!r}.", kind="unknown-building")
    return [
        {
            "from": beginning(row["valid_from"]),
            "to": row["valid_to"],
            "recorded_at": row["recorded_at"],
            "households": row["households"],
            "ports": row["ports"],
            "ports_used": row["ports_used"],
            "geometry": geojson(row["wkb"]),
        }
        for row in await repository.history(connection, from_facts["building_pk"], known_at)
    ]


def beginning(day: dt.date) -> dt.date | None:
    """The day from which a version holds; None: ever since."""
    return None if day == dt.date.min else day


def ratio(part: int, whole: int | None) -> float | None:
    """A share, None where there is nothing to divide by."""
    return round(part / whole, 6) if whole else None


def geojson(wkb: bytes) -> Any:
    """A geometry as GeoJSON, coordinates as they are stored."""
    return orjson.loads(shapely.to_geojson(shapely.from_wkb(wkb)))


def count_by(counted: Iterable[Mapping[str, Any]], what: str) -> dict[str, int]:
    """Customers by a column of the counted rows; an empty word where it is not known."""
    found: Counter[str] = Counter()
    for row in counted:
        found[row[what] or ""] += row["customers"]
    return dict(sorted(found.items()))


def _customers(rows: list[dict[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["building_pk"], []).append(row)
    return found


def _on_net(counted: Iterable[Mapping[str, Any]]) -> int:
    return sum(row["customers"] for row in counted if row["net_status"] == "on_net")


def _shares(held: Mapping[str, Any]) -> dict[str, float]:
    """The share of each grid that has a part of the building."""
    told: dict[str, float] = (held["evidence"] or {}).get("shares") or {}
    if not told and held["grid"] is not None:
        return {held["grid"]: 1.0}
    return told
