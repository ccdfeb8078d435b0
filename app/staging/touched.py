"""After an import: what it touched is assigned anew, in the import's own transaction."""

import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.assignments import service as assignments
from app.jobs.runner import Work
from app.staging import repository as staged_rows

Keys = NDArray[np.int64]
NONE: Keys = np.empty(0, np.int64)
_READ = 0.8
"""So much of an import is done when its rows are read and merged."""


async def reassign(
    work: Work, since: dt.date, *, accounts: Keys = NONE, buildings: Keys = NONE
) -> dict[str, Any]:
    """Assign these accounts and buildings anew from ``since`` in every plane with a plan in force then or
    later; counts by plane for the import's result, nothing when there was nothing to do.
    """
    work.check()
    if not len(accounts) and not len(buildings):
        return {}
    await staged_rows.merged(work.connection)
    work.tell(_READ, f"assigning {len(accounts):,} customers and {len(buildings):,} buildings")

    def step(progress: float, note: str | None) -> None:
        work.step(_READ + (1 - _READ) * progress, note)

    done = await assignments.reassign_touched(work.connection, work.org_id, since, accounts, buildings, step)
    work.check()
    counts = [
        {
            "plane": one.plane,
            "accounts": one.accounts,
            "buildings": one.buildings,
            "by_status": one.by_status,
            "by_rule": one.by_rule,
            "moves": one.moves,
        }
        for one in done
    ]
    return {"assignments": counts} if counts else {}
