"""What a plan is to the rest of the service."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Plan:
    """One version of a plane's grids. ``version`` counts its changes and is its ETag."""

    plan_id: uuid.UUID
    plane_id: uuid.UUID
    name: str
    status: str
    version: int
    base_plan_id: uuid.UUID | None
    report: dict[str, Any] | None
    acknowledged: dict[str, Any] | None
    created_at: dt.datetime
    created_by: str | None
    validated_at: dt.datetime | None
    published_at: dt.datetime | None
    stamp: int

    @property
    def etag(self) -> str:
        """The entity tag of what the plan is now."""
        return f'"{self.version}"'


@dataclass(frozen=True)
class Term:
    """Days on which a plan is in force; ``valid_to`` is the first on which it is not (none: open)."""

    plan_id: uuid.UUID
    valid_from: dt.date
    valid_to: dt.date | None


@dataclass(frozen=True)
class GridRow:
    """A grid to be written into a draft. Without ``grid_id`` it keeps what its code had, else it is new.

    ``polygon`` is WGS 84 in the working precision, None in a list plane. ``grid_class`` is None where the
    grid has its area's, else its own: A, B, or empty for none whatever its area says.
    """

    grid_id: uuid.UUID | None
    code: str
    name: str | None = None
    grid_class: str | None = None
    polygon: Any | None = None
    area_id: uuid.UUID | None = None
    owner_id: str | None = None
    locked: bool = False
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class GridTable:
    """The grids of a plan as columns, in code-point order of their codes. Shared: never change one.

    ``geometries`` is an object array of shapely geometries (WGS 84), None in a list plane; ``areas_m2`` is on
    the ellipsoid, NaN without a geometry. ``own_classes`` are only those that differ from the
    area's on purpose (None: inherited); what a grid is on a day says ``service.classes_on``.
    """

    plan_id: uuid.UUID
    version: int
    grid_ids: list[uuid.UUID]
    codes: list[str]
    names: list[str | None]
    own_classes: list[str | None]
    area_ids: list[uuid.UUID | None]
    owner_ids: list[str | None]
    locked: npt.NDArray[np.bool_]
    attributes: list[dict[str, Any]]
    shape_ids: list[bytes | None]
    geometries: npt.NDArray[np.object_]
    areas_m2: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.codes)

    @cached_property
    def code_of(self) -> dict[uuid.UUID, str]:
        """The code of each grid."""
        return dict(zip(self.grid_ids, self.codes, strict=True))

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each code."""
        return {code: row for row, code in enumerate(self.codes)}
