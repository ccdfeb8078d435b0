"""Generated ground for the benchmarks: grids with wiggly shared borders, and points among them."""

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]

WEST, SOUTH, EAST, NORTH = 115.0, 23.0, 118.0, 26.0
"""About a prefecture."""


def grids(count: int, vertices: int = 100, seed: int = 0) -> npt.NDArray[np.object_]:
    """About ``count`` polygons, edge-matched, each of its four sides a wiggly line of so many vertices."""
    side = round(count**0.5)
    rng = np.random.default_rng(seed)
    width, height = (EAST - WEST) / side, (NORTH - SOUTH) / side
    column, row = np.meshgrid(np.arange(side + 1), np.arange(side + 1))
    jitter = rng.uniform(-0.2, 0.2, (side + 1, side + 1, 2))
    jitter[[0, -1], :, 1] = jitter[:, [0, -1], 0] = 0  # the outside stays where it is
    node = np.stack(
        [WEST + (column + jitter[..., 0]) * width, SOUTH + (row + jitter[..., 1]) * height], axis=2
    )
    across = _wiggle(node[:, :-1], node[:, 1:], vertices, rng)
    upward = _wiggle(node[:-1], node[1:], vertices, rng)
    rings = np.concatenate(
        [
            across[:-1].reshape(-1, vertices, 2),
            upward[:, 1:].reshape(-1, vertices, 2),
            across[1:, :, ::-1].reshape(-1, vertices, 2),
            upward[:, :-1, ::-1].reshape(-1, vertices, 2),
        ],
        axis=1,
    )
    polygons: npt.NDArray[np.object_] = shapely.polygons(np.round(rings, 9))
    return polygons


def _wiggle(start: Floats, end: Floats, vertices: int, rng: np.random.Generator) -> Floats:
    """Lines (…, vertices, 2) from start to end that stray by up to a tenth of their length, smoothly."""
    t = np.linspace(0, 1, vertices)
    waves = np.arange(2, 18)
    size = rng.normal(0, 1, (*start.shape[:-1], len(waves))) / waves
    stray = 0.05 * np.sin(np.pi * t) * (size @ np.sin(np.pi * waves[:, None] * t))
    way = end - start
    normal = np.stack([-way[..., 1], way[..., 0]], axis=-1)
    return start[..., None, :] + way[..., None, :] * t[:, None] + normal[..., None, :] * stray[..., None]


def points(count: int, seed: int = 1) -> tuple[Floats, Floats]:
    """Longitudes and latitudes: two thirds in towns, the rest anywhere, a few outside."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform((WEST, SOUTH), (EAST, NORTH), (40, 2))
    crowd = towns[rng.integers(0, 40, count)] + rng.normal(0, 0.05, (count, 2))
    anywhere = rng.uniform((WEST - 0.02, SOUTH - 0.02), (EAST + 0.02, NORTH + 0.02), (count, 2))
    place = np.where((rng.random(count) < 2 / 3)[:, None], crowd, anywhere)
    return np.ascontiguousarray(place[:, 0]), np.ascontiguousarray(place[:, 1])
