"""Merging staged people and responsibilities."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.orgs.models import PersonVersion, Responsibility
from app.orgs.people_repository import SERVICE
from app.storage.dated import known, overlay
from app.storage.rows import records

_NEW_PEOPLE = text(
    """
    INSERT INTO people (org_id, person_id)
    SELECT :org, s.id FROM staged s
    WHERE s.reason IS NULL AND NOT EXISTS (SELECT FROM people p WHERE p.person_id = s.id)
    """
)
_SERVICE = f"CREATE TEMPORARY TABLE known_service ON COMMIT DROP AS {SERVICE}"
# ``begins``: the first day that the row speaks of; ``says_from``: the day from which its values hold. Of days
# before ``since`` on which the person was in service it says nothing new.
_PEOPLE = text(
    """
    CREATE TEMPORARY TABLE staged_people ON COMMIT DROP AS
    SELECT s.*, w.said_from, w.until, h.valid_from AS held_from,
           CASE WHEN h.valid_from IS NULL AND w.next IS NULL THEN w.first
                ELSE greatest(w.first, CAST(:since AS date)) END AS says_from, w.first, w.next
    FROM (
        SELECT s.row, s.valid_from AS said_from, s.valid_to AS until,
               coalesce(s.valid_from, CASE WHEN EXISTS (
                   SELECT FROM person_versions k WHERE k.person_id = s.id
               ) THEN CAST(:since AS date) ELSE DATE '0001-01-01' END) AS first,
               (SELECT min(k.valid_from) FROM known_service k
                WHERE k.person_id = s.id AND k.valid_from > s.valid_from AND k.valid_from <= :since) AS next
        FROM staged s WHERE s.reason IS NULL
    ) w
    JOIN staged s ON s.row = w.row
    LEFT JOIN known_service h ON h.person_id = s.id AND h.valid_from <= w.first
         AND (h.valid_to IS NULL OR w.first < h.valid_to)
    """
)
# A column that the file lacks stays as it was on the day.
_WANTED_PEOPLE = text(
    """
    CREATE TEMPORARY TABLE wanted_people ON COMMIT DROP AS
    WITH said AS (
        SELECT s.id AS person_id, s.name,
               CASE WHEN 'area' = ANY(:given) THEN a.area_id ELSE v.area_id END AS area_id,
               CASE WHEN 'capacity' = ANY(:given) THEN s.capacity ELSE v.capacity END AS capacity,
               CASE WHEN :placed THEN s.received_lng ELSE v.residence_lng END AS residence_lng,
               CASE WHEN :placed THEN s.received_lat ELSE v.residence_lat END AS residence_lat,
               CASE WHEN NOT :placed THEN v.datum WHEN s.point IS NOT NULL THEN CAST(:crs AS text) END
                   AS datum,
               CASE WHEN :placed THEN s.point ELSE v.residence END AS residence,
               coalesce(v.attributes, '{}') || CAST(s.attributes AS jsonb) AS attributes,
               s.said_from, s.first, s.next, s.says_from, s.held_from, s.until
        FROM staged_people s
        LEFT JOIN areas a ON a.code = s.area
        LEFT JOIN LATERAL (
            SELECT * FROM person_versions v
            WHERE v.person_id = s.id AND v.superseded_at IS NULL
            ORDER BY v.valid_from <= s.says_from AND coalesce(v.valid_to, 'infinity') > s.says_from DESC,
                     v.valid_from > s.says_from, v.valid_from DESC
            LIMIT 1
        ) v ON true
    ), spans AS (
        -- In service from a day that was not known of, before service that was.
        SELECT s.*, s.first AS valid_from, least(s.next, s.until) AS valid_to, false AS gone
        FROM said s WHERE s.next IS NOT NULL AND s.held_from IS NULL
        UNION ALL
        SELECT s.*, s.says_from, CASE WHEN :ending THEN least(s.until, (
                   SELECT min(v.valid_from) FROM person_versions v
                   WHERE v.person_id = s.person_id AND v.superseded_at IS NULL AND v.valid_from > s.says_from
               )) ELSE (
                   SELECT min(CASE WHEN v.valid_from > s.says_from THEN v.valid_from ELSE v.valid_to END)
                   FROM person_versions v
                   WHERE v.person_id = s.person_id AND v.superseded_at IS NULL
                     AND coalesce(v.valid_to, 'infinity') > s.says_from
               ) END, false
        FROM said s
        UNION ALL
        -- In service from that day, so not before; what ended on that very day is the same service.
        SELECT s.*, coalesce(s.held_from, (SELECT k.valid_from FROM known_service k
                                           WHERE k.person_id = s.person_id AND k.valid_to = s.first)),
               s.first, true
        FROM said s WHERE s.said_from IS NOT NULL
        UNION ALL
        SELECT s.*, s.until, CAST(NULL AS date), true FROM said s WHERE s.until IS NOT NULL
    )
    SELECT person_id, name, area_id, capacity, residence_lng, residence_lat, datum, residence, attributes,
           valid_from, valid_to, gone
    FROM spans WHERE valid_from < coalesce(valid_to, 'infinity')
    """
)
# One person owns a grid at a time; of the other roles there may be several.
_COMPLETE = text(
    """
    UPDATE staged SET role = coalesce(role, 'owner'), valid_from = coalesce(valid_from, :since),
                      one_of = CASE WHEN coalesce(role, 'owner') = 'owner' THEN '' ELSE person END
    """
)
# Nobody is responsible on days on which they are not in service.
_OUT_OF_SERVICE = text(
    """
    UPDATE staged s SET reason = concat_ws('; ', s.reason, w.why)
    FROM (
        SELECT s.row, CASE
            WHEN leaving IS NOT NULL THEN format(
                'person: %s leaves on %s, before the responsibility ends; let it end then (to), '
                'or name somebody else from that day', s.person, leaving)
            WHEN gone IS NOT NULL THEN format(
                'person: %s left on %s; name somebody who is in service from %s on', s.person, gone,
                s.valid_from)
            WHEN coming IS NOT NULL THEN format(
                'person: %s is in service only from %s; let the responsibility begin then (from)', s.person,
                coming)
            ELSE format('person: %s is on no day in service; load the days with the people', s.person)
            END AS why
        FROM staged s
        CROSS JOIN LATERAL (
            SELECT max(k.valid_to) FILTER (WHERE k.valid_from <= s.valid_from AND s.valid_from < k.valid_to)
                       AS leaving,
                   max(k.valid_to) FILTER (WHERE k.valid_to <= s.valid_from) AS gone,
                   min(k.valid_from) FILTER (WHERE k.valid_from > s.valid_from) AS coming
            FROM known_service k WHERE k.person_id = s.person
        ) k
        WHERE s.reason IS NULL AND NOT EXISTS (
            SELECT FROM known_service k
            WHERE k.person_id = s.person AND k.valid_from <= s.valid_from
              AND coalesce(k.valid_to, 'infinity') >= coalesce(s.valid_to, 'infinity'))
    ) w
    WHERE w.row = s.row
    """
)
_LEFT_BEHIND = text(
    """
    SELECT l.person_id, l.left_on, array_agg(DISTINCT coalesce(g.code, r.grid_id::text)) AS grids
    FROM (
        SELECT s.id AS person_id, max(s.until) AS left_on FROM staged_people s
        WHERE s.until IS NOT NULL GROUP BY s.id
    ) l
    JOIN responsibilities r ON r.person_id = l.person_id AND r.superseded_at IS NULL
         AND coalesce(r.valid_to, 'infinity') > l.left_on
    LEFT JOIN known_grids g ON g.plane_id = r.plane_id AND g.grid_id = r.grid_id
    GROUP BY l.person_id, l.left_on ORDER BY l.person_id
    """
)
_WANTED_RESPONSIBILITIES = """
    CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS
    SELECT CAST(:plane AS uuid) AS plane_id, g.grid_id, s.role, s.person AS person_id,
           s.valid_from, s.valid_to, false AS gone
    FROM staged s JOIN known_grids g ON g.code = s.grid
    WHERE s.reason IS NULL AND (s.role = 'owner') = :owners
"""


async def merge_people(
    connection: AsyncConnection, org_id: uuid.UUID, since: dt.date, given: Sequence[str], crs: str | None
) -> int:
    """Lay what the staged rows say of people and of their days of service over what is known; how many
    spans changed.
    """
    await connection.execute(_NEW_PEOPLE, {"org": org_id})
    await prepare_service(connection)
    await connection.execute(_PEOPLE, {"since": since})
    asked = {
        "given": list(given),
        "placed": "geometry" in given or "lng" in given,
        "ending": "to" in given,
        "crs": crs,
    }
    await connection.execute(_WANTED_PEOPLE, asked)
    table: Any = PersonVersion.__table__
    values = ["name", "area_id", "capacity", "residence_lng", "residence_lat", "datum", "residence"]
    return await overlay(connection, org_id, table, ["person_id"], [*values, "attributes"], "wanted_people")


async def prepare_service(connection: AsyncConnection) -> None:
    """Fill ``known_service`` (person_id, valid_from, valid_to): days without a break in service."""
    await connection.execute(text("DROP TABLE IF EXISTS pg_temp.known_service"))
    await connection.execute(text(_SERVICE.format(known=known("v"), only="")))


async def left_behind(connection: AsyncConnection) -> list[dict[str, Any]]:
    """Of the staged people who leave: the grids that they are responsible for behind that day."""
    return records(await connection.execute(_LEFT_BEHIND))


async def refuse_out_of_service(connection: AsyncConnection) -> None:
    """Refuse the staged responsibilities over days on which the person is not in service."""
    await prepare_service(connection)
    await connection.execute(_OUT_OF_SERVICE)


async def complete_responsibilities(connection: AsyncConnection, since: dt.date) -> None:
    """Fill in what a row need not say: the role is owner, and it begins on ``since``."""
    await connection.execute(_COMPLETE, {"since": since})


async def merge_responsibilities(connection: AsyncConnection, org_id: uuid.UUID, plane_id: uuid.UUID) -> int:
    """Lay the staged responsibilities over what is known; how many changed."""
    table: Any = Responsibility.__table__
    changed = 0
    for owners in (True, False):
        name = "wanted_owners" if owners else "wanted_others"
        query = text(_WANTED_RESPONSIBILITIES.format(name=name))
        await connection.execute(query, {"plane": plane_id, "owners": owners})
        key, values = ["plane_id", "grid_id", "role"], ["person_id"]
        if not owners:
            key, values = [*key, *values], []
        changed += await overlay(connection, org_id, table, key, values, name)
    return changed
