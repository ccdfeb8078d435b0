"""The grids of plans, set-wise, in the database."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.rows import records

_TABLE = text(
    """
    SELECT g.grid_id, g.code, g.name, g.class, g.area_id, g.owner_id, g.locked, g.attributes, g.shape_id,
           ST_AsBinary(s.geometry, 'NDR') AS wkb, s.area_m2
    FROM plan_grids g LEFT JOIN shapes s ON s.org_id = g.org_id AND s.shape_id = g.shape_id
    WHERE g.plan_id = :plan ORDER BY g.code COLLATE "C"
    """
)
_CODES = text("SELECT code, grid_id FROM plan_grids WHERE plan_id = :plan")
_COPY = text(
    """
    INSERT INTO plan_grids
        (org_id, plan_id, grid_id, code, name, class, shape_id, area_id, owner_id, locked, attributes)
    SELECT org_id, :to, grid_id, code, name, class, shape_id, area_id, owner_id, locked, attributes
    FROM plan_grids WHERE plan_id = :from
    """
)
_CLEAR = text("DELETE FROM plan_grids WHERE plan_id = :plan")
_WRITE = text(
    """
    INSERT INTO plan_grids
        (org_id, plan_id, grid_id, code, name, class, shape_id, area_id, owner_id, locked, attributes)
    SELECT :org, :plan, r.*
    FROM unnest(CAST(:grid_id AS uuid[]), CAST(:code AS text[]), CAST(:name AS text[]),
                CAST(:class AS text[]), CAST(:shape_id AS bytea[]), CAST(:area_id AS uuid[]),
                CAST(:owner_id AS text[]), CAST(:locked AS bool[]), CAST(:attributes AS jsonb[])) AS r
    """
)
_CONFIRM = text(
    """
    UPDATE grids g SET confirmed_on = s.day
    FROM plan_grids p JOIN unnest(CAST(:codes AS text[]), CAST(:days AS date[])) s (code, day) USING (code)
    WHERE p.plan_id = :plan AND g.org_id = p.org_id AND g.grid_id = p.grid_id
    """
)
_COUNT = text("SELECT count(*) FROM plan_grids WHERE plan_id = :plan")
_OWNERS = text("SELECT grid_id, owner_id FROM plan_grids WHERE plan_id = :plan")
_LINEAGE = text("SELECT parent_id, child_id, kind FROM lineage WHERE plan_id = :plan")


async def table(connection: AsyncConnection, plan_id: uuid.UUID) -> list[dict[str, Any]]:
    """All grids of the plan in code-point order of their codes, shapes as WKB."""
    return records(await connection.execute(_TABLE, {"plan": plan_id}))


async def codes(connection: AsyncConnection, plan_id: uuid.UUID) -> dict[str, uuid.UUID]:
    """Code → identity of the plan's grids."""
    return {
        row["code"]: row["grid_id"] for row in records(await connection.execute(_CODES, {"plan": plan_id}))
    }


async def copy(connection: AsyncConnection, source: uuid.UUID, target: uuid.UUID) -> None:
    """Give the target plan the grids of the source; shapes are shared."""
    await connection.execute(_COPY, {"from": source, "to": target})


async def replace(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plan_id: uuid.UUID,
    columns: Mapping[str, Sequence[Any]],
) -> None:
    """Take the plan's grids away and give it these (column → values)."""
    await connection.execute(_CLEAR, {"plan": plan_id})
    await connection.execute(_WRITE, {"org": org_id, "plan": plan_id, **columns})


async def count(connection: AsyncConnection, plan_id: uuid.UUID) -> int:
    """How many grids the plan has."""
    counted: int = (await connection.execute(_COUNT, {"plan": plan_id})).scalar_one()
    return counted


async def lineage(connection: AsyncConnection, plan_id: uuid.UUID) -> list[dict[str, Any]]:
    """Which grids came from which by split or merge."""
    return records(await connection.execute(_LINEAGE, {"plan": plan_id}))


async def owners(connection: AsyncConnection, plan_id: uuid.UUID) -> dict[uuid.UUID, str | None]:
    """Grid → its owner as the plan says (none: it says nothing)."""
    found = await connection.execute(_OWNERS, {"plan": plan_id})
    return {row.grid_id: row.owner_id for row in found}


async def confirm(connection: AsyncConnection, plan_id: uuid.UUID, days: Mapping[str, dt.date]) -> None:
    """Note when somebody last made sure of these grids of the plan (code → day)."""
    if days:
        asked = {"plan": plan_id, "codes": list(days), "days": list(days.values())}
        await connection.execute(_CONFIRM, asked)
