"""/v1/accounts/{id}/assignments and /explain, /v1/buildings/{id}/assignments, /v1/planes/{code}/reassign

An id is the organisation's own and may hold anything, slashes too: the whole path up to the last word is it.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.assignments import again, asking, explaining
from app.assignments.schemas import AccountAssignments, BuildingAssignments, Explanation, ReassignFrom
from app.idempotency.service import Answer
from app.jobs import service as jobs
from app.jobs.schemas import JobOut
from app.planes import service as planes
from app.requests import Reading, When, Writing

router = APIRouter(prefix="/v1", tags=["assignments"])

PlaneCode = Annotated[str | None, Query(description="Code of a plane; all of them without it.")]


@router.get("/accounts/{account_id:path}/assignments", response_model=AccountAssignments)
async def account_assignments(
    account_id: str, scope: Reading, when: When, plane: PlaneCode = None
) -> dict[str, Any]:
    """Whose an account is: on that day, as known then."""
    rows = await asking.of_account(scope.connection, account_id, plane, when.at, when.known_at)
    return {"account": account_id, "at": when.at, "assignments": rows}


@router.get("/accounts/{account_id:path}/explain", response_model=Explanation)
async def explain_account(
    account_id: str, scope: Reading, when: When, plane: PlaneCode = None
) -> dict[str, Any]:
    """Why an account belongs where it does: what each rule says, in the plane's order.

    With ``known_at``: from the facts, the plan, the rules and the policy as they were believed then.
    """
    told = await explaining.explain(scope.connection, account_id, plane, when.at, when.known_at)
    return {"account": account_id, "at": when.at, "planes": told}


@router.post("/planes/{code:path}/reassign", status_code=202, response_model=JobOut)
async def reassign_plane(code: str, body: ReassignFrom, scope: Writing) -> Response:
    """Decide a whole plane again from a day on: a job. Its result counts what was written.

    Nothing is, unless a stored answer was not the one that the facts give.
    """

    async def submit() -> Answer:
        plane = await planes.get(scope.connection, code)
        params = {"plane": plane.code, "from": body.from_.isoformat(), "request_id": scope.request_id}
        job_id = await jobs.submit(scope.connection, scope.org_id, again.JOB, params, scope.actor)
        job = jobs.document(await jobs.get(scope.connection, job_id))
        return Answer(job, 202, {"Location": f"/v1/jobs/{job_id}"})

    return await scope.once(submit)


@router.get("/buildings/{building_id:path}/assignments", response_model=BuildingAssignments)
async def building_assignments(
    building_id: str, scope: Reading, when: When, plane: PlaneCode = None
) -> dict[str, Any]:
    """Whose a building is: on that day, as known then."""
    rows = await asking.of_building(scope.connection, building_id, plane, when.at, when.known_at)
    return {"building": building_id, "at": when.at, "assignments": rows}
