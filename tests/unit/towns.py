"""Small generated towns: grids, streets, a river with bridges, buildings and customers, from a seed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geo.units import Demand, Lines

WEST, SOUTH, SIZE = 116.0, 24.0, 0.02


@dataclass(frozen=True)
class Town:
    grids: Any
    codes: list[str]
    lines: Lines
    footprints: Any
    demand: Demand


def rounded(geometries: Any) -> Any:
    return shapely.transform(geometries, lambda c: np.round(c, 9))


def town(seed: int, *, grids: int = 6, streets: int = 14, buildings: int = 60, points: int = 150) -> Town:
    rng = np.random.default_rng(seed)
    frame = shapely.box(WEST, SOUTH, WEST + SIZE, SOUTH + SIZE)
    seeds = rng.uniform((WEST, SOUTH), (WEST + SIZE, SOUTH + SIZE), (grids, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=frame))
    ground = rounded(shapely.intersection(cells, frame))
    ground = ground[~shapely.is_empty(ground)]
    # streets cross the town askew; some end in it
    along = rng.uniform(-0.1, 1.1, (streets, 2, 2))
    along[: streets // 2, :, 0] = (-0.1, 1.1)
    along[streets // 2 :, :, 1] = (-0.1, 1.1)
    along[-3:] = rng.uniform(0, 1, (3, 2, 2))
    ways = rounded(shapely.linestrings(np.array([WEST, SOUTH]) + along * SIZE))
    bend = np.array([[-0.1, 0.55], [0.3, 0.45], [0.7, 0.6], [1.1, 0.5]]) * SIZE + (WEST, SOUTH)
    river = shapely.linestrings(bend)
    bridges = shapely.intersection(ways[:2], river)
    corner = rng.uniform(0, 0.97, (buildings, 2)) * SIZE + (WEST, SOUTH)
    angle = rng.uniform(0, np.pi, buildings)
    wide, deep = rng.uniform(1e-4, 5e-4, (2, buildings))
    unit = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    shape = unit[None] * np.stack([wide, deep], axis=1)[:, None]
    turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=1).reshape(-1, 2, 2)
    feet = rounded(shapely.polygons(np.einsum("nij,nkj->nki", turn, shape) + corner[:, None]))
    at = rng.uniform(0, 1, (points, 2)) * SIZE + (WEST, SOUTH)
    housed = np.where(rng.random(points) < 0.5, rng.integers(0, max(buildings, 1), points), -1)
    if buildings == 0:
        housed[:] = -1
    inside = shapely.point_on_surface(feet[housed[housed >= 0]])
    at[housed >= 0] = np.column_stack([shapely.get_x(inside), shapely.get_y(inside)])
    at = np.round(at, 9)
    return Town(
        ground,
        [f"G{i:02d}" for i in range(len(ground))],
        Lines(streets=ways, barriers=np.array([river]), bridges=np.asarray(bridges, dtype=object)),
        feet,
        Demand(at[:, 0], at[:, 1], rng.lognormal(0, 1, (points, 2)), housed.astype(np.int32)),
    )
