"""Plans and the days they are in force, in the database."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.plans.models import Plan
from app.storage.dated import known
from app.storage.rows import records

# A published plan whose last day is over is archived; nothing has to happen at midnight for that. ``stamp``
# tells two contents of one version apart when the first was rolled back.
_PLAN = """
    SELECT p.plan_id, p.plane_id, p.name, p.version, p.base_plan_id, p.report, p.acknowledged, p.created_at,
           p.created_by, p.validated_at, p.published_at, CAST(CAST(p.xmin AS text) AS bigint) AS stamp,
           CASE WHEN p.status = 'published' AND NOT EXISTS (
               SELECT FROM plan_terms t
               WHERE t.org_id = p.org_id AND t.plan_id = p.plan_id AND t.superseded_at IS NULL
                 AND (t.valid_to IS NULL OR t.valid_to > (now() AT TIME ZONE o.time_zone)::date))
           THEN 'archived' ELSE p.status END AS status
    FROM plans p JOIN organisations o ON o.org_id = p.org_id
"""
_GET = text(f"{_PLAN} WHERE p.plan_id = :plan")
_LOCK = text("SELECT FROM plans WHERE plan_id = :plan FOR UPDATE")
_PAGE = text(
    f"""{_PLAN}
    WHERE p.plane_id = :plane AND (CAST(:at AS timestamptz) IS NULL OR (p.created_at, p.plan_id) < (:at, :id))
    ORDER BY p.created_at DESC, p.plan_id DESC LIMIT :limit"""
)
_IN_FORCE = text(
    f"""{_PLAN}
    JOIN plan_terms f ON f.org_id = p.org_id AND f.plan_id = p.plan_id
    WHERE f.plane_id = :plane AND f.valid_from <= :day AND (f.valid_to IS NULL OR :day < f.valid_to)
      AND CASE WHEN CAST(:known_at AS timestamptz) IS NULL THEN f.superseded_at IS NULL
          ELSE f.recorded_at <= :known_at AND (f.superseded_at IS NULL OR :known_at < f.superseded_at) END"""
)
_TERMS = """
    SELECT term_id, plan_id, valid_from, valid_to FROM plan_terms t
    WHERE t.plane_id = :plane AND {known} AND (t.valid_to IS NULL OR t.valid_to > :since)
    ORDER BY t.valid_from
"""
_TERMS_OF = text(
    """
    SELECT term_id, plan_id, valid_from, valid_to FROM plan_terms
    WHERE plan_id = :plan AND superseded_at IS NULL ORDER BY valid_from
    """
)
_CHANGE = text(
    """
    UPDATE plans SET status = :status, version = version + 1,
        acknowledged = CASE WHEN :status <> 'draft' THEN acknowledged END,
        validated_at = CASE WHEN :status <> 'draft' THEN validated_at END,
        published_at = CASE WHEN :status = 'published' THEN coalesce(published_at, now()) END
    WHERE plan_id = :plan
    """
)
_VALIDATE = text(
    """
    UPDATE plans SET status = 'validated', version = version + 1, validated_at = now(),
        acknowledged = CAST(:acknowledged AS jsonb)
    WHERE plan_id = :plan
    """
)
_ADD_STEP = text(
    """
    INSERT INTO plan_steps (org_id, plan_id, number, step, kind, from_id, to_id, geometry)
    VALUES (:org, :plan, :number, :step, :kind, :giver, :receiver, ST_GeomFromWKB(:wkb, 4326))
    """
)
_STEPS = text(
    """
    SELECT number, step, kind, from_id AS giver, to_id AS receiver, ST_AsBinary(geometry, 'NDR') AS wkb
    FROM plan_steps WHERE plan_id = :plan ORDER BY number
    """
)
_SUPERSEDE = text("UPDATE plan_terms SET superseded_at = :now WHERE term_id = :term")
_TERM = text(
    """
    INSERT INTO plan_terms (org_id, plane_id, plan_id, valid_from, valid_to, recorded_at)
    VALUES (:org, :plane, :plan, :from, :to, :now)
    """
)


async def get(
    connection: AsyncConnection, plan_id: uuid.UUID, *, lock: bool = False
) -> dict[str, Any] | None:
    """The plan; with ``lock`` nobody else changes it until the transaction ends."""
    if lock:
        await connection.execute(_LOCK, {"plan": plan_id})
    found = records(await connection.execute(_GET, {"plan": plan_id}))
    return found[0] if found else None


async def page(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    after: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Plans of the plane, the newest first, from behind the one that was made then."""
    at, plan_id = after or (None, None)
    asked = {"plane": plane_id, "at": at, "id": plan_id, "limit": limit}
    return records(await connection.execute(_PAGE, asked))


async def in_force(
    connection: AsyncConnection, plane_id: uuid.UUID, day: dt.date, known_at: dt.datetime | None
) -> dict[str, Any] | None:
    """The plan in force on that day, as known then (none: now)."""
    asked = {"plane": plane_id, "day": day, "known_at": known_at}
    found = records(await connection.execute(_IN_FORCE, asked))
    return found[0] if found else None


async def terms(
    connection: AsyncConnection, plane_id: uuid.UUID, since: dt.date, known_at: dt.datetime | None = None
) -> list[dict[str, Any]]:
    """Terms that end after ``since``, as known then (none: now), in order."""
    asked: dict[str, Any] = {"plane": plane_id, "since": since}
    if known_at is not None:
        asked["known_at"] = known_at
    return records(await connection.execute(text(_TERMS.format(known=known("t", known_at))), asked))


async def terms_of(connection: AsyncConnection, plan_id: uuid.UUID) -> list[dict[str, Any]]:
    """The plan's terms as known now, in order."""
    return records(await connection.execute(_TERMS_OF, {"plan": plan_id}))


async def add(connection: AsyncConnection, values: Mapping[str, Any]) -> uuid.UUID:
    """Store a new draft."""
    made: uuid.UUID = (
        await connection.execute(insert(Plan).values(**values).returning(Plan.plan_id))
    ).scalar_one()
    return made


async def change(connection: AsyncConnection, plan_id: uuid.UUID, status: str) -> None:
    """Give the plan this status and count its version on; a draft's validation and its warnings are void."""
    await connection.execute(_CHANGE, {"plan": plan_id, "status": status})


async def validate(connection: AsyncConnection, plan_id: uuid.UUID, acknowledged: str | None) -> None:
    """The plan has been checked; ``acknowledged`` (JSON) says who took which warnings on themselves."""
    await connection.execute(_VALIDATE, {"plan": plan_id, "acknowledged": acknowledged})


async def supersede_term(connection: AsyncConnection, term_id: int, now: dt.datetime) -> None:
    """Know better from ``now`` on: this term is replaced."""
    await connection.execute(_SUPERSEDE, {"term": term_id, "now": now})


async def add_term(
    connection: AsyncConnection,
    org_id: uuid.UUID,
    plane_id: uuid.UUID,
    plan_id: uuid.UUID,
    valid_from: dt.date,
    valid_to: dt.date | None,
    now: dt.datetime,
) -> None:
    """The plan is in force over these days, as known from ``now`` on."""
    asked = {"org": org_id, "plane": plane_id, "plan": plan_id, "from": valid_from, "to": valid_to}
    await connection.execute(_TERM, asked | {"now": now})


async def add_steps(
    connection: AsyncConnection, org_id: uuid.UUID, plan_id: uuid.UUID, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Keep the ground (``wkb``) that each transfer of a redraw's steps moves."""
    if rows:
        await connection.execute(_ADD_STEP, [{"org": org_id, "plan": plan_id, **row} for row in rows])


async def steps(connection: AsyncConnection, plan_id: uuid.UUID) -> list[dict[str, Any]]:
    """The transfers of the redraw that made the plan, in order."""
    return records(await connection.execute(_STEPS, {"plan": plan_id}))


async def set_report(connection: AsyncConnection, plan_id: uuid.UUID, report: dict[str, Any]) -> None:
    """Keep the report of the redraw that the plan came from."""
    await connection.execute(update(Plan).where(Plan.plan_id == plan_id).values(report=report))
