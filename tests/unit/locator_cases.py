"""Generated grids and points that try a locator, and the comparison with the one to read."""

import locator_reference as reference
import numpy as np
import shapely

from geo.locator import Locator


def voronoi(seed, n=12, low=(116.0, 24.0), size=0.5):
    """Edge-matched polygons with nine-digit vertices."""
    rng = np.random.default_rng(seed)
    points = shapely.multipoints(rng.uniform(low, np.array(low) + size, (n, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points))
    return np.asarray(shapely.transform(cells, lambda c: np.round(c, 9)))


def names(n):
    """Codes whose code-point order is not the order of rows."""
    kinds = ("g", "G", "9-", "10-", "网格", "\ufa11", "\U00020bb7")
    return [f"{kinds[i % 7]}{n - i:03d}" for i in range(n)]


def trying(geoms, rng, n=15):
    """Points inside, outside, on vertices, as near edges as doubles get, and exactly on edges."""
    corners = shapely.get_coordinates(geoms)
    west, south, east, north = shapely.total_bounds(geoms)
    a, b = corners[:-1], corners[1:]
    t = rng.random((len(a), 1))
    on = a + t * (b - a)
    near = np.nextafter(on, on + rng.choice([-1.0, 1.0], on.shape))
    free = rng.uniform((west - 0.1, south - 0.1), (east + 0.1, north + 0.1), (n, 2))
    pick = [p[rng.integers(0, len(p), n)] for p in (corners, (a + b) / 2, on, near)]
    aligned = np.column_stack([rng.choice(corners[:, 0], n), rng.choice(corners[:, 1], n)])
    return np.vstack([free, *pick, aligned])


def agrees(geoms, codes, points, expected=None):
    got = Locator.build(geoms, codes, points=expected).locate(points[:, 0], points[:, 1])
    for k, (x, y) in enumerate(points):
        want = reference.locate(float(x), float(y), geoms, codes)
        assert (got.index[k], got.tie[k], got.ambiguous[k]) == want, (x, y)
