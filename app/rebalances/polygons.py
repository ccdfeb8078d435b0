"""Polygons that a request brings along."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geo.datum import parse_crs, polygons_to_working
from geo.errors import InputError


def given(document: Mapping[str, Any] | None, crs: str, where: str) -> NDArray[np.object_]:
    """The polygons of a FeatureCollection or GeometryCollection in working coordinates; ``where`` it is said.

    Raises InputError (``not-polygons``) for anything else.
    """
    found = document or {}
    features, bare = found.get("features") or [], found.get("geometries") or []
    if not isinstance(features, list) or not isinstance(bare, list):
        raise InputError(
            f"{where}: features and geometries are lists; a FeatureCollection was expected",
            kind="not-polygons",
        )
    shapes: list[Any] = [
        part.get("geometry") if isinstance(part, dict) else part for part in features
    ] or bare
    if not shapes:
        raise InputError(
            f"{where} is empty; a FeatureCollection or GeometryCollection of polygons was expected",
            kind="not-polygons",
        )
    try:
        polygons = np.array([shapely.geometry.shape(one) for one in shapes], dtype=object)
    except (TypeError, ValueError, AttributeError, KeyError, shapely.errors.ShapelyError) as error:
        raise InputError(f"{where} is not GeoJSON: {error}", kind="not-polygons") from None
    areal = np.isin(shapely.get_type_id(polygons), (3, 6)) & ~shapely.is_empty(polygons)
    if not areal.all():
        at = int(np.flatnonzero(~areal)[0])
        raise InputError(
            f"{where}: number {at + 1} is an empty shape or a {polygons[at].geom_type}; expected polygons",
            kind="not-polygons",
        )
    return polygons_to_working(polygons, parse_crs(crs))
