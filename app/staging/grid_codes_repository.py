"""What a grid's code means to an import: a temporary table that loaders join with."""

import datetime as dt
import uuid

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The same code may be different grids in different plans. The plan in force on the day goes first, then plans
# published for later, then earlier ones, then the newest draft: a file that comes before the publication of
# the plan it speaks of is understood.
_FILL = text(
    """
    CREATE TEMPORARY TABLE known_grids ON COMMIT DROP AS
    SELECT DISTINCT ON (p.plane_id, g.code) p.plane_id, g.code, g.grid_id
    FROM plans p
    JOIN plan_grids g ON g.org_id = p.org_id AND g.plan_id = p.plan_id
    LEFT JOIN LATERAL (
        SELECT CASE WHEN t.valid_from <= :day AND (t.valid_to IS NULL OR :day < t.valid_to) THEN 0
                    WHEN t.valid_from > :day THEN 1 ELSE 2 END AS rank,
               abs(t.valid_from - CAST(:day AS date)) AS days
        FROM plan_terms t
        WHERE t.org_id = p.org_id AND t.plan_id = p.plan_id AND t.superseded_at IS NULL
        ORDER BY 1, 2 LIMIT 1
    ) t ON true
    WHERE CAST(:plane AS uuid) IS NULL OR p.plane_id = :plane
    ORDER BY p.plane_id, g.code, coalesce(t.rank, 3), t.days, p.created_at DESC
    """
)


async def prepare(connection: AsyncConnection, day: dt.date, plane_id: uuid.UUID | None) -> None:
    """Fill ``known_grids`` (plane_id, code, grid_id) for one plane, or for all."""
    await connection.execute(text("DROP TABLE IF EXISTS pg_temp.known_grids"))
    await connection.execute(_FILL, {"day": day, "plane": plane_id})
    await connection.execute(text("ANALYZE known_grids"))
