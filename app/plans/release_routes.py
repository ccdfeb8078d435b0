"""/v1/plans/{id}/publish and /withdraw: jobs that are waited for."""

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from app import problems
from app.auth.service import KeyHolder
from app.idempotency import service as idempotency
from app.idempotency.service import Answer
from app.jobs import service as jobs
from app.jobs.schemas import JobOut
from app.orgs import service as orgs
from app.plans import service
from app.plans.model import Plan
from app.plans.release import Release, may_begin, may_withdraw
from app.plans.routes import IfMatch
from app.plans.schemas import PlanOut, Publication, Withdrawal
from app.requests import IdempotencyKey, Planner, as_response, database_of, fingerprint

router = APIRouter(prefix="/v1/plans", tags=["plans"])

_LONG: dict[int | str, dict[str, Any]] = {
    202: {"model": JobOut, "description": "It takes longer: the job that does it."}
}


@router.post("/{plan_id}/publish", response_model=PlanOut, responses=_LONG)
async def publish_plan(
    plan_id: uuid.UUID,
    body: Publication,
    request: Request,
    holder: Planner,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Put a validated plan in force from a day; assignments follow in the same transaction."""
    release = Release(plan_id, body.effective_from, body.reason, if_match, request.state.request_id)
    return await _released(request, holder, idempotency_key, "publish", release, may_begin)


@router.post("/{plan_id}/withdraw", response_model=PlanOut, responses=_LONG)
async def withdraw_plan(
    plan_id: uuid.UUID,
    body: Withdrawal,
    request: Request,
    holder: Planner,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take a plan out of force from a day: the one before it holds again, earlier days keep their answers."""
    release = Release(plan_id, body.from_, body.reason, if_match, request.state.request_id)
    return await _released(request, holder, idempotency_key, "withdraw", release, may_withdraw)


async def _released(
    request: Request,
    holder: KeyHolder,
    key: str | None,
    kind: str,
    release: Release,
    allowed: Callable[[Plan, Release, dt.date], dt.date],
) -> Response:
    database, settings = database_of(request), request.app.state.settings
    async with database.transaction(holder.org_id) as connection:

        async def submit() -> Answer:
            plan = await service.get(connection, release.plan_id)
            allowed(plan, release, await orgs.today(connection, holder.org_id))
            job_id = await jobs.submit(connection, holder.org_id, kind, release.to_json(), holder.name)
            return Answer({"id": str(job_id)}, 202, {"Location": f"/v1/jobs/{job_id}"})

        submitted = await idempotency.once(connection, holder.org_id, key, await fingerprint(request), submit)
    job_id = uuid.UUID(submitted.body["id"])
    job = jobs.document(await jobs.wait(database, holder.org_id, job_id, settings.wait_s))
    if job["status"] == "succeeded":
        plan = job["result"]["plan"]
        return as_response(Answer(plan, 200, {"ETag": f'"{plan["version"]}"'}))
    if job["status"] == "failed":
        return problems.response({**job["problem"], "job": job["id"]})
    if job["status"] == "cancelled":
        return problems.response(
            problems.problem("cancelled", 409, "The job was cancelled; nothing was changed.", job=job["id"])
        )
    return as_response(Answer(job, 202, submitted.headers))
