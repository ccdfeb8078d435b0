"""Whether the data itself says that they are in another datum than the one given. Said, never acted on."""

from typing import Any

import anyio.to_thread
import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.ext.asyncio import AsyncConnection

from app.imports.params import ImportParams
from app.planes import service as planes
from app.plans import service as plans
from geo.datum import is_degrees, points_to_working

FEW, NEARLY_ALL = 0.5, 0.9
_LEAST, _MOST = 10, 5_000

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
    sample = sample[:: max(1, len(sample) // _MOST)]
    x, y = sample[:, 0], sample[:, 1]
    tree = shapely.STRtree(polygons)

    def share(lng: Floats, lat: Floats) -> float:
        good = np.isfinite(lng)
        points = shapely.points(lng[good], lat[good])
        inside = np.unique(tree.query(points, predicate="intersects")[0])
        return len(inside) / len(sample)

    now = share(*points_to_working(x, y, crs))
    if now >= FEW:
        return []
    shares = {"swapped axes": share(*points_to_working(y, x, crs))}
    if is_degrees(crs):
        for other in ("wgs84", "gcj02", "bd09"):
            if other != crs:
                shares[other] = share(*points_to_working(x, y, other))
    best = max(shares, key=lambda name: shares[name])
    if shares[best] < NEARLY_ALL:
        return []
    how = "with longitude and latitude swapped" if best == "swapped axes" else f"if they were {best}"
    return [
        {
            "kind": "datum-mismatch",
            "message": f"Only {now:.0%} of the places lie in the grids when read as {crs}, but "
            f"{shares[best]:.0%} would {how}. Nothing was changed: check in which datum the file is.",
            "crs": crs,
            "inside": round(now, 4),
            "better": best,
            "inside_better": round(shares[best], 4),
        }
    ]
