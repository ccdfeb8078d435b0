"""Plans as callers see them."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.planes.service import Plane
from app.plans import grids_repository, service
from app.plans.model import Plan, Term


def _summary(plan: Plan, plane: Plane, terms: list[Term]) -> dict[str, Any]:
    spans = [
        {"from": term.valid_from.isoformat(), "to": term.valid_to.isoformat() if term.valid_to else None}
        for term in terms
    ]
    return {
        "id": str(plan.plan_id),
        "plane": plane.code,
        "name": plan.name,
        "status": plan.status,
        "version": plan.version,
        "base": str(plan.base_plan_id) if plan.base_plan_id else None,
        "effective_from": spans[0]["from"] if spans else None,
        "terms": spans,
        "created_at": plan.created_at.isoformat(),
        "created_by": plan.created_by,
        "validated_at": plan.validated_at.isoformat() if plan.validated_at else None,
        "published_at": plan.published_at.isoformat() if plan.published_at else None,
    }


async def summary(connection: AsyncConnection, plan: Plan, plane: Plane) -> dict[str, Any]:
    """The plan as a line of a list."""
    return _summary(plan, plane, await service.terms_of(connection, plan.plan_id))


async def document(connection: AsyncConnection, plan: Plan, plane: Plane) -> dict[str, Any]:
    """The whole plan, but for its grids."""
    return {
        **await summary(connection, plan, plane),
        "grids": await grids_repository.count(connection, plan.plan_id),
        "acknowledged": plan.acknowledged,
        "report": plan.report,
    }
