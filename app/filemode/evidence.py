"""What speaks against the CRS that was named: collected over the whole file, said at the end."""

from typing import Any

import numpy as np
import numpy.typing as npt

from app.filemode.answering import Counts
from geo import datum_check
from geo.datum import is_degrees, points_to_working
from geo.locator import Locator

Floats = npt.NDArray[np.float64]

_SAMPLE = 40_000  # coordinates kept at most, evenly over all rows


class Evidence:
    """An even sample of the coordinates of a file, as they came, whatever the number of its rows."""

    def __init__(self) -> None:
        self.step, self.rows = 1, 0
        self.kept: list[tuple[Floats, Floats]] = []

    def add(self, x: Floats, y: Floats) -> None:
        """The coordinates (n,) of the next rows."""
        first = -self.rows % self.step
        self.kept.append((x[first :: self.step].copy(), y[first :: self.step].copy()))
        self.rows += len(x)
        while sum(len(x) for x, _ in self.kept) > _SAMPLE:
            x, y = self.sample()
            self.kept, self.step = [(x[::2].copy(), y[::2].copy())], self.step * 2

    def sample(self) -> tuple[Floats, Floats]:
        """What was kept, in file order: every ``step``-th row."""
        x, y = zip(*self.kept, strict=True) if self.kept else ((), ())
        return np.concatenate([[], *x]), np.concatenate([[], *y])

    def warnings(self, crs: str, locator: Locator, counts: Counts) -> list[str]:
        """What to look at: another datum or swapped axes explain the points much better; no point lies in a
        grid, and where both lie; no row has a place, and where the numbers lie."""
        x, y = self.sample()

        def inside(lng: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
            return np.asarray(locator.locate(lng, lat).index >= 0)

        found = datum_check.check(x, y, crs, inside).message
        if found is not None:
            return [found]
        if not counts.rows or counts.assigned:
            return []
        if counts.outside:
            lng, lat = points_to_working(x, y, crs)
            extent = locator.extent
            grids = (
                "there are no grids" if extent is None else f"the grids in {_span(extent[::2], extent[1::2])}"
            )
            return [
                f"no point lies in a grid: the points lie in {_span(lng, lat)}, {grids} (WGS 84): "
                "check the CRS of both files, and whether they belong together"
            ]
        with np.errstate(invalid="ignore"):
            metres = is_degrees(crs) and bool(np.any(np.abs(x) > 360) or np.any(np.abs(y) > 360))
        if metres:
            return [
                f"no row has a place in {crs}: the coordinates lie in {_span(x, y)}, which looks like "
                "metres, not degrees: name their CRS (epsg:N)"
            ]
        return ["no row has a place: see the column reason"]


def _span(x: Any, y: Any) -> str:
    """The rectangle of coordinates (n,), leaving out what is not finite."""
    spans = []
    for values in (x, y):
        good = values[np.isfinite(values)]
        spans.append(f"{good.min():.10g}…{good.max():.10g}" if len(good) else "nowhere")
    return " × ".join(spans)
