"""/v1/policies"""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from app.idempotency.service import Answer
from app.jobs import service as jobs
from app.jobs.schemas import JobOut
from app.policies import change, service
from app.policies.kinds import KINDS, Kind, kind_of
from app.policies.reading import YAML_TYPES, read
from app.policies.schemas import PoliciesOut, PolicyOut, PolicyPut, PolicyVersions, PolicyWanted
from app.policies.service import Span
from app.requests import KnownAt, Reading, When, Writing, known_moment

router = APIRouter(prefix="/v1/policies", tags=["policies"])


def _document(kind: Kind[Any], held: Span | None) -> dict[str, Any]:
    given = held.document if held is not None else None
    return {
        "kind": kind.name,
        "describes": kind.describes,
        "default": given is None,
        "from": held.valid_from if held is not None else None,
        "to": held.valid_to if held is not None else None,
        "recorded_at": held.recorded_at if held is not None else None,
        "document": given,
        "effective": kind.document(kind.default if given is None else kind.parse(given)),
    }


@router.get("", response_model=PoliciesOut)
async def list_policies(scope: Reading, when: When) -> dict[str, Any]:
    """Every policy as it holds on a day, as known then."""
    held = await service.every(scope.connection, when.at, when.known_at)
    return {"at": when.at, "policies": [_document(kind, held.get(name)) for name, kind in KINDS.items()]}


@router.get("/{kind}", response_model=PolicyOut)
async def get_policy(kind: str, scope: Reading, when: When) -> dict[str, Any]:
    """One policy as it holds on a day, as known then."""
    asked = kind_of(kind)
    held = await service.every(scope.connection, when.at, when.known_at)
    return _document(asked, held.get(kind))


@router.get("/{kind}/versions", response_model=PolicyVersions)
async def policy_versions(kind: str, scope: Reading, known_at: KnownAt = None) -> dict[str, Any]:
    """All versions of one policy, in order of their days, as known then."""
    kind_of(kind)
    known = await known_moment(scope, known_at)
    found = await service.spans(scope.connection, kind, dt.date.min, known)
    versions = [
        {"from": one.valid_from, "to": one.valid_to, "recorded_at": one.recorded_at, "document": one.document}
        for one in found
        if one.document is not None
    ]
    return {"kind": kind, "versions": versions}


async def _wanted(request: Request) -> PolicyWanted:
    said = read(await request.body(), request.headers.get("Content-Type", ""))
    try:
        return PolicyWanted.model_validate(said)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error


Wanted = Annotated[PolicyWanted, Depends(_wanted)]
_BODY = {"schema": PolicyWanted.model_json_schema()}
_SENT = {
    "requestBody": {"required": True, "content": dict.fromkeys(("application/json", *YAML_TYPES[:1]), _BODY)}
}


@router.put(
    "/{kind}",
    response_model=PolicyPut,
    responses={
        202: {"model": JobOut, "description": "Assignments depend on it: the job that decides them again."}
    },
    openapi_extra=_SENT,
)
async def put_policy(kind: str, body: Wanted, scope: Writing) -> Response:
    """Put a policy in force from a day, until the next version that is known; as JSON or YAML."""

    async def put() -> Answer:
        asked = kind_of(kind)
        if not asked.decides:
            laid = await change.change(
                scope.connection, scope.org_id, kind, body.document, body.from_, scope.by, body.reason
            )
            return Answer(change.document(kind, laid))
        asked.parse(body.document)
        params = {
            "kind": kind,
            "document": body.document,
            "from": body.from_.isoformat(),
            "reason": body.reason,
            "request_id": scope.request_id,
        }
        job_id = await jobs.submit(scope.connection, scope.org_id, change.JOB, params, scope.actor)
        job = jobs.document(await jobs.get(scope.connection, job_id))
        return Answer(job, 202, {"Location": f"/v1/jobs/{job_id}"})

    return await scope.once(put)
