"""A batch of a file as columns of values and the reasons why rows are refused. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from app.staging import bridges, places
from app.staging.values import Column, Faults, Reader, attributes
from geo import files

Place = Literal["none", "point", "residence", "building", "ground", "area", "barrier"]

_POINT = {"received_lng": "float8", "received_lat": "float8", "point": "geometry", "h3": "int8"}
_SHAPE = {"received": "bytea", "shape": "geometry", "h3": "int8"}
PLACE_COLUMNS: Mapping[Place, Mapping[str, str]] = {
    "none": {},
    "point": _POINT,
    "residence": _POINT,
    "building": _SHAPE,
    "ground": _SHAPE,
    "area": _SHAPE,
    "barrier": {**_SHAPE, "crossable": "bool", "bridges": "geometry"},
}
_NEEDED = ("point", "building", "ground", "barrier")
_KINDS = {
    "building": (*places.POINTS, *places.POLYGONS),
    "ground": places.POLYGONS,
    "area": places.POLYGONS,
    "barrier": (*places.LINES, *places.POINTS),
}


MOST_CHARACTERS = 500
"""Of an id or a code: what an index entry holds whatever the script."""


@dataclass(frozen=True)
class Field:
    """A column of ours: how its cells are read, its PostgreSQL type, whether each row needs it, and what the
    staging table calls it.
    """

    name: str
    read: Reader
    pg: str = "text"
    needed: bool = False
    staged: str = ""

    @property
    def column(self) -> str:
        """The staging table's name for it."""
        return self.staged or self.name


@dataclass(frozen=True)
class Spec:
    """What a kind of file holds. ``row_id``: the columns of which the first that is filled names a row."""

    kind: str
    row_id: tuple[str, ...]
    fields: tuple[Field, ...]
    place: Place = "none"

    @property
    def columns(self) -> dict[str, str]:
        """The staging table's columns (name → PostgreSQL type), in the order of :func:`parse`'s rows."""
        return {
            "row": "int4",
            "row_id": "text",
            "reason": "text",
            **{f.column: f.pg for f in self.fields},
            **PLACE_COLUMNS[self.place],
            "attributes": "text",
        }


@dataclass(frozen=True)
class Batch:
    """Rows for the staging table, and a sample of coordinates as received, for evidence of a wrong datum."""

    rows: Iterator[tuple[Any, ...]]
    repaired: int = 0
    sample: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))


def has_coordinates(spec: Spec, columns: Mapping[str, str]) -> bool:
    """Whether a file with these columns of ours has places of rows."""
    return spec.place != "none" and ("geometry" in columns or ("lng" in columns and "lat" in columns))


def parse(
    batch: Any,
    spec: Spec,
    columns: Mapping[str, str],
    extra: tuple[str, ...],
    *,
    crs: str | None,
    repair: bool,
    first_row: int,
) -> Batch:
    """One record batch. ``columns``: our name → the file's; ``first_row``: the number of its first row.

    Every reason of a row is said; a row with a reason stays in the batch, with None for what was wrong.
    """
    n = batch.num_rows
    reasons: list[list[str]] = [[] for _ in range(n)]
    values: dict[str, list[Any]] = {}
    for one in spec.fields:
        theirs = columns.get(one.name)
        read = one.read(batch.column(theirs)) if theirs else Column([None] * n)
        for row, why in read.faults.items():
            reasons[row].append(f"{one.name}: {why}")
        if one.needed:
            for row, value in enumerate(read.values):
                if value is None and row not in read.faults:
                    reasons[row].append(f"{one.name} is missing")
        values[one.column] = read.values
    repaired, sample = 0, np.empty((0, 2))
    if spec.place != "none":
        placed, faults, repaired, sample = _place(batch, spec.place, columns, crs, repair)
        for row, why in faults.items():
            reasons[row].append(why)
        values |= placed
    values["attributes"] = attributes({name: batch.column(name) for name in extra}, n)
    for one in (known for known in spec.fields if known.name in spec.row_id):
        for row, value in enumerate(values[one.column]):
            if value is not None and len(value) > MOST_CHARACTERS:
                reasons[row].append(
                    f"{one.name}: {len(value):,} characters, expected at most {MOST_CHARACTERS}"
                )
                values[one.column][row] = value[:MOST_CHARACTERS]
    ids = values[spec.row_id[0]] if spec.row_id else [None] * n
    for name in spec.row_id[1:]:
        ids = [a if a is not None else b for a, b in zip(ids, values[name], strict=True)]
    said = ["; ".join(why) or None for why in reasons]
    ordered = [values[name] for name in spec.columns if name not in ("row", "row_id", "reason")]
    rows = zip(range(first_row, first_row + n), ids, said, *ordered, strict=True)
    return Batch(rows, repaired, sample)


def _place(
    batch: Any, place: Place, columns: Mapping[str, str], crs: str | None, repair: bool
) -> tuple[Mapping[str, Any], Faults, int, npt.NDArray[np.float64]]:
    n = batch.num_rows
    if crs is None:  # a file without coordinates, of a kind that may have none
        return {name: [None] * n for name in PLACE_COLUMNS[place]}, {}, 0, np.empty((0, 2))
    needed = place in _NEEDED
    by_columns = "lng" in columns and "lat" in columns
    if place in ("point", "residence"):
        if by_columns:
            points = places.points(
                batch.column(columns["lng"]), batch.column(columns["lat"]), crs, needed=needed
            )
        else:
            points = places.points_of(files.geometries(batch.column(columns["geometry"])), crs)
        x, y = (np.array(c, np.float64) for c in (points.received_lng, points.received_lat))
        got = dict(
            zip(_POINT, (points.received_lng, points.received_lat, points.ewkb, points.h3), strict=True)
        )
        return got, points.faults, 0, _sample(np.column_stack([x, y]))
    given = np.full(n, None, dtype=object)
    if "geometry" in columns:
        given = files.geometries(batch.column(columns["geometry"]))
    faults: Faults = {}
    if by_columns and shapely.is_missing(given).any():
        empty = shapely.is_missing(given)
        points = places.points(batch.column(columns["lng"]), batch.column(columns["lat"]), crs)
        good = empty & np.isfinite(points.lng)
        given[good] = shapely.points(
            np.array(points.received_lng, np.float64)[good], np.array(points.received_lat, np.float64)[good]
        )
        faults = {row: why for row, why in points.faults.items() if empty[row]}
    found = places.shapes(given, crs, _KINDS[place], repair=repair, needed=needed)
    columns_out = {"received": found.received, "shape": places.ewkb(found.shapes), "h3": found.h3}
    if place == "barrier":
        theirs = columns.get("bridge")
        crossing = bridges.read(batch.column(theirs) if theirs else pa.nulls(n, pa.string()), crs)
        crossing = bridges.alone(crossing, found.shapes)
        columns_out |= {"crossable": crossing.crossable, "bridges": crossing.bridges}
        for row, why in crossing.faults.items():
            faults[row] = f"{found.faults[row]}; {why}" if row in found.faults else why
    return columns_out, found.faults | faults, found.repaired, _sample(_anchors(given))


def _anchors(shapes: places.Geometries) -> npt.NDArray[np.float64]:
    """One coordinate of each shape, as received."""
    coords, at = shapely.get_coordinates(shapes, return_index=True)
    _, first = np.unique(at, return_index=True)
    return np.asarray(coords[first], np.float64)


_SAMPLE = 2_000


def _sample(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Coordinates spread over the batch, finite ones only."""
    xy = xy[np.isfinite(xy).all(axis=1)]
    return xy[:: max(1, len(xy) // _SAMPLE)]
