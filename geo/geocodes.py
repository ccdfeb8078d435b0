"""How far a geocode can be trusted: the levels, the radius of the region of doubt of each, and crowds."""

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
DEFAULT_CROWD = 50
"""So many customers at one point are no longer believed to stand there."""


@dataclass(frozen=True)
class GeocodePolicy:
    """Radius in metres of the region of doubt by level; a district has none: no place rule decides it."""

    radius_m: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_RADIUS_M))
    crowd: int | None = DEFAULT_CROWD
    """From so many customers at one identical point on it is a pile; None: no point ever is."""

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
        if self.crowd is not None and self.crowd < 2:
            raise InputError(
                f"a pile of {self.crowd} customers; 2 or more at one point were expected", kind="bad-policy"
            )


DEFAULT_POLICY = GeocodePolicy()
"""What holds until an organisation loads a policy of its own."""


def parse_policy(document: Mapping[str, Any]) -> GeocodePolicy:
    """A policy from a plain mapping (JSON or YAML), checked.

    ``{"radius_m": {"street": 200, "road": 500, "village": 1000}, "pile": {"customers": 50}}``; what is left
    out is as in ``DEFAULT_POLICY``; ``"pile": null`` lets any number of customers stand at one point.
    InputError (``bad-policy``, ``column`` the path of the value) for unknown keys, for what is no number and
    for numbers out of range.
    """
    _known(document, ("radius_m", "pile"), "")
    radii = dict(DEFAULT_RADIUS_M)
    for level, value in _mapping(document.get("radius_m", {}), "radius_m").items():
        path = f"radius_m.{level}"
        if level not in DEFAULT_RADIUS_M:
            raise InputError(
                f"a radius for {level!r}; {', '.join(DEFAULT_RADIUS_M)} may have one",
                kind="bad-policy",
                column=path,
            )
        if not _is_number(value) or not (np.isfinite(value) and value > 0):
            raise InputError(
                f"{value!r} was given; metres above 0 were expected", kind="bad-policy", column=path
            )
        radii[level] = float(value)
    crowd: int | None = DEFAULT_CROWD
    if "pile" in document and document["pile"] is None:
        crowd = None
    elif "pile" in document:
        said = _mapping(document["pile"], "pile")
        _known(said, ("customers",), "pile.")
        crowd = said.get("customers", DEFAULT_CROWD)
        if not isinstance(crowd, int) or isinstance(crowd, bool) or crowd < 2:
            raise InputError(
                f"{crowd!r} was given; a whole number of customers from 2 up was expected (pile: null "
                "recognises none)",
                kind="bad-policy",
                column="pile.customers",
            )
    return GeocodePolicy(radii, crowd)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(
            f"{value!r} was given; names with values were expected", kind="bad-policy", column=path
        )
    return value


def _known(document: Mapping[str, Any], names: Sequence[str], path: str) -> None:
    for name in document:
        if name not in names:
            raise InputError(
                f"unknown key; {', '.join(names)} were expected", kind="bad-policy", column=f"{path}{name}"
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
