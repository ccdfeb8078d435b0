"""A month's measure by person and grid."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage import dated
from app.storage.rows import records

# A customer counts for whoever owned its grid, for the share of the month's days on which the customer was in
# the grid, the grid was the person's, and the person in service.
_OWNED = """
    SELECT r.person_id, a.grid_id,
           sum(m.value * d.days) / (CAST(:until AS date) - CAST(:since AS date)) AS value,
           count(DISTINCT m.account_pk) AS customers
    FROM metrics m
    JOIN assignments a ON a.org_id = m.org_id AND a.account_pk = m.account_pk AND a.plane_id = :plane
         AND a.status = 'assigned' AND {a}
    JOIN responsibilities r ON r.org_id = a.org_id AND r.grid_id = a.grid_id AND r.plane_id = :plane
         AND r.role = 'owner' AND {r}
    JOIN person_versions v ON v.org_id = r.org_id AND v.person_id = r.person_id AND {v}
    CROSS JOIN LATERAL (
        SELECT least(CAST(:until AS date), a.valid_to, r.valid_to, v.valid_to)
               - greatest(CAST(:since AS date), a.valid_from, r.valid_from, v.valid_from) AS days
    ) d
    WHERE m.measure = :measure AND m.month = :since AND d.days > 0
    GROUP BY r.person_id, a.grid_id ORDER BY r.person_id COLLATE "C", a.grid_id
"""
_HELD = """
    SELECT coalesce(sum(m.value * (least(CAST(:until AS date), a.valid_to)
                                   - greatest(CAST(:since AS date), a.valid_from))), 0)
           / (CAST(:until AS date) - CAST(:since AS date)) AS value
    FROM metrics m
    JOIN assignments a ON a.org_id = m.org_id AND a.account_pk = m.account_pk AND a.plane_id = :plane
         AND a.status = 'assigned' AND {a}
    WHERE m.measure = :measure AND m.month = :since
"""
_MONTHS = text(
    "SELECT measure, max(month) AS month, bool_or(month = :month) AS here FROM metrics GROUP BY measure"
)


async def owned(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    measure: str,
    since: dt.date,
    until: dt.date,
    known_at: dt.datetime | None,
) -> tuple[list[dict[str, Any]], float]:
    """The measure by owner and grid in the month [since, until), and that of all grids of the plane."""
    asked: dict[str, Any] = {"plane": plane_id, "measure": measure, "since": since, "until": until}
    if known_at is not None:
        asked["known_at"] = known_at
    overlap = {name: dated.between(name, known_at) for name in ("a", "r", "v")}
    rows = records(await connection.execute(text(_OWNED.format(**overlap)), asked))
    total = (await connection.execute(text(_HELD.format(**overlap)), asked)).scalar_one()
    return rows, float(total)


async def measures(connection: AsyncConnection, month: dt.date) -> dict[str, tuple[dt.date, bool]]:
    """Measure → its latest month, and whether it was loaded for this one."""
    found = await connection.execute(_MONTHS, {"month": month})
    return {row.measure: (row.month, row.here) for row in found}
