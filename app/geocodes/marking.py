"""What a planner says of a point: that its crowd does stand there, or that it was right to doubt it."""

import datetime as dt
from typing import Any

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import service as assignments
from app.audit import service as audit
from app.audit.service import By
from app.errors import Conflict, NotFound
from app.geocodes import recognition, repository
from app.geocodes.recognition import COARSE, GENUINE
from app.policies import service as policies
from app.storage.locks import one_import
from geo.cells import cells as cells_at
from geo.datum import parse_crs, points_to_working

Document = dict[str, Any]
_NO_BUILDINGS = np.empty(0, np.int64)


async def mark(
    connection: AsyncConnection, by: By, lng: float, lat: float, crs: str, verdict: str, since: dt.date
) -> Document:
    """Let a verdict hold for a point from a day on and decide its customers anew.

    ``genuine`` is never overruled by recognition; ``coarse`` takes it back. Raises :class:`NotFound` where no
    customer without a building stands, :class:`Conflict` where ``coarse`` is said of too few.
    """
    await one_import(connection, by.org_id)
    east, north = points_to_working(np.array([lng]), np.array([lat]), parse_crs(crs))
    point = (float(east[0]), float(north[0]))
    cells = cells_at(east, north).astype(np.int64)
    stays = await repository.stays(connection, since, cells)
    here = (stays["lng"] == point[0]) & (stays["lat"] == point[1])
    accounts = np.unique(stays["account_pk"][here])
    if len(accounts) == 0:
        raise NotFound(
            f"No customer without a building stands at {point[0]}, {point[1]} (WGS 84) from {since} on.",
            kind="unknown-pile",
        )
    genuine = verdict == GENUINE
    said = (*point, len(accounts), GENUINE, since, None, not genuine)
    await repository.write(connection, by.org_id, [said])
    if not genuine:
        others = await recognition.recognise(connection, by.org_id, since, accounts)
        accounts = np.union1d(accounts, others)
        held = await repository.at(connection, east, north, since, None, None)
        if COARSE not in held["verdict"]:
            crowd = (await policies.geocodes(connection, since)).crowd
            raise Conflict(
                f"{len(accounts):,} customers stand at this point from {since} on: too few for a pile, which "
                f"begins at {crowd or 'no number'} (policy geocodes, pile.customers), or inside a building.",
                kind="no-pile",
            )
    done = await assignments.reassign_touched(connection, by.org_id, since, accounts, _NO_BUILDINGS)
    told = {"lng": point[0], "lat": point[1], "verdict": verdict, "from": since.isoformat()}
    await audit.record(connection, by, "pile.mark", "pile", f"{point[0]},{point[1]}", after=told)
    return told | {
        "customers": len(accounts),
        "assignments": [
            {
                "plane": one.plane,
                "accounts": one.accounts,
                "inserted": one.inserted,
                "superseded": one.superseded,
                "by_status": one.by_status,
            }
            for one in done
        ],
    }
