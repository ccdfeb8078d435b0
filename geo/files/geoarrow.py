"""GeoParquet's native encodings: coordinates as columns within lists, as GeoArrow has them."""

from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from shapely import GeometryType

ENCODINGS = {
    "point": (GeometryType.POINT, 0),
    "linestring": (GeometryType.LINESTRING, 1),
    "multipoint": (GeometryType.MULTIPOINT, 1),
    "polygon": (GeometryType.POLYGON, 2),
    "multilinestring": (GeometryType.MULTILINESTRING, 2),
    "multipolygon": (GeometryType.MULTIPOLYGON, 3),
}
"""By the encoding's name in the file's metadata: what its rows are, and how many lists deep."""


def wkb(array: Any, encoding: str) -> Any:
    """The same geometries as an array of WKB, null where a row is null.

    Raises ValueError where the column is not as its encoding says.
    """
    kind, depth = ENCODINGS[encoding]
    values, offsets = array, []
    for _ in range(depth):
        if not (pa.types.is_list(values.type) or pa.types.is_large_list(values.type)):
            raise ValueError(f"a {encoding} is {depth} lists deep, not {array.type}")
        offsets.append(np.asarray(values.offsets))
        values = values.values
    if not pa.types.is_struct(values.type):
        raise ValueError(f"a {encoding} has its coordinates in fields x and y, not {array.type}")
    names = [values.type.field(i).name for i in range(values.type.num_fields)]
    if not {"x", "y"} <= set(names):
        raise ValueError(f"coordinates have the fields {', '.join(names)}, not x and y")
    said = dict(zip(names, values.flatten(), strict=True))
    coords = np.column_stack(
        [said[name].to_numpy(zero_copy_only=False).astype(float) for name in ("x", "y", "z") if name in said]
    )
    shapes = shapely.from_ragged_array(kind, coords, tuple(offsets[::-1]) or None)
    missing = array.is_null().to_numpy(zero_copy_only=False)
    return pa.array(shapely.to_wkb(shapes), pa.binary(), mask=missing)
