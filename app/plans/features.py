"""A plan's grids as GeoJSON, in the datum that the map draws in."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from app.plans.model import GridTable, Plan
from app.plans.steps import StepLand
from geo.datum import transform


def feature_collection(
    plan: Plan, table: GridTable, classes: Sequence[str], areas: dict[Any, str], datum: str
) -> bytes:
    """The grids in code-point order, ``classes`` those of a day. Heavy for many grids: run it in a thread."""
    drawn = _drawn(table.geometries, datum)
    features = [
        {
            "type": "Feature",
            "id": str(table.grid_ids[row]),
            "geometry": orjson.Fragment(drawn[row]) if drawn[row] is not None else None,
            "properties": {
                **table.attributes[row],
                "grid_id": str(table.grid_ids[row]),
                "code": code,
                "name": table.names[row],
                "class": classes[row],
                "area": areas.get(table.area_ids[row]),
                "owner": table.owner_ids[row],
                "locked": bool(table.locked[row]),
                "area_m2": _rounded(table.areas_m2[row]),
            },
        }
        for row, code in enumerate(table.codes)
    ]
    return orjson.dumps(
        {"type": "FeatureCollection", "plan": str(plan.plan_id), "datum": datum, "features": features}
    )


def step_collection(
    plan: Plan, lands: Sequence[StepLand], codes: Mapping[uuid.UUID, str], datum: str
) -> bytes:
    """The ground that each transfer of a redraw moves, in order; ``codes`` of all grids before and after."""
    drawn = _drawn(np.array([land.polygon for land in lands], dtype=object), datum)
    features = [
        {
            "type": "Feature",
            "id": land.number,
            "geometry": orjson.Fragment(ground),
            "properties": {
                "step": land.step,
                "kind": land.kind,
                "from": codes[land.giver],
                "to": codes[land.receiver],
            },
        }
        for land, ground in zip(lands, drawn, strict=True)
    ]
    return orjson.dumps(
        {"type": "FeatureCollection", "plan": str(plan.plan_id), "datum": datum, "features": features}
    )


def _drawn(geometries: npt.NDArray[np.object_], datum: str) -> Any:
    """The geometries (WGS 84) as GeoJSON texts in the datum."""
    if datum != "wgs84":

        def moved(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            return np.column_stack(transform(xy[:, 0], xy[:, 1], "wgs84", datum))

        geometries = np.asarray(shapely.transform(geometries, moved), dtype=object)
    return shapely.to_geojson(geometries)


def _rounded(area: float) -> float | None:
    return round(float(area), 3) if np.isfinite(area) else None
