"""The column ``bridge`` of a barrier: true where it may be crossed anywhere, or the points where. Pure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import shapely
from shapely.errors import GEOSException

from app.staging import places
from app.staging.values import Faults, truth, words

_EXPECTED = "expected true, false, or points as WKT or GeoJSON, such as MULTIPOINT((116.1 24.3))"


@dataclass(frozen=True)
class Crossings:
    """For n barriers: crossable anywhere, and the points where (EWKB of a multipoint, WGS 84)."""

    crossable: list[bool]
    bridges: list[bytes | None]
    faults: Faults


def read(column: Any, crs: str) -> Crossings:
    """The column's cells; points are in ``crs``."""
    if pa.types.is_boolean(column.type) or pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    cells = words(column).values.to_pylist()
    truths = truth(pa.array(cells, pa.string()))
    crossable = [bool(value) for value in truths.values.to_pylist()]
    bridges: list[bytes | None] = [None] * len(cells)
    faults: Faults = {}
    for row in truths.faults:
        cell = cells[row]
        shape = _shape(cell)
        if shape is None or shape.geom_type not in ("Point", "MultiPoint") or shape.is_empty:
            faults[row] = f"bridge: {cell[:40]!r} is not understood: {_EXPECTED}"
            crossable[row] = False
            continue
        crossable[row] = False
        found = places.points_of(np.asarray(shapely.get_parts(shape), dtype=object), crs)
        if found.faults:
            faults[row] = f"bridge: {next(iter(found.faults.values()))}"
            continue
        many = np.array([shapely.MultiPoint(np.column_stack([found.lng, found.lat]))], dtype=object)
        bridges[row] = places.ewkb(many)[0]
    return Crossings(crossable, bridges, faults)


def alone(crossings: Crossings, shapes: places.Geometries) -> Crossings:
    """The same, where rows that are points are bridges over whatever barrier runs there.

    A point that is not said to be a bridge is a fault: a point holds nobody up.
    """
    bridges, faults = list(crossings.bridges), dict(crossings.faults)
    for row in np.flatnonzero(shapely.get_type_id(shapes) == 0).tolist():
        if crossings.crossable[row]:
            many = np.array([shapely.MultiPoint([shapes[row]])], dtype=object)
            bridges[row] = places.ewkb(many)[0]
        else:
            faults.setdefault(row, "the geometry is a point: it is a bridge (bridge true) or no barrier")
    return Crossings(crossings.crossable, bridges, faults)


def _shape(cell: str) -> Any:
    try:
        if cell.lstrip().startswith("{"):
            return shapely.from_geojson(orjson.dumps(orjson.loads(cell)))
        return shapely.from_wkt(cell)
    except (GEOSException, orjson.JSONDecodeError):
        return None
