"""The spans of areas in the database."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.models import AreaVersion
from app.storage.dated import overlay
from app.storage.rows import records

VALUES = ["name", "parent_id", "kind", "class", "class_reason", "nbs_code", "geometry", "attributes"]
"""What an area is over a span of days."""

_HISTORY = text(
    """
    SELECT v.name, p.code AS parent, v.kind, v.class AS area_class, v.class_reason, v.nbs_code,
           v.valid_from, v.valid_to, v.recorded_at, v.superseded_at
    FROM areas a
    JOIN area_versions v ON v.org_id = a.org_id AND v.area_id = a.area_id
    LEFT JOIN areas p ON p.org_id = v.org_id AND p.area_id = v.parent_id
    WHERE a.code = :code AND CASE
        WHEN CAST(:known_at AS timestamptz) IS NULL THEN :corrected OR v.superseded_at IS NULL
        ELSE v.recorded_at <= :known_at
             AND (:corrected OR v.superseded_at IS NULL OR :known_at < v.superseded_at) END
    ORDER BY v.valid_from, v.recorded_at
    """
)
_GROUNDS = text(
    """
    SELECT area_id, ST_AsBinary(geometry, 'NDR') AS wkb FROM area_versions
    WHERE superseded_at IS NULL AND valid_from <= :day AND (valid_to IS NULL OR :day < valid_to)
      AND geometry IS NOT NULL
      AND (CAST(:only AS uuid[]) IS NULL OR area_id = ANY(CAST(:only AS uuid[])))
    """
)
# Spans that differ in something else carry the new class too; the first of another class ends it.
_WANTED = text(
    """
    CREATE TEMPORARY TABLE wanted_classes ON COMMIT DROP AS
    WITH later AS (
        SELECT *, bool_or(changed) OVER (ORDER BY valid_from) AS behind
        FROM (
            SELECT v.*, v.class <> first_value(v.class) OVER (ORDER BY v.valid_from) AS changed
            FROM area_versions v
            WHERE v.area_id = :area AND v.superseded_at IS NULL
              AND (v.valid_to IS NULL OR v.valid_to > :since)
        ) v
    )
    SELECT area_id, name, parent_id, kind, CAST(:class AS text) AS class,
           CAST(:reason AS text) AS class_reason, nbs_code, geometry, attributes,
           greatest(valid_from, CAST(:since AS date)) AS valid_from, valid_to, false AS gone
    FROM later WHERE NOT behind
    """
)


async def history(
    connection: AsyncConnection, code: str, known_at: dt.datetime | None, corrected: bool
) -> list[dict[str, Any]]:
    """The spans of the area as known then, in order; with ``corrected`` the replaced ones too."""
    asked = {"code": code, "known_at": known_at, "corrected": corrected}
    return records(await connection.execute(_HISTORY, asked))


async def grounds(
    connection: AsyncConnection, day: dt.date, only: list[uuid.UUID] | None
) -> list[dict[str, Any]]:
    """The polygons of areas that have one on the day, as WKB."""
    return records(await connection.execute(_GROUNDS, {"day": day, "only": only}))


async def set_class(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    area_id: uuid.UUID,
    area_class: str,
    reason: str,
    since: dt.date,
) -> None:
    """Lay the class over the spans from ``since`` on, up to the first of another class."""
    await connection.execute(text("DROP TABLE IF EXISTS pg_temp.wanted_classes"))
    asked = {"area": area_id, "class": area_class, "reason": reason, "since": since}
    await connection.execute(_WANTED, asked)
    table: Any = AreaVersion.__table__
    await overlay(connection, org_id, table, ["area_id"], VALUES, "wanted_classes")
