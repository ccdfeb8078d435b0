"""What the grids of a plane hold on a day, as it is stored: for whoever sums something up by grid."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import holdings_repository as repository
from app.plans.service import GridTable


@dataclass(frozen=True)
class Held:
    """n accounts that are in a grid, ascending by key; ``grid_id`` 16 raw bytes each."""

    account_pk: NDArray[np.int64]
    grid_id: NDArray[np.void]

    def rows(self, table: GridTable) -> NDArray[np.int64]:
        """The row of each account's grid in the table; −1 where the table has no such grid."""
        known = {grid_id.bytes: row for row, grid_id in enumerate(table.grid_ids)}
        found, inverse = np.unique(self.grid_id, return_inverse=True)
        places: Any = [known.get(one.tobytes(), -1) for one in found]
        return np.array(places, np.int64)[inverse] if len(found) else np.empty(0, np.int64)


async def held(
    connection: AsyncConnection,
    plane_id: uuid.UUID,
    day: dt.date,
    known_at: dt.datetime | None = None,
    grid_id: uuid.UUID | None = None,
) -> Held:
    """The accounts in the plane's grids (or in one of them) on a day, as known then."""
    return Held(**await repository.held(connection, plane_id, day, known_at, grid_id))
