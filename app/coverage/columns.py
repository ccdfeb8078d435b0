"""The columns of a bulk question: reading them, and saying which rows are no question at all. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from app.errors import Invalid, TooLarge
from geo.datum import parse_crs, points_to_working
from geo.geocodes import LEVELS, level_codes

MAX_ROWS = 100_000
TEXTS = ("account", "building", "cluster", "party", "geocode_level", "tier", "segment", "net_status")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """n places to be assigned; ``reason`` says why a row is rejected (None: it is not)."""

    plane: str
    ids: list[Any]
    lng: Floats
    lat: Floats
    texts: Mapping[str, list[str | None]]
    """The optional columns that were sent."""
    level: NDArray[np.int8]
    radius_m: Floats
    reason: NDArray[np.object_]
    by_rules: bool
    """An optional column was sent: the plane's rules and covers decide, not the place alone."""

    def __len__(self) -> int:
        return len(self.ids)


def parse(body: bytes) -> Question:
    """A question from a JSON body. Raises :class:`Invalid` for what is not columns of one length."""
    document = _json(body)
    plane, crs = document.get("plane"), document.get("crs")
    if crs is None:
        raise Invalid("body.crs is missing: the datum is never guessed.", kind="missing-crs")
    if not isinstance(plane, str) or not isinstance(crs, str):
        raise Invalid("body.plane and body.crs are texts.", kind="invalid-request")
    crs = parse_crs(crs)
    columns = {name: _column(document, name) for name in ("id", "lng", "lat")}
    texts = {name: _column(document, name) for name in TEXTS if document.get(name) is not None}
    radius = _column(document, "radius_m") if document.get("radius_m") is not None else None
    n = len(columns["id"])
    lengths = {name: len(values) for name, values in (columns | texts).items()}
    if radius is not None:
        lengths["radius_m"] = len(radius)
    if len(set(lengths.values())) != 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise Invalid(f"The columns differ in length ({said}); one value a row in each was expected.",
                      kind="bad-columns")  # fmt: skip
    if n > MAX_ROWS:
        raise TooLarge(
            f"{n:,} rows; at most {MAX_ROWS:,} in one call: send several, or use `gridwright assign`.",
            kind="too-many-rows",
        )
    reason = np.full(n, None, dtype=object)
    x, y = _numbers(columns["lng"], "lng", reason), _numbers(columns["lat"], "lat", reason)
    bad = ~(np.isfinite(x) & np.isfinite(y))
    _say(reason, bad, "the coordinate is null or not finite")
    lng, lat = points_to_working(x, y, crs)
    _say(reason, ~bad & ~(np.isfinite(lng) & np.isfinite(lat)), f"the coordinate is out of range in {crs}")
    radius_m = np.full(n, np.nan) if radius is None else _numbers(radius, "radius_m", reason)
    _say(reason, (radius_m < 0) | np.isinf(radius_m), "radius_m is not a length from 0 up")
    level = np.zeros(n, np.int8)
    if "geocode_level" in texts:
        level = level_codes(texts["geocode_level"])
        _say(reason, level < 0, f"geocode_level is none of {', '.join(LEVELS)}")
    return Question(
        plane,
        columns["id"],
        lng,
        lat,
        {name: [_text(value) for value in values] for name, values in texts.items()},
        np.maximum(level, 0),
        np.where((radius_m >= 0) & np.isfinite(radius_m), radius_m, np.nan),
        reason,
        bool(texts) or radius is not None,
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Senders that write NaN for a missing number are understood; everything else is no JSON.
        try:
            document = json.loads(body)
            # Half a surrogate pair is no text, and what no answer can repeat is no id.
            json.dumps(document, ensure_ascii=False).encode()
            orjson.dumps(document.get("id") if isinstance(document, dict) else None)
        except (ValueError, TypeError, RecursionError) as error:
            raise Invalid(f"The body is not JSON: {error}.", kind="invalid-request") from error
    if not isinstance(document, dict):
        raise Invalid("The body is a JSON object of columns.", kind="invalid-request")
    return document


def _column(document: Mapping[str, Any], name: str) -> list[Any]:
    values = document.get(name)
    if not isinstance(values, list):
        raise Invalid(f"body.{name} is a list, one value a row.", kind="bad-columns")
    return values


def _numbers(values: list[Any], name: str, reason: NDArray[np.object_]) -> Floats:
    kinds = set(map(type, values))
    if kinds <= {float, int, type(None)}:
        try:
            return np.array(values, dtype=np.float64).reshape(len(values))
        except OverflowError:
            pass
    out = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
            out[row] = value
        elif value is not None:
            reason[row] = f"{name} is not a number: {str(value)[:40]!r}"
    return out


def _say(reason: NDArray[np.object_], rows: NDArray[np.bool_], text: str) -> None:
    for row in np.flatnonzero(rows):
        if reason[row] is None:
            reason[row] = text


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
