"""Whether the data itself says that they are in another datum than the one given. Said, never acted on."""

from typing import Any

import anyio.to_thread
import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.planes import service as planes
from app.plans import service as plans
from app.staging.params import ImportParams
from geo import datum_check

_LEAST = 10

Floats = npt.NDArray[np.float64]


async def warnings(connection: AsyncConnection, sample: Floats, params: ImportParams) -> list[dict[str, Any]]:
    """A warning where few of the points lie in the organisation's grids, but nearly all would in another
    datum or with swapped axes. ``sample`` (n, 2) is as received.
    """
    if params.crs is None or len(sample) < _LEAST:
        return []
    polygons: list[Any] = []
    for plane in await planes.every(connection):
        if plane.kind != "place":
            continue
        plan = await plans.in_force(connection, plane.plane_id, params.since)
        newest = [plan] if plan else await plans.page(connection, plane.plane_id, None, 1)
        for one in newest:
            table = await plans.grid_table(connection, one.plan_id)
            polygons += [shape for shape in table.geometries if shape is not None]
    if not polygons:
        return []
    return await anyio.to_thread.run_sync(mismatch, sample, params.crs, np.array(polygons, dtype=object))


def mismatch(sample: Floats, crs: str, polygons: npt.NDArray[np.object_]) -> list[dict[str, Any]]:
    """The warning for points as received (n, 2) in ``crs``, against WGS 84 polygons; or none. Pure."""
    tree = shapely.STRtree(polygons)

    def inside(lng: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
        covered = np.zeros(len(lng), bool)
        good = np.flatnonzero(np.isfinite(lng))
        covered[good[tree.query(shapely.points(lng[good], lat[good]), predicate="intersects")[0]]] = True
        return covered

    report = datum_check.check(sample[:, 0], sample[:, 1], crs, inside)
    if report.likely is None:
        return []
    return [
        {
            "kind": "datum-mismatch",
            "message": report.message,
            "crs": crs,
            "inside": round(report.inside[report.claimed], 4),
            "better": report.likely,
            "inside_better": round(report.inside[report.likely], 4),
        }
    ]
