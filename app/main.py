"""The service: ``create_app(settings)`` puts the capabilities together. Nothing happens at import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import anyio.to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app import health, problems
from app.accounts import routes as accounts
from app.assignments import locators
from app.assignments import routes as assignments
from app.classes import routes as classes
from app.conflicts import routes as conflicts
from app.coverage import routes as coverage
from app.demo import pages
from app.geocodes import routes as geocodes
from app.imports import routes as imports
from app.jobs import routes as jobs
from app.markets import routes as markets
from app.naming import NameRequests
from app.orgs import areas_routes as areas
from app.orgs import routes as orgs
from app.places import routes as places
from app.planes import routes as planes
from app.plans import release_routes as releases
from app.plans import routes as plans
from app.policies import routes as policies
from app.quality import routes as quality
from app.rebalances import routes as rebalances
from app.settings import Settings
from app.staffing import routes as staffing
from app.standing.service import Standings
from app.storage.database import Database
from app.storage.location import cache_folder, database_url
from app.workloads import routes as workloads

ROUTERS = (
    coverage.router,
    health.router,
    workloads.router,
    areas.router,
    classes.router,
    staffing.router,
    orgs.router,
    geocodes.router,
    plans.router,
    releases.router,
    jobs.router,
    imports.router,
    rebalances.router,
    assignments.router,
    places.router,
    markets.router,
    conflicts.router,
    policies.router,
    quality.router,
    accounts.router,  # behind whatever is asked of one account by a further word
    planes.router,  # behind whatever is asked of one plane by a further word
    pages.router,
)


def create_app(settings: Settings) -> FastAPI:
    """The FastAPI application for these settings; the database is connected when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = await anyio.to_thread.run_sync(database_url, settings)
        locators.remember(settings.locator_mb, cache_folder(settings) / "locators", settings.cache_mb)
        app.state.settings = settings
        app.state.database = Database(
            url, pool_size=settings.pool_size, statement_timeout_s=settings.statement_timeout_s
        )
        app.state.standings = Standings(app.state.database, settings.confirm_s)
        app.state.standings.start()
        yield
        await app.state.standings.close()
        await app.state.database.close()

    # Its pages of documentation come from the package, so that /docs works without the internet.
    app = FastAPIOffline(
        redoc_url=None,
        title="Gridwright",
        version=version("gridwright"),
        summary="Who is responsible for which ground, building and customer; and how to redraw it.",
        lifespan=lifespan,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    problems.install(app)

    app.add_middleware(NameRequests)

    # Asked most: found first, and not by way of an included router.
    app.router.routes[:0] = coverage.direct.routes
    for router in ROUTERS:
        app.include_router(router)
    return app
