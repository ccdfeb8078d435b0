"""Cluster markets as of a day: their members, and the grids that own them."""

from collections.abc import Mapping
from typing import Any

import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import NotFound
from app.places import clusters_repository as repository
from app.places.buildings import beginning, count_by, geojson
from app.planes import service as planes
from app.storage.dated import AsOf
from geo.geodesy import area_m2

Document = dict[str, Any]


async def page(
    connection: AsyncConnection,
    asked: AsOf,
    plane: str | None,
    conflicts: bool,
    after: str | None,
    limit: int,
) -> list[Document]:
    """Clusters by id, behind ``after``, with their owners in the plane (or in all)."""
    if plane is not None:
        await planes.get(connection, plane)
    rows = await repository.page(connection, asked, plane, conflicts, after, limit)
    keys = [row["cluster_pk"] for row in rows]
    owners = await repository.owners(connection, keys, plane, asked)
    members = await repository.members(connection, keys, asked)
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "kind": row["kind"],
            "members": sum(m["customers"] for m in members if m["cluster_pk"] == row["cluster_pk"]),
            "owners": _owners([o for o in owners if o["cluster_pk"] == row["cluster_pk"]]),
            "confirmed": row["confirmed_on"],
        }
        for row in rows
    ]


async def one(connection: AsyncConnection, cluster_id: str, asked: AsOf) -> Document:
    """One cluster with its members by net status, tier and assignment, and its owners in each plane."""
    row = await repository.one(connection, cluster_id)
    if row is None:
        raise NotFound(f"There is no cluster {cluster_id!r}.", kind="unknown-cluster")
    key = row["cluster_pk"]
    members = await repository.members(connection, [key], asked)
    return {
        "id": row["id"],
        "at": asked.at,
        "name": row["name"],
        "kind": row["kind"],
        "confirmed": row["confirmed_on"],
        "attributes": row["attributes"],
        "members": {
            "total": sum(m["customers"] for m in members),
            "by_net_status": count_by(members, "net_status"),
            "by_tier": count_by(members, "tier"),
        },
        "assignments": await repository.statuses(connection, key, asked),
        "owners": _owners(await repository.owners(connection, [key], None, asked)),
    }


def _owners(rows: list[dict[str, Any]]) -> list[Document]:
    """The owners in each plane. Of two that are in force the lowest code decides, and both are told."""
    by_plane: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_plane.setdefault(row["plane"], []).append(row)
    told = []
    for plane, claims in by_plane.items():
        decides = next((claim["grid"] for claim in claims if claim["in_force"]), None)
        told.append(
            {
                "plane": plane,
                "grid": decides,
                "conflict": len(claims) > 1,
                "claims": [
                    {
                        "grid": claim["grid"],
                        "in_force": claim["in_force"],
                        "from": claim["valid_from"],
                        "to": claim["valid_to"],
                    }
                    for claim in claims
                ],
            }
        )
    return told


async def regions(
    connection: AsyncConnection,
    asked: AsOf,
    kind: str | None,
    after: str | None,
    limit: int,
) -> list[Document]:
    """Regions of doubt by id, behind ``after``."""
    rows = await repository.regions(connection, asked, kind=kind, after=after, limit=limit)
    return [{name: row[name] for name in ("id", "name", "kind", "customers")} for row in rows]


async def region(connection: AsyncConnection, region_id: str, asked: AsOf) -> Document:
    """One region of doubt with its polygon on the day."""
    found = await repository.regions(connection, asked, region_id=region_id)
    if not found:
        raise NotFound(f"There is no region {region_id!r}.", kind="unknown-region")
    row = found[0]
    return {
        **{name: row[name] for name in ("id", "name", "kind", "customers", "attributes", "datum")},
        "at": asked.at,
        "from": beginning(row["valid_from"]),
        "to": row["valid_to"],
        "geometry": geojson(row["wkb"]),
        "area_m2": round(float(area_m2([shapely.from_wkb(row["wkb"])])[0]), 3),
    }
