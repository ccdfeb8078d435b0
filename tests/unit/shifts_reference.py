"""The formulas of GCJ-02 and BD-09 as published, one point at a time, to compare the compiled ones with."""

import math

AXIS, ECCENTRICITY = 6378245.0, 0.00669342162296594323


def wgs_to_gcj(lng: float, lat: float) -> tuple[float, float]:
    """Degrees to degrees, inside the rectangle in which coordinates are shifted."""
    sin, pi = math.sin, math.pi
    x, y = lng - 105.0, lat - 35.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    radians = lat / 180.0 * pi
    magic = 1.0 - ECCENTRICITY * sin(radians) ** 2
    north = north * 180.0 / ((AXIS * (1.0 - ECCENTRICITY)) / (magic * math.sqrt(magic)) * pi)
    east = east * 180.0 / (AXIS / math.sqrt(magic) * math.cos(radians) * pi)
    return lng + east, lat + north


def gcj_to_bd(lng: float, lat: float) -> tuple[float, float]:
    """Degrees to degrees."""
    turn = math.pi * 3000.0 / 180.0
    z = math.sqrt(lng * lng + lat * lat) + 0.00002 * math.sin(lat * turn)
    theta = math.atan2(lat, lng) + 0.000003 * math.cos(lng * turn)
    return z * math.cos(theta) + 0.0065, z * math.sin(theta) + 0.006
