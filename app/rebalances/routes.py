"""/v1/plans/{id}/rebalances"""

import uuid

from fastapi import APIRouter, Response

from app.idempotency.service import Answer
from app.jobs.schemas import JobOut, Submitted
from app.rebalances import service
from app.rebalances.schemas import RebalanceWanted
from app.requests import Writing

router = APIRouter(prefix="/v1", tags=["rebalances"])


@router.post("/plans/{plan_id}/rebalances", status_code=202, response_model=Submitted)
async def rebalance_plan(plan_id: uuid.UUID, body: RebalanceWanted, scope: Writing) -> Response:
    """Redraw a plan's grids so that their work is even, as a job that ends in a draft with its report."""

    async def submit() -> Answer:
        job_id = await service.submit(scope.connection, scope.org_id, plan_id, body, scope.actor)
        return Answer({"id": str(job_id)}, 202, {"Location": f"/v1/jobs/{job_id}"})

    return await scope.once(submit)


@router.post("/jobs/{job_id}/finish", response_model=JobOut)
async def finish_redraw(job_id: uuid.UUID, scope: Writing) -> Response:
    """Have a redraw seek no longer: it ends with the best plan that it has found so far."""

    async def finish() -> Answer:
        return Answer(await service.finish(scope.connection, scope.by, job_id))

    return await scope.once(finish)
