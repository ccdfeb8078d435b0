"""Bringing decided rows and stored rows together: what differs is written, nothing else."""

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from app.assignments import repository, timeline
from app.assignments.decide import to_json
from app.assignments.repository import Table
from app.assignments.timeline import Change, Spans

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


How = tuple[str, str | None] | None
"""Status and rule; None where nothing was or is decided."""
Move = tuple[How, How]
"""How it was and how it is: on the first day from which status, rule or grid differ."""


@dataclass(frozen=True)
class Written:
    """How many rows a merge inserted and superseded, and how many subjects moved from what to what."""

    inserted: int = 0
    superseded: int = 0
    moved: Counter[Move] = field(default_factory=Counter)

    def __add__(self, other: "Written") -> "Written":
        return Written(
            self.inserted + other.inserted, self.superseded + other.superseded, self.moved + other.moved
        )


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
        used = set(add.value.tolist())
        await repository.merge(
            connection,
            table,
            org_id,
            plane_id,
            now,
            _of_keys(stored.take(change.drop), subjects),
            _of_keys(add, subjects),
            (
                (number, status, uuid.UUID(bytes=grid) if grid else None, rule, tie, share, evidence)
                for (status, grid, rule, tie, share, evidence), number in values.number.items()
                if number in used
            ),
        )
    moved = _moves(stored, wanted, change, timeline.day_number(since), list(values.number))
    return Written(len(change.add), len(change.drop), moved)


def _of_keys(spans: Spans, subjects: NDArray[np.int64]) -> Spans:
    """The spans of subjects by row, by key."""
    return Spans(subjects[spans.subject], spans.start, spans.end, spans.value)


def _moves(stored: Spans, wanted: Spans, change: Change, since: int, values: list[Value]) -> Counter[Move]:
    """How the subjects of a change move, by what decided them before and after."""
    if len(change.drop) + len(change.add) == 0:
        return Counter()
    # Evidence and ties may change without anybody moving: what counts is status, grid and rule.
    numbers: dict[tuple[str, bytes | None, str | None], int] = {}
    short = np.array([numbers.setdefault(value[:3], len(numbers)) for value in values], np.int64)
    hows: list[How] = [(status, rule) for status, _, rule in numbers]
    touched = np.union1d(stored.subject[change.drop], change.add.subject)

    def of_touched(spans: Spans) -> Spans:
        here = np.isin(spans.subject, touched)
        return Spans(spans.subject[here], spans.start[here], spans.end[here], short[spans.value[here]])

    _, before, after = timeline.first_difference(of_touched(stored), of_touched(wanted), since)
    hows.append(None)
    pairs, counts = np.unique(np.column_stack([before, after]), axis=0, return_counts=True)
    moves: Counter[Move] = Counter()
    for (one, other), count in zip(pairs.tolist(), counts.tolist(), strict=True):
        moves[hows[one], hows[other]] += count
    return moves


def _objects(values: list[bytes | None] | list[str | None]) -> NDArray[np.object_]:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out
