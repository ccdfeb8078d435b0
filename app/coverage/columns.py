"""The columns of a bulk question, however they came: which rows are a question, and where. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import Invalid, TooLarge
from geo.datum import parse_crs, points_to_working
from geo.geocodes import LEVELS, level_codes

MAX_ROWS = 100_000
TEXTS = ("account", "building", "cluster", "party", "geocode_level", "tier", "segment", "net_status")
NUMBERS = ("lng", "lat", "radius_m")
NEEDED = ("id", "lng", "lat")

Floats = NDArray[np.float64]

_NONE = np.array([None], dtype=object)


@dataclass(frozen=True)
class Question:
    """n places to be assigned."""

    plane: str
    ids: Any
    """As they were sent: a list, or an Arrow array."""
    lng: Floats
    lat: Floats
    texts: Mapping[str, list[str | None]]
    """The optional columns that were sent."""
    level: NDArray[np.int8]
    radius_m: Floats
    rejected: NDArray[np.bool_]
    reason: NDArray[np.object_]
    """Why a row is rejected, None where it is not."""
    by_rules: bool
    """An optional column was sent: the plane's rules and covers decide, not the place alone."""

    def __len__(self) -> int:
        return len(self.lng)


def whose(plane: Any, crs: Any, where: str) -> tuple[str, str]:
    """The plane and the datum that a question names; ``where`` says which part of the request has them."""
    if crs is None:
        raise Invalid(f"{where}crs is missing: the datum is never guessed.", kind="missing-crs")
    if not isinstance(plane, str) or not isinstance(crs, str):
        raise Invalid(f"{where}plane and {where}crs are texts.", kind="invalid-request")
    return plane, parse_crs(crs)


def one_length(lengths: Mapping[str, int]) -> int:
    """How many rows there are; raises :class:`Invalid` for columns of several lengths."""
    if len(set(lengths.values())) != 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise Invalid(f"The columns differ in length ({said}); one value a row in each was expected.",
                      kind="bad-columns")  # fmt: skip
    n = lengths["id"]
    at_most(n)
    return n


def at_most(rows: int) -> None:
    """Raise :class:`TooLarge` for more rows than one call takes."""
    if rows > MAX_ROWS:
        raise TooLarge(
            f"{rows:,} rows; at most {MAX_ROWS:,} in one call: send several, or use `gridwright assign`.",
            kind="too-many-rows",
        )


def question(
    plane: str,
    crs: str,
    ids: Any,
    numbers: Mapping[str, Floats],
    texts: Mapping[str, list[str | None]],
    reason: NDArray[np.object_],
) -> Question:
    """A question from columns of one length; NaN is no number, ``reason`` says what was wrong before."""
    x, y = numbers["lng"], numbers["lat"]
    n = len(x)
    bad = ~(np.isfinite(x) & np.isfinite(y))
    _say(reason, bad, "the coordinate is null or not finite")
    lng, lat = points_to_working(x, y, crs)
    nowhere = ~(np.isfinite(lng) & np.isfinite(lat))
    _say(reason, ~bad & nowhere, f"the coordinate is out of range in {crs}")
    radius_m = numbers.get("radius_m")
    if radius_m is None:
        radius_m = np.full(n, np.nan)
    else:
        _say(reason, (radius_m < 0) | np.isinf(radius_m), "radius_m is not a length from 0 up")
        radius_m = np.where((radius_m >= 0) & np.isfinite(radius_m), radius_m, np.nan)
    level = np.zeros(n, np.int8)
    if "geocode_level" in texts:
        level = level_codes(texts["geocode_level"])
        _say(reason, level < 0, f"geocode_level is none of {', '.join(LEVELS)}")
        level = np.maximum(level, 0)
    rejected = np.not_equal(reason, _NONE).astype(bool)
    by_rules = bool(texts) or "radius_m" in numbers
    return Question(plane, ids, lng, lat, texts, level, radius_m, rejected, reason, by_rules)


def _say(reason: NDArray[np.object_], rows: NDArray[np.bool_], text: str) -> None:
    for row in np.flatnonzero(rows):
        if reason[row] is None:
            reason[row] = text
