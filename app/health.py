"""Whether the process lives, and whether it can answer."""

import prometheus_client
from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from app.errors import Unavailable
from app.requests import database_of
from app.standing.asking import standings_of
from app.storage import migrate

router = APIRouter(tags=["service"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is up."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """The database answers, has this release's schema and confirms what holds; 503 and why otherwise."""
    async with database_of(request).engine.connect() as connection:
        await connection.execute(text("SELECT postgis_lib_version()"))
        revision = await connection.run_sync(migrate.current)
    if revision != migrate.head():
        raise Unavailable(
            f"The database is at revision {revision}, this release needs {migrate.head()}: "
            "run `gridwright db migrate`.",
            kind="schema-behind",
        )
    await standings_of(request).revisions.confirm()
    return {"status": "ok", "revision": revision, "locator": "ok"}


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    """Prometheus metrics."""
    return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)
