"""/v1/planes"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app import tokens
from app.audit import service as audit
from app.idempotency.service import Answer
from app.jobs import service as jobs
from app.jobs.schemas import JobOut
from app.planes import change, service
from app.planes.change import document
from app.planes.schemas import NewPlane, PlaneChange, PlaneOut, PlanesOut, PlaneVersions
from app.requests import KnownAt, Reading, When, Writing, known_moment

router = APIRouter(prefix="/v1/planes", tags=["planes"])


@router.post("", status_code=201, response_model=PlaneOut)
async def create_plane(body: NewPlane, scope: Writing) -> Response:
    """Make a plane; what it says holds on every day until it is changed from one."""

    async def make() -> Answer:
        plane = await service.create(
            scope.connection,
            scope.org_id,
            body.code,
            body.name or body.code,
            body.kind,
            body.rules,
            body.covers.model_dump(),
        )
        made = document(plane)
        await audit.record(scope.connection, scope.by, "plane.create", "plane", plane.code, after=made)
        return Answer(made, 201)

    return await scope.once(make)


@router.get("", response_model=PlanesOut)
async def list_planes(
    scope: Reading,
    when: When,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    token: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> dict[str, Any]:
    """All planes by code, as they hold on a day and as known then."""
    after = tokens.part(token, str, None)
    found = await service.page(scope.connection, when.at, when.known_at, after, limit + 1)
    page, following = tokens.cut(found, limit, lambda plane: plane.code)
    return {"planes": [document(plane) for plane in page], "next": following}


@router.patch("/{code:path}", status_code=202, response_model=JobOut)
async def change_plane(code: str, body: PlaneChange, scope: Writing) -> Response:
    """Change a plane's name, rules or covers from a day until the next known change.

    Answers the job that lays the new version and decides again what depends on it; days before keep their
    answers. What is left out stays as it is on that day.
    """

    async def submit() -> Answer:
        plane = await service.get(scope.connection, code, body.from_)
        covers = body.covers.model_dump() if body.covers is not None else None
        said = {"name": body.name, "rules": body.rules, "covers": covers}
        service.checked(
            plane.kind,
            body.name or plane.name,
            plane.rules if body.rules is None else body.rules,
            plane.covers if covers is None else covers,
        )
        params = {
            **said,
            "plane": code,
            "from": body.from_.isoformat(),
            "reason": body.reason,
            "request_id": scope.request_id,
        }
        job_id = await jobs.submit(scope.connection, scope.org_id, change.JOB, params, scope.actor)
        job = jobs.document(await jobs.get(scope.connection, job_id))
        return Answer(job, 202, {"Location": f"/v1/jobs/{job_id}"})

    return await scope.once(submit)


@router.get("/{code:path}/versions", response_model=PlaneVersions)
async def plane_versions(code: str, scope: Reading, known_at: KnownAt = None) -> dict[str, Any]:
    """All versions of one plane, in order of their days, as known then."""
    known = await known_moment(scope, known_at)
    plane = await service.get(scope.connection, code, known_at=known)
    found = await service.versions(scope.connection, plane.plane_id, known_at=known)
    versions = [
        {
            "from": one.valid_from,
            "to": one.valid_to,
            "recorded_at": one.recorded_at,
            "name": one.name,
            "rules": one.rules,
            "covers": one.covers,
        }
        for one in found
    ]
    return {"code": plane.code, "kind": plane.kind, "versions": versions}


@router.get("/{code:path}", response_model=PlaneOut)
async def get_plane(code: str, scope: Reading, when: When) -> dict[str, Any]:
    """One plane as it holds on a day, as known then."""
    return document(await service.get(scope.connection, code, when.at, when.known_at))
