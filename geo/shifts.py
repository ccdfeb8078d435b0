"""The published formulas of GCJ-02 and BD-09 and their inverses, as compiled loops.

All functions take and give longitudes and latitudes (n,) in degrees, float64, NaN where a coordinate is NaN.
The formulas are those of the open-source "eviltransform" and "coordtransform" families. Sines of multiples
of an angle come from those of the angle by the usual identities, which agrees with the formulas as published
to 1e-13 degree. The inverses have no closed form: they are iterated a fixed number of steps, so that a point
has the same answer whatever points come with it.
"""

import math

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]

AXIS = 6378245.0  # Krassovsky 1940, as the published GCJ-02 formulas have it
ECCENTRICITY = 0.00669342162296594323
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
"""Outside this rectangle GCJ-02 is WGS 84."""

# A step shrinks the error at least 150-fold for GCJ-02 and 50-fold for BD-09: then it is below 1e-12 degree.
_GCJ_STEPS, _BD_STEPS = 5, 6
_BD_RADIANS = math.pi * 3000.0 / 180.0


def wgs_to_gcj(lng: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS 84 to GCJ-02."""
    out = np.empty_like(lng), np.empty_like(lat)
    _wgs_to_gcj(lng, lat, *out)
    return out


def gcj_to_wgs(lng: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 to WGS 84; a point outside the rectangle is its own inverse."""
    out = np.empty_like(lng), np.empty_like(lat)
    _gcj_to_wgs(lng, lat, *out)
    return out


def gcj_to_bd(lng: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 to BD-09."""
    out = np.empty_like(lng), np.empty_like(lat)
    _gcj_to_bd(lng, lat, *out)
    return out


def bd_to_gcj(lng: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """BD-09 to GCJ-02."""
    out = np.empty_like(lng), np.empty_like(lat)
    _bd_to_gcj(lng, lat, *out)
    return out


@njit(cache=True, nogil=True, inline="always")
def _inside(lng: float, lat: float) -> bool:
    return WEST <= lng <= EAST and SOUTH <= lat <= NORTH


@njit(cache=True, nogil=True)
def _gcj_shift(lng: float, lat: float) -> tuple[float, float]:
    """What GCJ-02 adds to WGS 84 longitude and latitude, in degrees."""
    pi = math.pi
    x, y = lng - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    x12 = math.sin(x * pi / 12.0)
    cos = math.cos(x * pi / 12.0)
    double, cos = 2.0 * x12 * cos, 1.0 - 2.0 * x12 * x12  # of x pi / 6
    x3, cos = 2.0 * double * cos, 1.0 - 2.0 * double * double  # of x pi / 3
    x1, cos = x3 * (3.0 - 4.0 * x3 * x3), cos * (4.0 * cos * cos - 3.0)  # of x pi
    x2 = 2.0 * x1 * cos
    x6 = x2 * (3.0 - 4.0 * x2 * x2)
    y12 = math.sin(y * pi / 12.0)
    cos = math.cos(y * pi / 12.0)
    double, cos = 2.0 * y12 * cos, 1.0 - 2.0 * y12 * y12
    y3 = 2.0 * double * cos
    y1 = y3 * (3.0 - 4.0 * y3 * y3)
    both = (20.0 * x6 + 20.0 * x2) * 2.0 / 3.0
    north = (
        -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + both
        + (20.0 * y1 + 40.0 * y3) * 2.0 / 3.0
        + (160.0 * y12 + 320.0 * math.sin(y * pi / 30.0)) * 2.0 / 3.0
    )  # fmt: skip
    east = (
        300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + both
        + (20.0 * x1 + 40.0 * x3) * 2.0 / 3.0
        + (150.0 * x12 + 300.0 * math.sin(x / 30.0 * pi)) * 2.0 / 3.0
    )  # fmt: skip
    radians = lat / 180.0 * pi
    sine = math.sin(radians)
    magic = 1.0 - ECCENTRICITY * sine * sine
    magic_root = math.sqrt(magic)
    d_lng = east * 180.0 / (AXIS / magic_root * math.cos(radians) * pi)
    d_lat = north * 180.0 / ((AXIS * (1.0 - ECCENTRICITY)) / (magic * magic_root) * pi)
    return d_lng, d_lat


@njit(cache=True, nogil=True)
def _wgs_to_gcj(lng, lat, out_lng, out_lat):  # type: ignore[no-untyped-def]
    for i in range(len(lng)):
        x, y = lng[i], lat[i]
        if _inside(x, y):
            d_lng, d_lat = _gcj_shift(x, y)
            x, y = x + d_lng, y + d_lat
        out_lng[i], out_lat[i] = x, y


@njit(cache=True, nogil=True)
def _gcj_to_wgs(lng, lat, out_lng, out_lat):  # type: ignore[no-untyped-def]
    for i in range(len(lng)):
        x, y = lng[i], lat[i]
        if _inside(x, y):
            for _ in range(_GCJ_STEPS):
                d_lng, d_lat = _gcj_shift(x, y)
                x, y = lng[i] - d_lng, lat[i] - d_lat
        out_lng[i], out_lat[i] = x, y


@njit(cache=True, nogil=True, inline="always")
def _bd(lng: float, lat: float) -> tuple[float, float]:
    """One point to BD-09: its distance from the origin and its bearing there change a little."""
    radius = math.hypot(lng, lat)
    turn = 0.000003 * math.cos(lng * _BD_RADIANS)
    # Of an angle of a few millionths these are its cosine and sine to the last bit.
    cos, sin = 1.0 - turn * turn / 2.0, turn - turn * turn * turn / 6.0
    stretch = (radius + 0.00002 * math.sin(lat * _BD_RADIANS)) / radius if radius > 0.0 else 0.0
    return stretch * (lng * cos - lat * sin) + 0.0065, stretch * (lat * cos + lng * sin) + 0.006


@njit(cache=True, nogil=True)
def _gcj_to_bd(lng, lat, out_lng, out_lat):  # type: ignore[no-untyped-def]
    for i in range(len(lng)):
        out_lng[i], out_lat[i] = _bd(lng[i], lat[i])


@njit(cache=True, nogil=True)
def _bd_to_gcj(lng, lat, out_lng, out_lat):  # type: ignore[no-untyped-def]
    for i in range(len(lng)):
        x, y = lng[i] - 0.0065, lat[i] - 0.006
        for _ in range(_BD_STEPS):
            ahead_x, ahead_y = _bd(x, y)
            x, y = x + (lng[i] - ahead_x), y + (lat[i] - ahead_y)
        out_lng[i], out_lat[i] = x, y


def warm() -> None:
    """Compile every loop (kept on disk), so that no user waits for it."""
    one = np.array([116.0]), np.array([24.0])
    for convert in (wgs_to_gcj, gcj_to_wgs, gcj_to_bd, bd_to_gcj):
        convert(*one)
