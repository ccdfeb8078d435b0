"""A batch of points to rows of the answer: the same for whichever engine brings the batches."""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from operator import add
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from geo import cells, files
from geo.datum import is_degrees, points_to_working
from geo.locator import Locator

Floats = npt.NDArray[np.float64]

REPEATING = ("grid", "status", "nearest_grid", "reason")
"""The columns of an answer in which few values come again and again."""

_STATUS = ("assigned", "outside", "rejected")
_FIRST = Lock()


@dataclass(frozen=True)
class PointColumns:
    """The columns of a batch that are read; ``x`` and ``y`` None: the geometry has the coordinates."""

    id: str
    x: str | None
    y: str | None

    @property
    def names(self) -> list[str]:
        """All of them, as a file is asked for them."""
        return [self.id, *((self.x, self.y) if self.x and self.y else ("geometry",))]


@dataclass(frozen=True)
class Counts:
    """Rows by status, those on a shared edge, and those where grids overlap; counts add up."""

    rows: int = 0
    assigned: int = 0
    outside: int = 0
    rejected: int = 0
    ties: int = 0
    ambiguous: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(add, astuple(self), astuple(other)))


@dataclass(frozen=True)
class Taken:
    """Coordinates of a batch (n,) as they came, NaN where there are none, and the rows where the value given
    is no coordinate at all, with the reason."""

    x: Floats
    y: Floats
    reasons: dict[int, str]


def answer_schema(*, numbers: bool, shapes: bool) -> Any:
    """The columns of an answer: ``numbers``: H3 cells as uint64, else as text; ``shapes``: with points."""
    text = pa.string()
    fields = [
        ("id", text), ("grid", text), ("status", text), ("tie", pa.bool_()), ("nearest_grid", text),
        ("distance_m", pa.float64()), ("h3", pa.uint64() if numbers else text), ("reason", text),
    ]  # fmt: skip
    return pa.schema([*fields, ("geometry", pa.binary())] if shapes else fields)


def _nobody_asks(phase: str) -> None:
    """For whoever does not count the seconds."""


class Answering:
    """Batches of points in one CRS against one set of grids; batches may come in any order and number."""

    def __init__(self, locator: Locator, crs: str, columns: PointColumns, schema: Any) -> None:
        self.locator, self.crs, self.columns, self.schema = locator, crs, columns, schema
        self.codes = pa.array(locator.codes.tolist(), pa.string())
        self.statuses = pa.array(_STATUS)

    def take(self, batch: Any, file: str, first_row: int) -> Taken:
        """The coordinates of a batch, whose first row is row ``first_row`` of ``file``.

        Raises InputError for a geometry that is none.
        """
        reasons: dict[int, str] = {}
        if self.columns.x is None or self.columns.y is None:
            shapes = files.geometries(batch.column("geometry"), file=file, first_row=first_row)
            kind: Any = shapely.get_type_id(shapes)
            for i in np.flatnonzero(kind > 0):
                reasons[int(i)] = f"the geometry is a {shapes[i].geom_type}, not a point"
            return Taken(np.asarray(shapely.get_x(shapes)), np.asarray(shapely.get_y(shapes)), reasons)
        out = []
        for name in (self.columns.x, self.columns.y):
            values, wrong = files.numbers(batch.column(name))
            for i in np.flatnonzero(wrong):
                given = str(batch.column(name)[int(i)].as_py())
                reasons[int(i)] = f"{name} is not a number: {given[:40]!r} (expected decimal degrees)"
            out.append(values)
        return Taken(out[0], out[1], reasons)

    def answer(self, ids: Any, taken: Taken, done: Callable[[str], None] | None = None) -> tuple[Any, Counts]:
        """Rows of :attr:`schema` for a batch, its ids an Arrow column (n,), and what they count.

        ``done(phase)`` is told when a phase ends: transform, locate, nearest, h3.
        """
        done = done or _nobody_asks
        lng, lat = points_to_working(taken.x, taken.y, self.crs)
        done("transform")
        located = self.locator.locate(lng, lat)
        done("locate")
        bad = np.isnan(lng)
        status = np.where(bad, 2, np.where(located.index >= 0, 0, 1)).astype(np.int8)
        near, metres = self._nearest(lng, lat, np.flatnonzero(status == 1))
        done("nearest")
        h3 = cells.cells(lng, lat)
        cell = (
            pa.array(h3, mask=bad) if self.schema.field("h3").type == pa.uint64() else cells.to_arrow_text(h3)
        )
        done("h3")
        arrays = [
            files.text(ids),
            self._code(located.index),
            self.statuses.take(pa.array(status)),
            pa.array(located.tie),
            self._code(near),
            pa.array(metres, mask=np.isnan(metres)),
            cell,
            self._reasons(taken, np.flatnonzero(bad)),
        ]
        if "geometry" in self.schema.names:
            places: Any = shapely.points(lng, lat)
            places[bad] = None
            arrays.append(pa.array(list(shapely.to_wkb(places)), pa.binary()))
        assigned, outside, rejected = np.bincount(status, minlength=3).tolist()
        counts = Counts(
            len(lng), assigned, outside, rejected, int(located.tie.sum()), int(located.ambiguous.sum())
        )
        return pa.record_batch(arrays, schema=self.schema), counts

    def _nearest(self, lng: Floats, lat: Floats, out: npt.NDArray[np.intp]) -> tuple[Any, Floats]:
        """For points (n,) of which those at ``out`` lie outside: the nearest grid's row, else -1; metres."""
        near, metres = np.full(len(lng), -1, np.int32), np.full(len(lng), np.nan)
        if len(out):
            with _FIRST:  # what the question needs is made when it is first asked: once, not by each thread
                self.locator.nearest(lng[out[:1]], lat[out[:1]])
            near[out], metres[out] = self.locator.nearest(lng[out], lat[out])
        return near, metres

    def _reasons(self, taken: Taken, bad: npt.NDArray[np.intp]) -> Any:
        """Why each of the rows ``bad`` is rejected; null for the others."""
        if not len(bad):
            return pa.nulls(len(taken.x), pa.string())
        reasons = np.full(len(taken.x), None, object)
        for i in bad.tolist():
            reasons[i] = taken.reasons.get(i) or self._reason(taken.x[i], taken.y[i])
        return pa.array(reasons, pa.string())

    def _code(self, rows: npt.NDArray[np.int32]) -> Any:
        return self.codes.take(pa.array(rows, mask=rows < 0))

    def _reason(self, x: float, y: float) -> str:
        if np.isnan(x) or np.isnan(y):
            which = (
                "longitude and latitude"
                if np.isnan(x) and np.isnan(y)
                else "longitude"
                if np.isnan(x)
                else "latitude"
            )
            return f"no {which}"
        if np.isinf(x) or np.isinf(y):
            return f"{'longitude' if np.isinf(x) else 'latitude'} is not finite"
        if not is_degrees(self.crs):
            return f"({x:.10g}, {y:.10g}) has no place in {self.crs}"
        if abs(y) > 90:
            swapped = abs(y) <= 180 and abs(x) <= 90
            return f"latitude {y:.10g} is beyond ±90" + (
                ": are longitude and latitude swapped?" if swapped else ""
            )
        return f"longitude {x:.10g} is beyond ±180"
