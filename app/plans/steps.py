"""Steps of a redraw: the ground that each moves, and by which step a customer or building changes hands."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.plans import repository

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class StepLand:
    """Ground (WGS 84) that one transfer moves from a grid to a grid. Transfers of one ``step`` (from 1) are
    carried out together; ``number`` counts them all.
    """

    number: int
    step: int
    kind: str
    giver: uuid.UUID
    receiver: uuid.UUID
    polygon: Any


async def keep(
    connection: AsyncConnection, org_id: uuid.UUID, plan_id: uuid.UUID, lands: Sequence[StepLand]
) -> None:
    """Keep the transfers of the redraw that made the plan."""
    wkbs = shapely.to_wkb([land.polygon for land in lands])
    rows = [
        {
            "number": land.number,
            "step": land.step,
            "kind": land.kind,
            "giver": land.giver,
            "receiver": land.receiver,
            "wkb": wkb,
        }
        for land, wkb in zip(lands, wkbs, strict=True)
    ]
    await repository.add_steps(connection, org_id, plan_id, rows)


async def of_plan(connection: AsyncConnection, plan_id: uuid.UUID) -> list[StepLand]:
    """The transfers of the redraw that made the plan, in order; none for a plan made otherwise."""
    return [
        StepLand(
            row["number"],
            row["step"],
            row["kind"],
            row["giver"],
            row["receiver"],
            shapely.from_wkb(row["wkb"]),
        )
        for row in await repository.steps(connection, plan_id)
    ]


def steps_of(
    lands: Sequence[StepLand],
    grids: Sequence[uuid.UUID | None],
    giver: Ints,
    receiver: Ints,
    lng: Floats,
    lat: Floats,
) -> Ints:
    """The step by which each of n things goes from ``giver`` to ``receiver`` (numbers of ``grids``): of the
    transfers between these two that whose ground is nearest to where it stands. 0: by none of them.
    """
    number = {grid_id: at for at, grid_id in enumerate(grids)}
    of_pair: dict[tuple[int, int], list[StepLand]] = {}
    for land in lands:
        pair = number.get(land.giver, -1), number.get(land.receiver, -1)
        of_pair.setdefault(pair, []).append(land)
    out = np.zeros(len(giver), np.int64)
    for (one, other), some in of_pair.items():
        rows = np.flatnonzero((giver == one) & (receiver == other))
        if len(rows):
            tree = shapely.STRtree([land.polygon for land in some])
            nearest = tree.nearest(shapely.points(lng[rows], lat[rows]))
            out[rows] = np.array([land.step for land in some])[nearest]
    return out
