"""What `gridwright rebalance` can be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What `gridwright rebalance` was asked, as typed."""

    units: Path
    id_column: str = "id"
    grid_column: str | None = None
    weights: Sequence[str] = ()
    move_weight: str | None = None
    tolerance: float = 0.05
    class_column: str | None = None
    group_column: str | None = None
    locked_column: str | None = None
    lock_grids: Sequence[str] = ()
    edges: Path | None = None
    barriers: Path | None = None
    bridges: Path | None = None
    targets: Path | None = None
    grids: int | None = None
    add: Sequence[str] = ()
    dissolve: Sequence[str] = ()
