"""H3 cells of many points: the key for aggregation, for units and for partitioning."""

from itertools import repeat

import numpy as np
import numpy.typing as npt
from h3.api import basic_int

RESOLUTION = 10
"""The resolution of the cell that every account and building carries (edges of about 75 m)."""


def cells(lng: npt.ArrayLike, lat: npt.ArrayLike, res: int = RESOLUTION) -> npt.NDArray[np.uint64]:
    """The H3 cell of each point (n,), WGS 84 degrees, as uint64; 0 where a coordinate is not finite."""
    x, y = np.asarray(lng, np.float64).ravel(), np.asarray(lat, np.float64).ravel()
    good = np.isfinite(x) & np.isfinite(y)
    out = np.zeros(len(x), np.uint64)
    if good.all():
        found = map(basic_int.latlng_to_cell, y.tolist(), x.tolist(), repeat(res))
        return np.fromiter(found, np.uint64, len(x))
    out[good] = cells(x[good], y[good], res)
    return out


_HEX = np.array([f"{i:02x}" for i in range(256)], dtype="S2")


def to_text(values: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Cells (n,) uint64 as their usual text of 15 hexadecimal digits; an empty text for 0."""
    array = np.ascontiguousarray(np.asarray(values, np.uint64).ravel())
    if not len(array):
        return np.empty(0, "U15")
    digits = _HEX[array.astype(">u8").view(np.uint8)].view("S16")
    text = digits.view("S1").reshape(-1, 16)[:, 1:]
    out = np.ascontiguousarray(text).view("S15").ravel().astype("U15")
    out[array == 0] = ""
    return out


def from_text(values: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """The reverse of :func:`to_text`; 0 for an empty text. Raises ValueError for what is not hexadecimal."""
    return np.array([int(v, 16) if v else 0 for v in np.asarray(values, object).ravel()], np.uint64)
