"""A batch of a file as columns of values and the reasons why rows are refused. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from app.staging import bridges, places
from app.staging.values import Column, Faults, Reader, attributes, filled
from app.storage.copy import ARROW, as_batch
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
    """Rows for the staging table, a record batch, and a sample of coordinates as received, for evidence of a
    wrong datum.
    """

    rows: Any
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
    reasons: dict[int, list[str]] = {}

    def say(faults: Faults) -> None:
        for row, why in faults.items():
            reasons.setdefault(row, []).append(why)

    values: dict[str, Any] = {}
    for one in spec.fields:
        theirs = columns.get(one.name)
        read = one.read(batch.column(theirs)) if theirs else Column(pa.nulls(n, ARROW[one.pg]))
        say({row: f"{one.name}: {why}" for row, why in read.faults.items()})
        if one.needed:
            absent = np.flatnonzero(np.asarray(pc.is_null(read.values))).tolist()
            say({row: f"{one.name} is missing" for row in absent if row not in read.faults})
        values[one.column] = read.values
    repaired, sample = 0, np.empty((0, 2))
    if spec.place != "none":
        placed, faults, repaired, sample = _place(batch, spec.place, columns, crs, repair)
        say(faults)
        values |= placed
    values["attributes"] = attributes({name: batch.column(name) for name in extra}, n)
    for name in (known.column for known in spec.fields if known.name in spec.row_id):
        long = pc.utf8_length(values[name])
        rows = np.flatnonzero(np.asarray(pc.fill_null(pc.greater(long, MOST_CHARACTERS), False))).tolist()
        if rows:
            found = long.take(pa.array(rows)).to_pylist()
            expected = f"characters, expected at most {MOST_CHARACTERS}"
            say({row: f"{name}: {many:,} {expected}" for row, many in zip(rows, found, strict=True)})
            values[name] = pc.utf8_slice_codeunits(values[name], 0, MOST_CHARACTERS)
    values["row"] = np.arange(first_row, first_row + n, dtype=np.int32)
    ids = [values[known.column] for known in spec.fields if known.name in spec.row_id]
    values["row_id"] = pc.coalesce(*ids) if ids else pa.nulls(n, pa.string())
    values["reason"] = _sparse({row: "; ".join(why) for row, why in reasons.items()}, n)
    return Batch(as_batch(values, spec.columns), repaired, sample)


def _sparse(texts: Mapping[int, str], n: int) -> Any:
    """The texts in their rows of n, null in all others."""
    at = np.full(n, -1, np.int64)
    at[list(texts)] = np.arange(len(texts))
    return pa.array(list(texts.values()), pa.string()).take(pa.array(at, mask=at < 0))


def _place(
    batch: Any, place: Place, columns: Mapping[str, str], crs: str | None, repair: bool
) -> tuple[Mapping[str, Any], Faults, int, npt.NDArray[np.float64]]:
    n = batch.num_rows
    if crs is None:  # a file without coordinates, of a kind that may have none
        nothing = {name: pa.nulls(n, ARROW[pg]) for name, pg in PLACE_COLUMNS[place].items()}
        return nothing, {}, 0, np.empty((0, 2))
    needed = place in _NEEDED
    by_columns = "lng" in columns and "lat" in columns
    if place in ("point", "residence"):
        if by_columns:
            points = places.points(
                batch.column(columns["lng"]), batch.column(columns["lat"]), crs, needed=needed
            )
        else:
            points = places.points_of(files.geometries(batch.column(columns["geometry"])), crs)
        x, y = points.received_lng, points.received_lat
        got = dict(zip(_POINT, (filled(x), filled(y), points.ewkb, points.h3), strict=True))
        return got, points.faults, 0, _sample(np.column_stack([x, y]))
    given = np.full(n, None, dtype=object)
    if "geometry" in columns:
        given = files.geometries(batch.column(columns["geometry"]))
    faults: Faults = {}
    if by_columns and shapely.is_missing(given).any():
        empty = shapely.is_missing(given)
        points = places.points(batch.column(columns["lng"]), batch.column(columns["lat"]), crs)
        good = empty & np.isfinite(points.lng)
        given[good] = shapely.points(points.received_lng[good], points.received_lat[good])
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
