"""Published districting instances, with their proven optima: fewest cut edges for districts of equal people.

A folder has ``instances.json``, a list of instances with ``state``, ``level``, ``k`` districts, limits ``L``
and ``U`` and, where known, ``best_known`` (``proven`` or not); and for each ``STATE_LEVEL_nodes.parquet`` and
``STATE_LEVEL_edges.parquet``.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench._rebalance_cases import Case
from geo.rebalance import Problem


@dataclass(frozen=True, eq=False)
class Published:
    """An instance and what is known of it."""

    case: Case
    best_known: int | None
    proven: bool
    chain: int | None


def read(folder: Path) -> list[Published]:
    """All instances of a folder."""
    return [_one(folder, about) for about in json.loads((folder / "instances.json").read_text())]


TOLERANCE = 0.005
"""Half a percent either side of the mean: what ``L`` and ``U`` are, in whole people."""


def _one(folder: Path, about: dict[str, Any]) -> Published:
    name = f"{about['state']}_{about['level']}"
    nodes = pd.read_parquet(folder / f"{name}_nodes.parquet").sort_values("id")
    edges = pd.read_parquet(folder / f"{name}_edges.parquet")[["u", "v"]].to_numpy()
    problem = Problem(
        weights=nodes["pop"].to_numpy(float),
        edges=np.searchsorted(nodes["id"].to_numpy(), edges),
        current=None,
        n_grids=int(about["k"]),
        tolerance=TOLERANCE,
        xy=nodes[["x", "y"]].to_numpy(float),
    )
    known, chain = about.get("best_known"), about.get("gerrychain_10000")
    case = Case(f"{about['state']} {about['level']} {about['k']}", problem, None)
    return Published(case, known, bool(about.get("proven")), chain)
