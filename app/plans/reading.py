"""A file of grids as rows of a draft, and the rows that are refused, with reasons. No database."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from app.jobs.service import Refused
from app.staging import places, values
from app.staging.parsing import Field, Spec, parse
from geo import columns as names
from geo import files
from geo.antimeridian import jumping
from geo.datum import is_degrees, points_to_working, polygons_to_working
from geo.errors import InputError
from geo.files import Table

BATCH_ROWS = 20_000

CLASSES: Mapping[str, tuple[str, ...]] = {
    "A": ("a类", "a 类", "urban", "城市", "城区"),
    "B": ("b类", "b 类", "rural", "农村", "郊县", "乡村"),
    "": ("none", "无"),
}
SPEC = Spec(
    "grids",
    ("code",),
    (
        Field("code", values.words, needed=True),
        Field("name", values.words),
        Field("area", values.words),
        Field("class", values.choice(CLASSES, "class")),
        Field("owner", values.words),
        Field("locked", values.truth, "bool"),
        Field("confirmed", values.day, "date"),
    ),
)


@dataclass(frozen=True)
class Read:
    """A row of the file. ``polygon`` is in working coordinates, None in a list plane."""

    row: int
    code: str
    name: str | None
    area: str | None
    grid_class: str | None
    owner: str | None
    locked: bool
    confirmed: dt.date | None
    attributes: dict[str, Any]
    polygon: Any | None


@dataclass
class GridFile:
    """What a file of grids holds: usable rows in file order, refused ones, and how many were mended."""

    rows: list[Read] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    count: int = 0
    repaired: int = 0


def columns_of(table: Table, mapping: Mapping[str, str], *, placeless: bool) -> names.Resolved:
    """Our columns in the file; raises when one is missing. Grids of a list plane need no geometry."""
    found = names.resolve("grids", table.names, mapping)
    if placeless:
        needed = tuple(what for what in found.missing if what != "geometry")
        kept = {ours: theirs for ours, theirs in found.columns.items() if ours != "geometry"}
        found = names.Resolved(kept, needed, found.extra)
    names.require(found, "grids", table.names, file=table.path.name)
    return found


def read(table: Table, mapping: Mapping[str, str], crs: str | None, *, repair: bool) -> GridFile:
    """Read the whole file; without ``crs`` its geometries, if any, are left alone.

    All polygons become working coordinates together, so that neighbours stay edge-matched. Invalid ones stay
    as they are unless ``repair``.
    """
    found = columns_of(table, mapping, placeless=crs is None)
    parsed = list(_parsed(table, found))
    if not parsed:
        raise InputError(
            "the file has column names and no rows: there is nothing to load",
            kind="empty-file",
            file=table.path.name,
        )
    file = GridFile(count=len(parsed))
    reasons: list[list[str]] = [[reason] if reason else [] for _, _, reason, *_ in (row for row, _ in parsed)]
    polygons = np.array([shape for _, shape in parsed] + [None], dtype=object)[:-1]
    if crs is not None:
        polygons, file.repaired = _working(polygons, crs, reasons, repair=repair)
    first_of: dict[str, int] = {}
    for at, (row, _) in enumerate(parsed):
        code = row[3]
        if code is not None and not reasons[at] and first_of.setdefault(code, row[0]) != row[0]:
            reasons[at].append(f"code {code!r} is that of row {first_of[code]} already")
        if reasons[at]:
            file.refused.append((row[0], row[1], "; ".join(reasons[at])))
            continue
        number, _, _, code, name, area, grid_class, owner, locked, confirmed, attributes = row
        shape = polygons[at] if crs is not None else None
        said = json.loads(attributes)
        file.rows.append(
            Read(number, code, name, area, grid_class, owner, bool(locked), confirmed, said, shape)
        )
    return file


def _parsed(table: Table, found: names.Resolved) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Each row's values (in the order of ``SPEC.columns``) and its geometry as received."""
    count = 0
    for batch in table.batches(BATCH_ROWS):
        shapes: Sequence[Any] = [None] * batch.num_rows
        if "geometry" in found.columns:
            shapes = list(files.geometries(batch.column(found.columns["geometry"])))
        parsed = parse(batch, SPEC, found.columns, found.extra, crs=None, repair=False, first_row=count + 1)
        rows = zip(*(column.to_pylist() for column in parsed.rows.columns), strict=True)
        yield from zip(rows, shapes, strict=True)
        count += batch.num_rows


def _working(
    given: npt.NDArray[np.object_], crs: str, reasons: list[list[str]], *, repair: bool
) -> tuple[npt.NDArray[np.object_], int]:
    """Polygons in working coordinates (None where a reason is), and how many were mended."""
    flat = np.array(shapely.force_2d(given), dtype=object)
    missing = shapely.is_missing(flat) | shapely.is_empty(flat)
    areal = np.isin(shapely.get_type_id(flat), (3, 6))
    for at in np.flatnonzero(missing):
        reasons[at].append("the geometry is missing")
    for at in np.flatnonzero(~missing & ~areal):
        reasons[at].append(f"the geometry is a {flat[at].geom_type}: expected Polygon or MultiPolygon")
    usable = ~missing & areal
    for at in np.flatnonzero(usable):
        if _stunted(flat[at]):
            reasons[at].append(
                "a ring has fewer than 4 points (the first again as the last): it bounds no land"
            )
            usable[at] = False
    for row, why in _no_places(flat, usable, crs).items():
        reasons[row].append(why)
        usable[row] = False
    if is_degrees(crs):
        for at in np.flatnonzero(usable & jumping(flat)):
            reasons[at].append("an edge goes over 180° east or west: cut the polygon at the antimeridian")
            usable[at] = False
    mended = 0
    if repair:
        for row in np.flatnonzero(usable & ~shapely.is_valid(flat)).tolist():
            better = places.mended(flat[row])
            if better is None:
                reasons[row].append(f"the polygon cannot be mended: {shapely.is_valid_reason(flat[row])}")
                usable[row] = False
            else:
                flat[row], mended = better, mended + 1
    was_valid = shapely.is_valid(flat)
    working = np.full(len(flat), None, dtype=object)
    if usable.any():
        working[usable] = polygons_to_working(flat[usable], crs)
    # Rounding may pinch a hair's breadth shut; that is our doing, so it is ours to mend.
    for row in np.flatnonzero(usable & was_valid & ~shapely.is_valid(working)).tolist():
        working[row] = places.mended(working[row]) or working[row]
    return working, mended


def _stunted(polygon: Any) -> bool:
    """Whether a ring is too short to be one: the database stores invalid polygons, but none like this."""
    rings = shapely.get_rings(shapely.get_parts(polygon))
    return bool((shapely.get_num_coordinates(rings) < 4).any())


def _no_places(flat: npt.NDArray[np.object_], usable: npt.NDArray[np.bool_], crs: str) -> dict[int, str]:
    """Usable rows with a vertex that is no place, and why the first such vertex is none."""
    rows = np.flatnonzero(usable)
    xy, at = shapely.get_coordinates(flat[rows], return_index=True)
    bad = ~np.isfinite(points_to_working(xy[:, 0], xy[:, 1], crs)[0])
    first = dict(zip(at[bad][::-1].tolist(), np.flatnonzero(bad)[::-1].tolist(), strict=True))
    if not first:
        return {}
    vertices = np.array([shapely.Point(xy[v]) for v in first.values()], dtype=object)
    faults = places.points_of(vertices, crs).faults
    return {
        int(rows[row]): f"a vertex is no place: {faults.get(number, 'a coordinate is not finite')}"
        for number, row in enumerate(first)
    }
