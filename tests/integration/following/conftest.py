"""An organisation with a plane P, and the service's standings beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from app.standing.service import Standings
from app.storage.database import Database
from tests.integration.plans.conftest import city as city


@pytest_asyncio.fixture
async def standings(database: Database) -> AsyncIterator[Standings]:
    """Another process's knowledge of the module's database, as far as one process can tell."""
    made = Standings(database, patience_s=3.0)
    made.start()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def asked(standings: Standings, city: Any) -> Any:
    """What the standings hold for the organisation's key."""

    async def ask() -> Any:
        _, standing = await standings.recognise(city.key)
        return standing

    return ask
