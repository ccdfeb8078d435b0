"""Bringing decided rows and stored rows together: what differs is written, nothing else."""

import datetime as dt
import uuid
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import repository, timeline
from app.assignments.decide import to_json
from app.assignments.repository import Table
from app.assignments.timeline import Spans
from app.storage.columns import OPEN

Value = tuple[str, bytes | None, str | None, bool, float | None, str | None]
"""Status, grid, rule, tie, share of the footprint, evidence as JSON text with sorted keys."""

_NO_GRID = bytes(16)


@dataclass
class Values:
    """Numbers that stand for what may hold on a span, so that equal things are equal numbers."""

    number: dict[Value, int] = field(default_factory=dict)

    def of(
        self,
        status: NDArray[np.object_],
        grid: NDArray[np.object_],
        rule: NDArray[np.object_],
        tie: NDArray[np.bool_],
        share: NDArray[np.float64] | None,
        evidence: NDArray[np.object_],
    ) -> NDArray[np.int64]:
        """The number of each of n rows."""
        shares = [None] * len(status) if share is None else [None if s != s else s for s in share.tolist()]
        rows = zip(
            status.tolist(),
            grid.tolist(),
            rule.tolist(),
            tie.tolist(),
            shares,
            evidence.tolist(),
            strict=True,
        )
        number = self.number
        return np.array([number.setdefault(row, len(number)) for row in rows], np.int64)


@dataclass(frozen=True)
class Written:
    """How many rows a merge inserted and superseded."""

    inserted: int = 0
    superseded: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.inserted + other.inserted, self.superseded + other.superseded)


async def merge(
    connection: AsyncConnection,
    table: Table,
    org_id: uuid.UUID,
    plane_id: uuid.UUID,
    since: dt.date,
    now: dt.datetime,
    subjects: NDArray[np.int64],
    wanted: Spans,
    values: Values,
) -> Written:
    """Make ``wanted`` hold from ``since`` on for these subjects (keys, ascending).

    ``wanted.subject`` are row numbers of ``subjects``; a subject without a span gets none.
    """
    found = await repository.stored(connection, table, plane_id, subjects, since)
    grids = [None if grid == _NO_GRID else grid for grid in found["grid_id"].tolist()]
    told = {text: to_json(orjson.loads(text)) for text in set(found["evidence"].tolist()) if text is not None}
    stored = Spans(
        np.searchsorted(subjects, found["subject"]),
        found["valid_from"],
        found["valid_to"],
        values.of(
            found["status"],
            _objects(grids),
            found["rule"],
            found["tie"],
            found["share"],
            _objects([told.get(text) for text in found["evidence"].tolist()]),
        ),
    )
    change = timeline.change(stored, wanted, timeline.day_number(since))
    if len(change.drop) or len(change.add):
        add = change.add
        ends = [None if end == OPEN else end for end in add.end.tolist()]
        used = set(add.value.tolist())
        await repository.merge(
            connection,
            table,
            org_id,
            plane_id,
            now,
            zip(found["subject"][change.drop].tolist(), stored.start[change.drop].tolist(), strict=True),
            zip(subjects[add.subject].tolist(), add.start.tolist(), ends, add.value.tolist(), strict=True),
            (
                (number, status, uuid.UUID(bytes=grid) if grid else None, rule, tie, share, evidence)
                for (status, grid, rule, tie, share, evidence), number in values.number.items()
                if number in used
            ),
        )
    return Written(len(change.add), len(change.drop))


def _objects(values: list[bytes | None] | list[str | None]) -> NDArray[np.object_]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
