"""Whether another datum, or swapped axes, explains points much better than the one that is claimed.

A report with evidence, never a change: datums are a few hundred metres apart, so only points whose extent is
known to about that can tell.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.datum import parse_crs, points_to_working

Floats = npt.NDArray[np.float64]

_SAMPLE = 20_000
_CLEARLY = 0.9  # share inside that counts as "nearly all"
_FEWER = 0.8  # of the better share: the claimed one must have less to be doubted


@dataclass(frozen=True)
class DatumReport:
    """``claimed``: the CRS named; ``points``: how many were looked at; ``inside``: the share of them in the
    extent under each reading (wgs84, gcj02, bd09, the claimed one, "swapped"); ``likely``: the reading that
    explains them much better, None when there is none."""

    claimed: str
    points: int
    inside: dict[str, float]
    likely: str | None

    @property
    def message(self) -> str | None:
        """One line for whoever named the CRS, None when nothing speaks against it."""
        if self.likely is None:
            return None
        word = "with longitude and latitude swapped" if self.likely == "swapped" else f"as {self.likely}"
        return (
            f"only {self.inside[self.claimed]:.0%} of the points lie inside as {self.claimed}, but "
            f"{self.inside[self.likely]:.0%} {word}: check the CRS and the columns (nothing was changed)"
        )


def check(
    x: npt.ArrayLike, y: npt.ArrayLike, crs: str, inside: Callable[[Floats, Floats], npt.NDArray[np.bool_]]
) -> DatumReport:
    """Compare readings of points (n,) as they came, claimed to be in ``crs``.

    ``inside(lng, lat)`` says which WGS 84 points lie inside the extent (or any grid). At most 20,000 points,
    evenly taken, are looked at.
    """
    claimed = parse_crs(crs)
    a, b = np.asarray(x, np.float64).ravel(), np.asarray(y, np.float64).ravel()
    good = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    good = good[:: max(1, len(good) // _SAMPLE)]
    a, b = a[good], b[good]
    if not len(a):
        return DatumReport(claimed, 0, {}, None)
    readings = {claimed: (a, b, claimed), "swapped": (b, a, claimed)}
    if not claimed.startswith("epsg:"):
        readings |= {name: (a, b, name) for name in ("wgs84", "gcj02", "bd09")}
    shares = {}
    for name, (p, q, how) in readings.items():
        shares[name] = float(inside(*points_to_working(p, q, how)).mean())
    best = max(shares, key=lambda name: shares[name])
    doubted = shares[best] >= _CLEARLY and shares[claimed] < _FEWER * shares[best]
    return DatumReport(claimed, len(a), shares, best if doubted else None)
