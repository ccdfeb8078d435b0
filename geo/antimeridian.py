"""Polygons that run over ±180°: in the longitude–latitude plane they are others, all around the earth."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely


def jumping(geometries: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Of polygons (n,), EPSG:4326 degrees: whether a ring goes over 180° east or west from one vertex to the
    next.

    Such an edge was meant to go the other way, over the antimeridian; a polygon that holds a pole has one
    too. Parts on either side of ±180°, as GeoJSON (RFC 7946, 3.1.9) wants them cut, do not jump. None and
    empty geometries never do.
    """
    geoms = np.asarray(geometries, dtype=object).reshape(-1)
    out = np.zeros(len(geoms), np.bool_)
    with np.errstate(invalid="ignore"):
        bounds: Any = shapely.bounds(geoms).reshape(-1, 4)
        wide = np.flatnonzero(bounds[:, 2] - bounds[:, 0] > 180)
    for i in wide.tolist():
        coords, ring = shapely.get_coordinates(
            shapely.get_rings(shapely.get_parts(geoms[i])), return_index=True
        )
        far = np.abs(np.diff(coords[:, 0])) > 180
        out[i] = bool((far & (np.diff(ring) == 0)).any())
    return out
