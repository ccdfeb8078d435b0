"""The answer to a bulk question: columns of its length, as row numbers into the few values there are."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.assignments.decide import RULE_NAMES, STATUS_NAMES
from app.coverage.columns import Floats, Question
from geo.cells import cells

Rows = NDArray[np.integer[Any]]

STATUSES: NDArray[np.object_] = np.array([*STATUS_NAMES, "rejected"], dtype=object)
REJECTED = len(STATUSES) - 1
ASSIGNED, OUTSIDE, UNASSIGNED = (
    STATUSES.tolist().index(name) for name in ("assigned", "outside", "unassigned")
)
POINT = RULE_NAMES.tolist().index("point")


@dataclass(frozen=True)
class Answer:
    """``grid`` and ``nearest`` are rows of ``codes``, whose last is None; ``status`` of ``STATUSES`` and
    ``rule`` of ``RULE_NAMES``.
    """

    plan: str | None
    ids: Any
    codes: NDArray[np.object_]
    grid: Rows
    status: Rows
    rule: Rows
    tie: NDArray[np.bool_]
    nearest: Rows
    distance_m: Floats
    reason: NDArray[np.object_]
    cells: NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self.grid)


def nothing(asked: Question, why: str) -> Answer:
    """Nobody is responsible for anything, and why."""
    n = len(asked)
    none = np.full(n, -1, np.int32)
    return Answer(
        None,
        asked.ids,
        np.array([None], dtype=object),
        none,
        np.where(asked.rejected, REJECTED, UNASSIGNED),
        none,
        np.zeros(n, bool),
        none,
        np.full(n, np.nan),
        np.where(asked.rejected, asked.reason, why),
    )


def with_cells(answer: Answer, asked: Question) -> Answer:
    """The answer with the H3 cell of each place; 0 where there is none."""
    return replace(answer, cells=cells(asked.lng, asked.lat))
