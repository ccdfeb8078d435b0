"""H3 cells of many points: the key for aggregation, for units and for partitioning."""

import ctypes
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from h3._cy import latlng as h3_compiled
from h3.api import basic_int
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

RESOLUTION = 10
"""The resolution of the cell that every account and building carries (edges of about 75 m)."""

Floats = npt.NDArray[np.float64]


def cells(lng: npt.ArrayLike, lat: npt.ArrayLike, res: int = RESOLUTION) -> npt.NDArray[np.uint64]:
    """The H3 cell of each point (n,), WGS 84 degrees, as uint64; 0 where a coordinate is not finite."""
    x, y = np.asarray(lng, np.float64).ravel(), np.asarray(lat, np.float64).ravel()
    if len(x) != len(y):
        raise ValueError(f"{len(x)} longitudes but {len(y)} latitudes")
    good = np.isfinite(x) & np.isfinite(y)
    out = np.zeros(len(x), np.uint64)
    if good.all():
        _fill(x, y, res, out)
    else:
        some = np.zeros(int(good.sum()), np.uint64)
        _fill(x[good], y[good], res, some)
        out[good] = some
    return out


def warm() -> None:
    """Compile the loop (kept on disk), so that no user waits for it."""
    cells([0.0], [0.0])


def _fill(lng: Floats, lat: Floats, res: int, out: npt.NDArray[np.uint64]) -> None:
    """Cells of finite points (n,) into ``out``."""
    address = _compiled()
    if address and 0 <= res <= 15:
        _loop(address, np.radians(lat), np.radians(lng), res, out)
        return
    found = map(basic_int.latlng_to_cell, lat.tolist(), lng.tolist(), repeat(res))
    out[:] = np.fromiter(found, np.uint64, len(lng))


@lru_cache
def _compiled() -> int:
    """Where H3's own ``latLngToCell`` is in memory, 0 where the package does not show it.

    The Python function around it makes objects of every number and holds the interpreter's lock; the C
    function is public, the same on every platform, and answers for one core after the other.
    """
    try:
        function = ctypes.CDLL(h3_compiled.__file__).latLngToCell
    except (AttributeError, OSError):
        return 0
    return ctypes.cast(function, ctypes.c_void_p).value or 0


@intrinsic
def _call(typing: Any, address: Any, place: Any, res: Any, out: Any) -> Any:
    """``H3Error latLngToCell(const LatLng *place, int res, H3Index *out)`` at an address."""
    del typing, address, place, res, out

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del context, signature
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.IntType(32), [pointer, ir.IntType(32), pointer])
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        place, out = (builder.inttoptr(arguments[i], pointer) for i in (1, 3))
        return builder.call(function, [place, arguments[2], out])

    return types.uint32(types.uintp, types.uintp, types.int32, types.uintp), code


@njit(cache=True, nogil=True)
def _loop(address, lat, lng, res, out):  # type: ignore[no-untyped-def]
    """Radians (n,) in, cells out; finite points have no other fault than a resolution out of range."""
    place = np.empty(2)
    for i in range(len(lat)):
        place[0], place[1] = lat[i], lng[i]
        _call(address, place.ctypes.data, np.int32(res), out[i:].ctypes.data)  # type: ignore[call-arg]


def to_text(values: npt.ArrayLike) -> npt.NDArray[np.str_]:
    """Cells (n,) uint64 as their usual text of 15 hexadecimal digits; an empty text for 0."""
    array = np.ascontiguousarray(np.asarray(values, np.uint64).ravel())
    out = _digits(array).view("S15").ravel().astype("U15")
    out[array == 0] = ""
    return out


def to_arrow_text(values: npt.ArrayLike) -> Any:
    """Cells (n,) uint64 as an Arrow array of text, null for 0."""
    array = np.ascontiguousarray(np.asarray(values, np.uint64).ravel())
    ends = np.arange(len(array) + 1, dtype=np.int32) * 15
    missing = array == 0
    valid = pa.py_buffer(np.packbits(~missing, bitorder="little").tobytes()) if missing.any() else None
    digits = pa.py_buffer(_digits(array).tobytes())
    return pa.StringArray.from_buffers(len(array), pa.py_buffer(ends.tobytes()), digits, valid)


_HEX = np.array([f"{i:02x}" for i in range(256)], dtype="S2")


def _digits(array: npt.NDArray[np.uint64]) -> npt.NDArray[np.bytes_]:
    """The last 15 hexadecimal digits of numbers (n,), one byte each, (n,15)."""
    digits = _HEX[array.astype(">u8").view(np.uint8)].view("S1").reshape(-1, 16)
    return np.ascontiguousarray(digits[:, 1:])


def from_text(values: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    """The reverse of :func:`to_text`; 0 for an empty text. Raises ValueError for what is not hexadecimal."""
    return np.array([int(v, 16) if v else 0 for v in np.asarray(values, object).ravel()], np.uint64)
