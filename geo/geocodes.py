"""How far a geocode can be trusted: the levels, and the radius of the region of doubt of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import InputError

LEVELS: tuple[str, ...] = ("point", "building", "street", "road", "village", "district")
"""Finest first. ``point`` and ``building`` are exact."""
EXACT: tuple[str, ...] = ("point", "building")
DEFAULT_RADIUS_M: Mapping[str, float] = {"street": 200.0, "road": 500.0, "village": 1000.0}


@dataclass(frozen=True)
class GeocodePolicy:
    """Radius in metres of the region of doubt by level; a district has none: no place rule decides it."""

    radius_m: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_RADIUS_M))

    def __post_init__(self) -> None:
        for level, radius in self.radius_m.items():
            if level not in DEFAULT_RADIUS_M:
                raise InputError(
                    f"radius for geocode level {level!r}; one of {', '.join(DEFAULT_RADIUS_M)} was expected",
                    kind="bad-policy",
                )
            if not (np.isfinite(radius) and radius > 0):
                raise InputError(
                    f"radius {radius} m for geocode level {level}; a length above 0 was expected",
                    kind="bad-policy",
                )


@dataclass(frozen=True)
class Doubt:
    """What its level says of each of n geocodes: columns as ``geo.precedence.Facts`` has them."""

    coarse: NDArray[np.bool_]
    district: NDArray[np.bool_]
    radius_m: NDArray[np.float64]
    """Radius of the region of doubt; 0 where exact, NaN for a district."""


def level_codes(levels: Sequence[str | None] | NDArray[Any]) -> NDArray[np.int8]:
    """Index into ``LEVELS`` of each text; an empty one is ``point``; -1 where it is no level."""
    values = np.array(["" if v is None or v != v else str(v).strip().lower() for v in levels], dtype=np.str_)
    if len(values) == 0:
        return np.empty(0, np.int8)
    names, inverse = np.unique(values, return_inverse=True)
    known = {name: i for i, name in enumerate(LEVELS)} | {"": 0}
    return np.array([known.get(str(name), -1) for name in names], np.int8)[inverse.reshape(-1)]


def doubt(
    levels: NDArray[np.int8],
    radius_m: NDArray[np.float64] | None = None,
    has_region: NDArray[np.bool_] | None = None,
    policy: GeocodePolicy | None = None,
) -> Doubt:
    """The region of doubt of n geocodes.

    ``levels`` from ``level_codes``; ``radius_m`` in metres overrides the policy's radius of a coarse level
    where it is a number; ``has_region`` marks accounts whose region was loaded as a polygon: they are coarse
    whatever their level. InputError (``bad-radius``, with the row) for a negative radius, (``unknown-level``)
    for a level below 0.
    """
    policy = policy or GeocodePolicy()
    if (levels < 0).any():
        row = int(np.argmax(levels < 0)) + 1
        raise InputError(
            f"unknown geocode level; {', '.join(LEVELS)} were expected", kind="unknown-level", row=row
        )
    by_level = np.array(
        [
            np.nan if name == "district" else policy.radius_m.get(name, DEFAULT_RADIUS_M.get(name, 0.0))
            for name in LEVELS
        ]
    )
    radius = by_level[levels]
    coarse = levels >= len(EXACT)
    district = levels == LEVELS.index("district")
    if radius_m is not None:
        given = np.isfinite(radius_m)
        bad = (given & (radius_m < 0)) | np.isinf(radius_m)
        if bad.any():
            row = int(np.argmax(bad))
            raise InputError(
                f"radius_m is {radius_m[row]}; metres from 0 up were expected", kind="bad-radius", row=row + 1
            )
        radius = np.where(given & coarse & ~district, radius_m, radius)
    if has_region is not None:
        coarse = coarse | has_region
    return Doubt(coarse, district, radius)
