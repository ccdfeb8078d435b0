"""/v1/imports"""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from app import problems
from app.errors import Invalid, TooLarge
from app.idempotency import service as idempotency
from app.idempotency.service import Answer
from app.imports import service
from app.imports.schemas import ImportForm, Submitted
from app.jobs import service as jobs
from app.jobs.schemas import JobOut
from app.requests import IdempotencyKey, Planner, as_response, database_of
from app.settings import Settings
from app.staging.params import KINDS

router = APIRouter(prefix="/v1/imports", tags=["imports"])

_FORM = ImportForm.model_json_schema()
_BODY = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}, **_FORM["properties"]},
}


@router.post(
    "/{kind}",
    status_code=202,
    response_model=Submitted,
    responses={201: {"model": JobOut, "description": "With wait=true: the job, done."}},
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _BODY}}}},
    description=f"Load a file of {', '.join(KINDS)}: 202 with the id of the job that does it.",
)
async def import_file(
    kind: str,
    request: Request,
    holder: Planner,
    idempotency_key: IdempotencyKey = None,
    wait: Annotated[bool, Query(description="Answer with the job's outcome: 201 or its problem.")] = False,
) -> Response:
    service.known_kind(kind)
    database, settings = database_of(request), request.app.state.settings
    async with _form(request, settings) as form:
        given, upload = _fields(form)
        file = await service.incoming(upload.filename or "", upload.file)
        # Unbounded: taking in a large file, and waiting for another request with the same key that does.
        async with database.transaction(holder.org_id, timeout_s=0) as connection:

            async def submit() -> Answer:
                params = await service.parameters(connection, holder.org_id, kind, given, file.name)
                job_id = await service.submit(connection, holder.org_id, params, file, holder.name)
                return Answer({"id": str(job_id)}, 202, {"Location": f"/v1/jobs/{job_id}"})

            answer = await idempotency.once(
                connection,
                holder.org_id,
                idempotency_key,
                service.fingerprint(kind, given, file),
                submit,
            )
    if not wait:
        return as_response(answer)
    job = jobs.document(
        await jobs.wait(database, holder.org_id, uuid.UUID(answer.body["id"]), settings.wait_s)
    )
    return _outcome(job, answer)


def _outcome(job: dict[str, Any], answer: Answer) -> Response:
    """A finished job as the answer to the request that asked to wait for it."""
    if job["status"] == "succeeded":
        return as_response(Answer(job, 201, answer.headers))
    if job["status"] == "failed":
        return problems.response({**job["problem"], "job": job["id"]})
    if job["status"] == "cancelled":
        return problems.response(
            problems.problem("cancelled", 409, "The job was cancelled; nothing was kept.", job=job["id"])
        )
    return as_response(Answer(job, 202, answer.headers))


@asynccontextmanager
async def _form(request: Request, settings: Settings) -> AsyncIterator[FormData]:
    """The multipart form; its file is spooled to disk, no larger than allowed, and gone afterwards."""
    most = settings.max_upload_mb << 20

    async def limited() -> AsyncGenerator[bytes, None]:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise _too_large(settings)
            yield chunk

    if int(request.headers.get("content-length", 0)) > most:
        raise _too_large(settings)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Invalid(
            "Send the file as multipart/form-data, in a field named file.", kind="multipart-expected"
        )
    try:
        form = await MultiPartParser(request.headers, limited(), max_files=1, max_fields=30).parse()
    except MultiPartException as error:
        raise Invalid(f"The multipart body cannot be read: {error.message}", kind="bad-multipart") from error
    try:
        yield form
    finally:
        await form.close()


def _too_large(settings: Settings) -> TooLarge:
    return TooLarge(
        f"The file is larger than the {settings.max_upload_mb} MB that this server takes: split it, "
        "or send it as GeoPackage, Parquet or a zip archive."
    )


def _fields(form: FormData) -> tuple[dict[str, Any], UploadFile]:
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise Invalid("There is no file: send it in the multipart field named file.", kind="missing-file")
    try:
        read = ImportForm.model_validate({k: v for k, v in form.items() if k != "file"})
    except ValidationError as error:
        raise RequestValidationError(
            [{**fault, "loc": ("body", *fault["loc"])} for fault in error.errors(include_url=False)]
        ) from error
    return read.model_dump(), upload
