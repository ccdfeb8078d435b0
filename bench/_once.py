"""One question about some points, nothing built beforehand, beside geopandas.sjoin from the same start.

sjoin is given its two frames ready made, and the quicker of its two sides counts; Gridwright makes what it
needs from the polygons and the numbers.
"""

import time
from collections.abc import Callable
from typing import Any

import geopandas
import numpy as np
import numpy.typing as npt

from bench._peers import Floats, frame
from geo.locator import Locator


def compare(
    ground: npt.NDArray[np.object_], codes: list[str], lng: Floats, lat: Floats, tries: int = 3
) -> dict[str, float]:
    """Least seconds of Gridwright and of sjoin, each try from nothing."""
    made: list[float] = []
    left: list[float] = []
    right: list[float] = []
    for _ in range(tries):
        made.append(_seconds(lambda: Locator.build(ground, codes, points=len(lng)).locate(lng, lat)))
        for times, swap in ((left, True), (right, False)):
            frames = frame(geopandas.points_from_xy(lng, lat)), frame(ground)
            a, b = frames[::-1] if swap else frames
            if swap or min(right, default=0.0) < 5 * min(left):  # a side that is far slower is tried once
                times.append(_seconds(lambda a=a, b=b: a.sjoin(b, predicate="intersects")))  # type: ignore[misc]
    sjoin = min(*left, *right)
    return {"points": len(lng), "gridwright_s": min(made), "sjoin_s": sjoin, "times": sjoin / min(made)}


def _seconds(ask: Callable[[], Any]) -> float:
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start
