"""Errors as RFC 9457 problems: the one place where the domain meets HTTP status codes."""

from typing import Any

import orjson
import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException

from app import errors
from geo.errors import InputError

TYPE_BASE = "https://gridwright.dev/problems/"

STATUS: dict[type[errors.DomainError], int] = {
    errors.DomainError: 500,
    errors.NotFound: 404,
    errors.Invalid: 422,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Precondition: 428,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.Unavailable: 503,
    errors.Cancelled: 409,
}

# By SQLAlchemy's name or by the driver's, where COPY is spoken; and a pool that has none to give.
_UNREACHABLE = (
    OperationalError,
    InterfaceError,
    NoConnection,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)

log = structlog.get_logger(__name__)


def problem(kind: str, status: int, title: str, **facts: Any) -> dict[str, Any]:
    """A problem document; ``type`` is stable, ``title`` is for people, the rest are facts."""
    return {"type": TYPE_BASE + kind, "title": title, "status": status, **facts}


def of(error: Exception) -> dict[str, Any]:
    """The problem document of any error. What is not ours becomes a 500 that says nothing of the inside."""
    if isinstance(error, errors.DomainError):
        status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
        return problem(error.kind, status, error.message, **error.facts)
    if isinstance(error, InputError):
        where = {
            k: getattr(error, k) for k in ("file", "row", "column", "place") if getattr(error, k) is not None
        }
        return problem(error.kind, 422, str(error), **where)
    unstorable = _unstorable(error)
    if unstorable:
        return problem("unstorable-value", 422, unstorable)
    if isinstance(error, _UNREACHABLE):
        return problem(
            "unavailable", 503, "The database cannot be reached or did not answer in time; try again."
        )
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") in ("57014", "55P03"):
        return problem("unavailable", 503, "The database did not answer in time; try again or ask for less.")
    return problem("internal", 500, "Something went wrong on the server; the log has the details.")


def _unstorable(error: Exception) -> str | None:
    """What is wrong with a value that PostgreSQL cannot hold (a NUL character, a number out of range, a text
    too long for an index); None for any other error.
    """
    orig = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(orig, psycopg.errors.ProgramLimitExceeded):
        return "A code or id is too long: shorten it to 200 characters or fewer."
    if isinstance(orig, psycopg.DataError):
        said = str(orig).split("\n")[0]
        return f"A value of the request cannot be stored or looked up: {said}."
    return None


def response(document: dict[str, Any]) -> Response:
    """A problem document as an HTTP response."""
    headers = {"WWW-Authenticate": "Bearer"} if document["status"] == 401 else {}
    if document["status"] == 503:
        headers["Retry-After"] = "1"
    return Response(
        orjson.dumps(document), document["status"], headers, media_type="application/problem+json"
    )


def _of_validation(error: RequestValidationError) -> dict[str, Any]:
    faults = [
        {"where": ".".join(str(part) for part in fault["loc"]), "message": fault["msg"]}
        for fault in error.errors()
    ]
    missing = [
        fault["where"] for fault, raw in zip(faults, error.errors(), strict=True) if raw["type"] == "missing"
    ]
    said = "; ".join(f"{fault['where']}: {fault['message']}" for fault in faults[:5])
    if any(name.split(".")[-1] == "crs" for name in missing):
        said = (
            "Say in which datum the coordinates are: crs=wgs84, gcj02, bd09 or epsg:N. It is never guessed."
        )
        return problem("missing-crs", 422, said, errors=faults)
    return problem("invalid-request", 422, said, errors=faults)


def install(app: FastAPI) -> None:
    """Make every error of ``app`` answer with a problem document."""

    async def domain(request: Request, error: Exception) -> Response:
        document = of(error)
        if document["status"] >= 500:
            log.error("request failed", path=request.url.path, kind=document["type"], exc_info=error)
        return response(document)

    async def validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return response(_of_validation(error))

    async def http(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http")
        answer = response(problem(kind, error.status_code, str(error.detail)))
        answer.headers.update(error.headers or {})
        return answer

    for kind in (errors.DomainError, InputError, DBAPIError):
        app.add_exception_handler(kind, domain)
    app.add_exception_handler(Exception, domain)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
