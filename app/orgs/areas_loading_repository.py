"""Merging staged areas."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.areas_repository import VALUES
from app.orgs.models import AreaVersion
from app.storage.dated import overlay, until_next_change

_TREE = text(
    """
    SELECT a.code, p.code AS parent FROM areas a
    LEFT JOIN area_versions v ON v.org_id = a.org_id AND v.area_id = a.area_id AND v.superseded_at IS NULL
         AND v.valid_from <= :day AND (v.valid_to IS NULL OR :day < v.valid_to)
    LEFT JOIN areas p ON p.org_id = v.org_id AND p.area_id = v.parent_id
    """
)
_NEW_AREAS = text(
    """
    INSERT INTO areas (org_id, code)
    SELECT :org, s.code FROM staged s
    WHERE s.reason IS NULL AND NOT EXISTS (SELECT FROM areas a WHERE a.code = s.code)
    """
)
# The rows that still hold on a day: nothing else is known of their area from a day in between.
_STAGED_TREE = text(
    """
    SELECT s.row, s.code, s.parent FROM staged s
    WHERE s.reason IS NULL AND NOT EXISTS (
        SELECT FROM areas a
        JOIN area_versions v ON v.org_id = a.org_id AND v.area_id = a.area_id AND v.superseded_at IS NULL
        WHERE a.code = s.code AND v.valid_from > :since AND v.valid_from <= :day)
    ORDER BY s.row
    """
)
_LATER_CHANGES = text(
    """
    SELECT DISTINCT valid_from FROM area_versions
    WHERE superseded_at IS NULL AND valid_from > :since ORDER BY valid_from
    """
)
# A column that the file lacks stays as it was on the day; a class that came from a code follows its code, and
# where somebody decided for a reason that an area has none, it has none.
_WANTED_AREAS = text(
    """
    CREATE TEMPORARY TABLE wanted_areas ON COMMIT DROP AS
    SELECT a.area_id, s.name,
           CASE WHEN 'parent' = ANY(:given) THEN p.area_id ELSE v.parent_id END AS parent_id,
           CASE WHEN 'kind' = ANY(:given) THEN s.kind ELSE v.kind END AS kind,
           coalesce(CASE WHEN 'class' = ANY(:given) THEN s.class
                         WHEN v.class_reason = ANY(:reasons) THEN '' ELSE v.class END, '') AS class,
           CASE WHEN 'class_reason' = ANY(:given) THEN s.class_reason
                WHEN v.class_reason = ANY(:reasons) THEN NULL ELSE v.class_reason END AS class_reason,
           CASE WHEN 'nbs_code' = ANY(:given) THEN s.nbs_code ELSE v.nbs_code END AS nbs_code,
           CASE WHEN 'geometry' = ANY(:given) THEN s.shape ELSE v.geometry END AS geometry,
           coalesce(v.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes,
           CAST(:since AS date) AS valid_from, CAST(NULL AS date) AS valid_to, false AS gone,
           NOT 'class' = ANY(:given) AND v.class = '' AND v.class_reason <> ALL (:reasons) AS decided
    FROM staged s
    JOIN areas a ON a.code = s.code
    LEFT JOIN areas p ON p.code = s.parent
    LEFT JOIN area_versions v ON v.org_id = a.org_id AND v.area_id = a.area_id AND v.superseded_at IS NULL
         AND v.valid_from <= :since AND (v.valid_to IS NULL OR :since < v.valid_to)
    WHERE s.reason IS NULL
    """
)
_BY_CODE = text(
    """
    UPDATE wanted_areas w SET class = m.class, class_reason = coalesce(w.class_reason, m.reason)
    FROM unnest(CAST(:codes AS text[]), CAST(:classes AS text[]), CAST(:reasons AS text[]))
         AS m (code, class, reason)
    WHERE w.class = '' AND w.nbs_code = m.code AND m.class <> '' AND decided IS NOT TRUE
    """
)


async def staged_tree(
    connection: AsyncConnection, since: dt.date, day: dt.date
) -> list[tuple[int, str, str | None]]:
    """The file's areas that are not refused and, said from ``since``, still hold on the day.

    Row, code, parent's code.
    """
    found = await connection.execute(_STAGED_TREE, {"since": since, "day": day})
    return [(row.row, row.code, row.parent) for row in found]


async def later_changes(connection: AsyncConnection, since: dt.date) -> list[dt.date]:
    """The days behind ``since`` on which something of the tree is known to change."""
    return list((await connection.execute(_LATER_CHANGES, {"since": since})).scalars())


async def tree(connection: AsyncConnection, day: dt.date) -> dict[str, str | None]:
    """Code → parent's code of the areas, as the tree is on that day."""
    return {row.code: row.parent for row in await connection.execute(_TREE, {"day": day})}


async def merge_areas(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    since: dt.date,
    given: Sequence[str],
    by_code: Mapping[str, tuple[str, str]],
) -> int:
    """Hang the staged areas into the tree from ``since``; how many changed.

    ``by_code``: the class and the reason of areas with this urban–rural code and no class of their own.
    """
    classes, reasons = [one for one, _ in by_code.values()], [one for _, one in by_code.values()]
    await connection.execute(_NEW_AREAS, {"org": org_id})
    await connection.execute(_WANTED_AREAS, {"since": since, "given": list(given), "reasons": reasons})
    await connection.execute(_BY_CODE, {"codes": list(by_code), "classes": classes, "reasons": reasons})
    table: Any = AreaVersion.__table__
    await until_next_change(connection, table, ["area_id"], "wanted_areas")
    return await overlay(connection, org_id, table, ["area_id"], VALUES, "wanted_areas")
