"""Grids that claim one account by a list or a market: which of them has it, and what is told of the rest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.assignments.locators import Ground
from geo.precedence import resolve_conflicts

Rows = NDArray[np.intp]


def rows_of(ground: Ground, grid_ids: NDArray[np.void]) -> NDArray[np.int32]:
    """Row of the plan's grid table for each grid (16 raw bytes), −1 where the plan has no such grid."""
    return np.array([ground.row_of.get(grid_id, -1) for grid_id in grid_ids.tolist()], np.int32)


def owned(
    cluster_id: NDArray[np.object_], ground: Ground, row: Rows, grid: NDArray[np.int32]
) -> dict[str, Any]:
    """The cluster columns of ``Known`` for n rows in these clusters (None: in none) from claims.

    ``row`` is claimed by ``grid``, a grid that owns its cluster. Of several owners that the plan has the
    lowest code decides; the others stay in the evidence.
    """
    out = np.full(len(cluster_id), -1, np.int32)
    told = np.full(len(cluster_id), None, dtype=object)
    here = grid >= 0
    row, grid = row[here], grid[here]
    codes = ground.codes[grid]
    winner, disputed = resolve_conflicts(row, codes)
    out[row[winner]] = grid[winner]
    rivals: dict[int, set[str]] = {}
    for claim in np.flatnonzero(disputed & (grid != out[row])).tolist():
        rivals.setdefault(int(row[claim]), set()).add(codes[claim])
    for at in row[winner].tolist():
        told[at] = {"cluster": cluster_id[at]}
        if at in rivals:
            told[at]["competing"] = [{"grid": code} for code in sorted(rivals[at])]
    return {"cluster": out, "cluster_evidence": told}


def listed(
    n: int,
    ground: Ground,
    row: Rows,
    grid: NDArray[np.int32],
    list_name: NDArray[np.object_],
    party_id: NDArray[np.object_],
) -> dict[str, Any]:
    """The list columns of ``Known`` for n rows from claims (``row`` is claimed by ``grid``).

    Of several lists the first by name decides, then the lowest grid code; the others stay in the evidence.
    """
    out = np.full(n, -1, np.int32)
    told = np.full(n, None, dtype=object)
    here = grid >= 0
    row, grid, list_name, party_id = row[here], grid[here], list_name[here], party_id[here]
    codes = ground.codes[grid]
    winner, disputed = resolve_conflicts(row, codes, list_name)
    out[row[winner]] = grid[winner]
    rivals: dict[int, list[dict[str, str]]] = {}
    won = dict(zip(row[winner].tolist(), winner.tolist(), strict=True))
    for claim in np.flatnonzero(disputed).tolist():
        if grid[claim] != out[row[claim]]:
            rivals.setdefault(int(row[claim]), []).append({"list": list_name[claim], "grid": codes[claim]})
    for at, claim in won.items():
        one: dict[str, Any] = {"list": list_name[claim]}
        if party_id[claim] is not None:
            one["party"] = party_id[claim]
        if at in rivals:
            one["competing"] = sorted(rivals[at], key=lambda rival: (rival["list"], rival["grid"]))
        told[at] = one
    return {"listed": out, "list_evidence": told}
